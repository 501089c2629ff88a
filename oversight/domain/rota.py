"""Who is on call when: rotations, planned shifts, overrides, swaps, leave. One pure function.

Times are UTC; a rotation's hand-off and window are wall-clock times of its own time zone, so that
"nine in the morning" stays nine in the morning through daylight saving. A wall-clock time that a
spring night leaves out is taken as far after the change as it stood after the hour before; one
that an autumn night has twice means the first.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from oversight.domain.words import ShiftPosition

DAY = timedelta(days=1)
FURTHEST = timedelta(days=400)
"""The longest interval anybody asks about at once."""


class ShiftKind(StrEnum):
    """How somebody came to be on duty. By hand is "I am on duty now", pressed by the person."""

    BY_HAND = "by_hand"
    PLANNED = "planned"
    OVERRIDE = "override"


@dataclass(frozen=True)
class Window:
    """The hours of the days on which a rotation is on; a window may pass midnight.

    It belongs to the day on which it opens. ``weekdays`` are 0 (Monday) to 6; opening and closing
    at the same time means the whole day.
    """

    opens: time
    closes: time
    weekdays: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True)
class Rotation:
    """People who take turns of ``turn_days`` each, from ``first_day`` at ``hand_off`` on."""

    position: ShiftPosition
    people: tuple[uuid.UUID, ...]
    zone: ZoneInfo
    first_day: date
    hand_off: time
    turn_days: int = 7
    window: Window | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One person at one position between two moments."""

    position: ShiftPosition
    person: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    kind: ShiftKind = ShiftKind.PLANNED


@dataclass(frozen=True)
class Absence:
    """Leave, or gone off duty by hand."""

    person: uuid.UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Cover:
    """An accepted swap: wherever ``gives`` would have been on, ``takes`` is."""

    gives: uuid.UUID
    takes: uuid.UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Rota:
    """Everything that decides who is on. Only ``active`` people can be."""

    active: frozenset[uuid.UUID]
    rotations: Sequence[Rotation] = ()
    entries: Sequence[Entry] = ()
    absences: Sequence[Absence] = ()
    covers: Sequence[Cover] = ()


@dataclass(frozen=True)
class Stretch:
    """The same people at one position from one moment to another; no people: nobody."""

    position: ShiftPosition
    starts_at: datetime
    ends_at: datetime
    people: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class NowAndNext:
    """Who is on at a position now, until when, and who follows. ``until`` None: past the horizon.

    ``next_people`` empty with ``until`` set means that a gap follows.
    """

    position: ShiftPosition
    people: tuple[uuid.UUID, ...]
    until: datetime | None
    next_people: tuple[uuid.UUID, ...]


def coverage(rota: Rota, start: datetime, end: datetime) -> tuple[Stretch, ...]:
    """Who is on at every position, from ``start`` to ``end``, without overlap and without hole.

    An override takes the place of who was planned, unless it names only people who are away: then
    the plan stands. Whoever went on duty by hand is on besides. Leave takes people out, except
    those who went on duty by hand. Ordered by position, then time; neighbours differ.
    """
    if not start < end or end - start > FURTHEST:
        raise ValueError("ask about an interval of at most 400 days that begins before it ends")
    return tuple(
        stretch for position in ShiftPosition for stretch in _stretches(rota, position, start, end)
    )


def on_at(rota: Rota, position: ShiftPosition, moment: datetime) -> tuple[uuid.UUID, ...]:
    """Who is on at a position at one moment, first to be called first."""
    instant = timedelta(microseconds=1)
    return _stretches(rota, position, moment, moment + instant)[0].people


def now_and_next(
    rota: Rota, now: datetime, *, horizon: timedelta = timedelta(days=14)
) -> tuple[NowAndNext, ...]:
    """Each position's people now and those who follow, within the horizon."""
    answer = []
    for position in ShiftPosition:
        first, *later = _stretches(rota, position, now, now + horizon)
        answer.append(
            NowAndNext(
                position,
                first.people,
                until=first.ends_at if later else None,
                next_people=later[0].people if later else (),
            )
        )
    return tuple(answer)


def turns(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Entry]:
    """The rotation's turns that touch the interval, cut to its windows, in order of time."""
    if not rotation.people:
        return
    until = min(end, rotation.ends_at) if rotation.ends_at else end
    local = start.astimezone(rotation.zone).date()
    number = max(0, (local - rotation.first_day).days // rotation.turn_days - 1)
    while (begins := _turn_begins(rotation, number)) < until:
        ends = min(_turn_begins(rotation, number + 1), until)
        person = rotation.people[number % len(rotation.people)]
        for opens, closes in _open_hours(rotation, begins, ends):
            if closes > start:
                yield Entry(rotation.position, person, opens, closes)
        number += 1


def _turn_begins(rotation: Rotation, number: int) -> datetime:
    day = rotation.first_day + timedelta(days=number * rotation.turn_days)
    return at_local(day, rotation.hand_off, rotation.zone)


def at_local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time of a zone, in UTC."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _open_hours(
    rotation: Rotation, begins: datetime, ends: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of one turn in which the rotation's window is open."""
    window = rotation.window
    if window is None:
        yield begins, ends
        return
    day = begins.astimezone(rotation.zone).date() - DAY
    while (opens := at_local(day, window.opens, rotation.zone)) < ends:
        closing_day = day if window.closes > window.opens else day + DAY
        closes = at_local(closing_day, window.closes, rotation.zone)
        first, last = max(opens, begins), min(closes, ends)
        if day.weekday() in window.weekdays and first < last:
            yield first, last
        day += DAY


def _stretches(
    rota: Rota, position: ShiftPosition, start: datetime, end: datetime
) -> list[Stretch]:
    entries = [one for one in rota.entries if one.position is position]
    planned = [one for one in entries if one.kind is ShiftKind.PLANNED]
    for rotation in rota.rotations:
        if rotation.position is position:
            planned += turns(rotation, start, end)
    overrides = [one for one in entries if one.kind is ShiftKind.OVERRIDE]
    by_hand = [one for one in entries if one.kind is ShiftKind.BY_HAND]
    edges = _edges([*planned, *overrides, *by_hand, *rota.absences, *rota.covers], start, end)
    found: list[Stretch] = []
    for begins, ends in pairwise(edges):
        people = _on(
            rota, _at(planned, begins), _at(overrides, begins), _at(by_hand, begins), begins
        )
        if found and found[-1].people == people:
            begins = found.pop().starts_at
        found.append(Stretch(position, begins, ends, people))
    return found


def _edges(
    spans: Iterable[Entry | Absence | Cover], start: datetime, end: datetime
) -> list[datetime]:
    inside = {start, end}
    for span in spans:
        inside |= {one for one in (span.starts_at, span.ends_at) if start < one < end}
    return sorted(inside)


def _at(entries: Iterable[Entry], moment: datetime) -> list[uuid.UUID]:
    return [one.person for one in entries if one.starts_at <= moment < one.ends_at]


def _on(
    rota: Rota,
    planned: Sequence[uuid.UUID],
    overrides: Sequence[uuid.UUID],
    by_hand: Sequence[uuid.UUID],
    moment: datetime,
) -> tuple[uuid.UUID, ...]:
    away = {one.person for one in rota.absences if one.starts_at <= moment < one.ends_at}
    standing = rota.active - away
    instead = [person for person in overrides if person in standing]
    chosen = instead or [
        taker for taker in _after_covers(rota.covers, planned, moment) if taker in standing
    ]
    hands = [person for person in by_hand if person in rota.active]
    return tuple(dict.fromkeys([*chosen, *hands]))


def _after_covers(
    covers: Sequence[Cover], planned: Sequence[uuid.UUID], moment: datetime
) -> list[uuid.UUID]:
    """Each swap applies once, in the order given: what was swapped on is swapped on again."""
    people = list(planned)
    for cover in covers:
        if cover.starts_at <= moment < cover.ends_at:
            people = [cover.takes if person == cover.gives else person for person in people]
    return people

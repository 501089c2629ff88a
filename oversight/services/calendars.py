"""The rota as iCalendar (RFC 5545), out and in."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event
from icalendar.prop import vRecur
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician, Shift, Team
from oversight.domain.errors import Incomplete
from oversight.domain.words import ShiftPosition
from oversight.queries.rota import calendar as coverage_of
from oversight.services.rota import plan_shift, zone_of

LARGEST_BYTES = 1_000_000
MOST_SHIFTS = 2_000
IMPORTED_AHEAD = timedelta(days=366)
"""A rule that repeats for ever is taken in this far."""

Component = Any  # Any: the library's components are typed as mappings of anything


@dataclass(frozen=True)
class Imported:
    """What a calendar brought: shifts planned, and those that were there already."""

    planned: int
    known: int


def export_calendar(
    session: Session, start: datetime, end: datetime, *, clinician_id: uuid.UUID | None = None
) -> bytes:
    """Who is on call, one entry a person and stretch; of one person alone if named.

    Holds names of the team, never anything about participants.
    """
    named = session.execute(select(Clinician.id, Clinician.name)).all()
    names = {row.id: row.name for row in named}
    calendar = Calendar()
    calendar.add("prodid", "-//Oversight//on call//EN")
    calendar.add("version", "2.0")
    for team, stretches in coverage_of(session, start, end).items():
        for stretch in stretches:
            for person in stretch.people:
                if clinician_id in (None, person):
                    calendar.add_component(_entry(team, stretch, person, names[person]))
    text: bytes = calendar.to_ical()
    return text


def _entry(team: str, stretch: Any, person: uuid.UUID, name: str) -> Event:  # Any: a Stretch
    position = stretch.position.value.replace("_", " ")
    event = Event()
    told = f"{team}|{position}|{person}|{stretch.starts_at.isoformat()}"
    event.add("uid", f"{uuid.uuid5(uuid.NAMESPACE_URL, told)}@oversight")
    event.add("summary", f"On call, {position}: {name}")
    event.add("dtstart", stretch.starts_at.astimezone(UTC))
    event.add("dtend", stretch.ends_at.astimezone(UTC))
    event.add("dtstamp", stretch.starts_at.astimezone(UTC))
    return event


def import_calendar(
    session: Session,
    planner_id: uuid.UUID,
    team_id: uuid.UUID,
    content: bytes,
    *,
    position: ShiftPosition,
    now: datetime,
) -> Imported:
    """Plan a shift for every entry that has not ended; importing the same again adds nothing.

    An entry names its person by their user name or full name, anywhere in its summary. One entry
    that cannot be read refuses the whole calendar, so that no shift is lost unseen.
    """
    team = session.get(Team, team_id)
    if team is None:
        raise Incomplete("choose a team first", field="team_id")
    people = {
        word.casefold(): row.id
        for row in session.execute(
            select(Clinician.id, Clinician.username, Clinician.name).where(
                Clinician.deactivated_at.is_(None)
            )
        )
        for word in (row.username, row.name)
    }
    known = planned = 0
    for event in _events(content):
        uid, person = str(event.get("uid") or ""), _person(event, people)
        if not uid:
            raise Incomplete("an entry of the calendar has no UID", field="content")
        for starts_at, ends_at in _times(event, zone_of(team.timezone), now=now):
            if _imported(session, uid, starts_at):
                known += 1
                continue
            if planned >= MOST_SHIFTS:
                raise Incomplete(f"the calendar holds over {MOST_SHIFTS:,} shifts", field="content")
            plan_shift(
                session,
                planner_id,
                team_id,
                person,
                position=position,
                starts_at=starts_at,
                ends_at=ends_at,
                calendar_uid=uid,
            )
            planned += 1
    return Imported(planned, known)


def _events(content: bytes) -> list[Component]:
    if len(content) > LARGEST_BYTES:
        raise Incomplete("the calendar is over 1 MB: export a shorter time", field="content")
    try:
        return list(Calendar.from_ical(content).walk("VEVENT"))
    except (ValueError, KeyError, IndexError) as error:
        raise Incomplete(
            "this is not a calendar file (iCalendar, .ics)", field="content"
        ) from error


def _person(event: Component, people: Mapping[str, uuid.UUID]) -> uuid.UUID:
    summary = str(event.get("summary") or "")
    words = summary.casefold()
    found = {person for name, person in people.items() if name in words}
    if len(found) != 1:
        who = "nobody" if not found else "several people"
        raise Incomplete(
            f"the entry “{summary[:80]}” names {who} of the team: write one user name or full name",
            field="content",
        )
    return found.pop()


def _imported(session: Session, uid: str, starts_at: datetime) -> bool:
    found = select(Shift.id).where(
        Shift.calendar_uid == uid, Shift.starts_at == starts_at, Shift.cancelled_at.is_(None)
    )
    return session.scalar(found) is not None


def _times(
    event: Component, zone: ZoneInfo, *, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When the entry is, in UTC; a repeated one in wall-clock time, so through daylight saving."""
    if event.get("recurrence-id") is not None:
        raise Incomplete(
            "single changed entries of a repeated one cannot be read: export without them",
            field="content",
        )
    try:
        first, last = _local(event.start, zone), _local(event.end, zone)
    except (AttributeError, KeyError, ValueError) as error:
        raise Incomplete("an entry of the calendar has no time", field="content") from error
    length = last.replace(tzinfo=None) - first.replace(tzinfo=None)
    for start in _starts(event, first, until=now + IMPORTED_AHEAD):
        ends_at = (start + length).astimezone(UTC)
        if ends_at > now:
            yield start.astimezone(UTC), ends_at


def _starts(event: Component, first: datetime, *, until: datetime) -> Iterator[datetime]:
    rule = event.get("rrule")
    if rule is None:
        yield first
        return
    left_out = {_local(one.dt, first.tzinfo) for one in _excluded(event)}
    naive = first.replace(tzinfo=None)
    # Repeated by the wall clock: the zone is put back to each, so an hour is never lost or won.
    repeated = rrulestr(_rule(rule, first), dtstart=naive)
    for start in islice(repeated, MOST_SHIFTS + 1):
        aware = start.replace(tzinfo=first.tzinfo)
        if aware > until:
            return
        if aware not in left_out:
            yield aware


def _rule(rule: Component, first: datetime) -> str:
    """The rule with its end in the wall clock of its beginning, as the library wants it."""
    told = dict(rule)
    if ends := told.get("UNTIL"):
        told["UNTIL"] = [_local(one, first.tzinfo).replace(tzinfo=None) for one in ends]
    recurrence: Component = vRecur(told)
    text: bytes = recurrence.to_ical()
    return text.decode()


def _excluded(event: Component) -> list[Component]:
    found = event.get("exdate")
    several = found if isinstance(found, list) else [found] if found is not None else []
    return [one for group in several for one in group.dts]


def _local(moment: date, zone: Any) -> datetime:  # Any: a tzinfo, as datetimes carry it
    """A moment with a zone: its own, else the team's; a date alone begins at midnight."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 (given below)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    return moment if isinstance(moment.tzinfo, ZoneInfo) else moment.astimezone(zone)

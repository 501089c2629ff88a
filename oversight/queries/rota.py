"""The rota as the record has it: what was planned, changed and pressed, ready for the rules."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import (
    Clinician,
    ContactMethod,
    Leave,
    Rotation,
    RotationPerson,
    Shift,
    Swap,
    Team,
)
from oversight.domain import rota as rules
from oversight.domain.gaps import LOOKED_AHEAD, Gap, gaps
from oversight.domain.rota import NowAndNext, Rota, ShiftKind, Stretch
from oversight.domain.words import ShiftPosition

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class TeamRota:
    """One team's rota. ``id`` None: nobody set up a team, and people go on duty by hand alone."""

    id: uuid.UUID | None
    name: str
    study_id: uuid.UUID | None
    required: frozenset[ShiftPosition]
    rota: Rota


@dataclass(frozen=True)
class SwapAsked:
    """A swap that waits for its answer."""

    id: uuid.UUID
    gives: str
    takes: str
    takes_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


def rotas(
    session: Session, start: datetime, end: datetime, *, study_id: uuid.UUID | None = None
) -> Sequence[TeamRota]:
    """The rota of every team (of those that answer for ``study_id``, if given) in an interval.

    Duty without a team counts for all of them.
    """
    teams = session.scalars(
        select(Team).where(Team.closed_at.is_(None)).order_by(Team.created_at, Team.id)
    ).all()
    mine = [one for one in teams if study_id is None or one.study_id in (None, study_id)]
    active = frozenset(
        session.scalars(select(Clinician.id).where(Clinician.deactivated_at.is_(None)))
    )
    entries = _entries(session, start, end)
    rotations = _rotations(session, start) if mine else {}
    absences = _absences(session, start, end)
    covers = _covers(session, start, end)

    def rota_of(team: Team | None) -> Rota:
        return Rota(
            active=active,
            rotations=rotations.get(team.id, ()) if team is not None else (),
            entries=[*entries[None], *(entries[team.id] if team is not None else [])],
            absences=absences,
            covers=covers,
        )

    if not mine:
        alone = frozenset({ShiftPosition.PRIMARY})
        return [TeamRota(None, "everybody", None, alone, rota_of(None))]
    return [
        TeamRota(
            id=team.id,
            name=team.name,
            study_id=team.study_id,
            required=frozenset(ShiftPosition(one) for one in team.required),
            rota=rota_of(team),
        )
        for team in mine
    ]


def calendar(session: Session, start: datetime, end: datetime) -> dict[str, Sequence[Stretch]]:
    """Who is on at every position of every team, by the team's name."""
    return {team.name: rules.coverage(team.rota, start, end) for team in rotas(session, start, end)}


def now_and_next(session: Session, *, now: datetime) -> dict[str, Sequence[NowAndNext]]:
    """Who is on now and who follows within two weeks, by the team's name."""
    end = now + timedelta(days=14)
    return {team.name: rules.now_and_next(team.rota, now) for team in rotas(session, now, end)}


def gaps_ahead(
    session: Session, *, now: datetime, ahead: timedelta = LOOKED_AHEAD
) -> list[tuple[TeamRota, Gap]]:
    """Where nobody who can be reached is on, from now until so far ahead, for teams that exist."""
    found = []
    able = reachable(session)
    for team in rotas(session, now, now + ahead):
        if team.id is not None:
            stretches = rules.coverage(team.rota, now, now + ahead)
            missing = gaps(stretches, required=team.required, reachable=able)
            found += [(team, gap) for gap in missing]
    return found


def reachable(session: Session) -> frozenset[uuid.UUID]:
    """People with a contact method that works: a test on it was answered, nothing failed since."""
    found = session.scalars(
        select(ContactMethod.clinician_id).where(
            ContactMethod.removed_at.is_(None),
            ContactMethod.verified_at.is_not(None),
            ContactMethod.failed_at.is_(None),
        )
    )
    return frozenset(found)


def on_until(
    session: Session, *, now: datetime, ahead: timedelta = timedelta(days=31)
) -> dict[uuid.UUID, datetime]:
    """Everybody who is on duty now, and until when without a break (at most so far ahead)."""
    until: dict[uuid.UUID, datetime] = {}
    for team in rotas(session, now, now + ahead):
        for stretch in rules.coverage(team.rota, now, now + ahead):
            for person in stretch.people:
                reached = until.get(person, now)
                if stretch.starts_at <= reached:
                    until[person] = max(reached, stretch.ends_at)
    return until


def swaps_asked(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> list[SwapAsked]:
    """Swaps that this person asked for, or is asked for, and that nobody answered yet."""
    rows = session.scalars(
        select(Swap)
        .where(
            (Swap.gives_id == clinician_id) | (Swap.takes_id == clinician_id),
            Swap.accepted_at.is_(None),
            Swap.declined_at.is_(None),
            Swap.withdrawn_at.is_(None),
            Swap.ends_at > now,
        )
        .order_by(Swap.starts_at)
    ).all()
    ids = {one.gives_id for one in rows} | {one.takes_id for one in rows}
    named = select(Clinician.id, Clinician.name).where(Clinician.id.in_(ids))
    names = {row.id: row.name for row in session.execute(named)}
    return [
        SwapAsked(
            one.id,
            names[one.gives_id],
            names[one.takes_id],
            one.takes_id,
            one.starts_at,
            one.ends_at,
        )
        for one in rows
    ]


def _entries(
    session: Session, start: datetime, end: datetime
) -> dict[uuid.UUID | None, list[rules.Entry]]:
    rows = session.execute(
        select(
            Shift.team_id,
            Shift.position,
            Shift.clinician_id,
            Shift.starts_at,
            Shift.ends_at,
            Shift.kind,
        )
        .where(Shift.starts_at < end, Shift.ends_at > start, Shift.cancelled_at.is_(None))
        .order_by(Shift.starts_at, Shift.id)
    )
    found: dict[uuid.UUID | None, list[rules.Entry]] = defaultdict(list)
    for team_id, position, person, starts_at, ends_at, kind in rows:
        found[team_id].append(
            rules.Entry(ShiftPosition(position), person, starts_at, ends_at, ShiftKind(kind))
        )
    return found


def _rotations(session: Session, start: datetime) -> dict[uuid.UUID, list[rules.Rotation]]:
    rows = session.scalars(
        select(Rotation)
        .where((Rotation.ends_at.is_(None)) | (Rotation.ends_at > start))
        .order_by(Rotation.created_at, Rotation.id)
    ).all()
    people: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for place in session.execute(
        select(RotationPerson.rotation_id, RotationPerson.clinician_id)
        .where(RotationPerson.rotation_id.in_([row.id for row in rows]))
        .order_by(RotationPerson.rotation_id, RotationPerson.place)
    ):
        people[place.rotation_id].append(place.clinician_id)
    found: dict[uuid.UUID, list[rules.Rotation]] = defaultdict(list)
    for row in rows:
        found[row.team_id].append(
            rules.Rotation(
                position=ShiftPosition(row.position),
                people=tuple(people[row.id]),
                zone=ZoneInfo(row.timezone),
                first_day=row.first_day,
                hand_off=row.hand_off,
                turn_days=row.turn_days,
                window=(
                    rules.Window(row.opens, row.closes, frozenset(row.weekdays))
                    if row.opens is not None and row.closes is not None
                    else None
                ),
                ends_at=row.ends_at,
            )
        )
    return found


def _absences(session: Session, start: datetime, end: datetime) -> list[rules.Absence]:
    rows = session.execute(
        select(Leave.clinician_id, Leave.starts_at, Leave.ends_at).where(
            Leave.starts_at < end, Leave.ends_at > start, Leave.cancelled_at.is_(None)
        )
    )
    return [rules.Absence(*row) for row in rows]


def _covers(session: Session, start: datetime, end: datetime) -> list[rules.Cover]:
    rows = session.execute(
        select(Swap.gives_id, Swap.takes_id, Swap.starts_at, Swap.ends_at)
        .where(
            Swap.starts_at < end,
            Swap.ends_at > start,
            Swap.accepted_at.is_not(None),
            Swap.withdrawn_at.is_(None),
        )
        .order_by(Swap.accepted_at, Swap.id)
    )
    return [rules.Cover(*row) for row in rows]

"""Planning who is on call: teams, rotations, shifts, overrides, swaps and leave."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import (
    Clinician,
    Leave,
    Rotation,
    RotationPerson,
    Shift,
    Swap,
    Team,
    new_id,
    table_of,
)
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.permissions import Role, answers_for, plans_rota, reads_items
from oversight.domain.rota import ShiftKind, Window
from oversight.domain.words import ShiftPosition
from oversight.services.audit import Actor, Event, record

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Turns:
    """A rotation as somebody plans it; times are wall-clock times of ``timezone`` (IANA)."""

    position: ShiftPosition
    people: Sequence[uuid.UUID]
    timezone: str
    first_day: date
    hand_off: time
    turn_days: int = 7
    window: Window | None = None


def create_team(
    session: Session,
    planner_id: uuid.UUID,
    *,
    name: str,
    timezone: str,
    study_id: uuid.UUID | None = None,
    required: Collection[ShiftPosition] = (ShiftPosition.PRIMARY,),
) -> uuid.UUID:
    """A team; without a study it answers for all. ``required`` positions must never be empty."""
    _planner(session, planner_id)
    if not name.strip():
        raise Incomplete("give the team a name", field="name")
    if session.scalar(select(Team.id).where(Team.name == name.strip())) is not None:
        raise Conflict("there is a team of that name: choose another", field="name")
    team = Team(
        id=new_id(),
        study_id=study_id,
        name=name.strip(),
        timezone=zone_of(timezone).key,
        required=sorted(position.value for position in required),
    )
    session.add(team)
    session.flush()
    _record(session, "rota.team", planner_id, team.id)
    return team.id


def add_rotation(
    session: Session, planner_id: uuid.UUID, team_id: uuid.UUID, turns: Turns
) -> uuid.UUID:
    """People begin to take turns. To change a rotation, end it and add another."""
    _planner(session, planner_id)
    _team(session, team_id)
    if not turns.people:
        raise Incomplete("name at least one person for the rotation", field="people")
    if not 1 <= turns.turn_days <= 366:
        raise Incomplete("a turn lasts from 1 to 366 days", field="turn_days")
    for person in turns.people:
        _may_stand(session, person, turns.position)
    window = turns.window
    rotation = Rotation(
        id=new_id(),
        team_id=team_id,
        position=turns.position,
        timezone=zone_of(turns.timezone).key,
        first_day=turns.first_day,
        hand_off=turns.hand_off,
        turn_days=turns.turn_days,
        opens=window.opens if window else None,
        closes=window.closes if window else None,
        weekdays=sorted(window.weekdays) if window else list(range(7)),
        created_by=planner_id,
    )
    session.add(rotation)
    session.flush()
    for place, person in enumerate(turns.people):
        session.add(RotationPerson(rotation_id=rotation.id, place=place, clinician_id=person))
    session.flush()
    _record(session, "rota.rotation", planner_id, rotation.id, position=turns.position.value)
    return rotation.id


def end_rotation(
    session: Session, planner_id: uuid.UUID, rotation_id: uuid.UUID, *, at: datetime | None = None
) -> None:
    """No turns after a moment, now unless told. The past stays as it was."""
    _planner(session, planner_id)
    now = db_session.now(session)
    ends_at = max(at or now, now)
    rotations = table_of(Rotation)
    ended = session.execute(
        update(rotations)
        .where(
            rotations.c.id == rotation_id,
            rotations.c.ends_at.is_(None) | (rotations.c.ends_at > now),
        )
        .values(ends_at=ends_at)
        .returning(rotations.c.id)
    ).one_or_none()
    if ended is None:
        raise NotFound("no such rotation runs", rotation_id=str(rotation_id))
    _record(session, "rota.rotation_end", planner_id, rotation_id)


def plan_shift(
    session: Session,
    planner_id: uuid.UUID,
    team_id: uuid.UUID | None,
    clinician_id: uuid.UUID,
    *,
    position: ShiftPosition,
    starts_at: datetime,
    ends_at: datetime,
    override: bool = False,
    calendar_uid: str | None = None,
) -> uuid.UUID:
    """One shift. An override takes the place of whoever is planned at that position meanwhile."""
    _planner(session, planner_id)
    if team_id is not None:
        _team(session, team_id)
    _may_stand(session, clinician_id, position)
    _span(starts_at, ends_at)
    shift = Shift(
        id=new_id(),
        clinician_id=clinician_id,
        team_id=team_id,
        position=position,
        starts_at=starts_at,
        ends_at=ends_at,
        kind=ShiftKind.OVERRIDE if override else ShiftKind.PLANNED,
        created_by=planner_id,
        calendar_uid=calendar_uid,
    )
    session.add(shift)
    session.flush()
    _record(session, "rota.shift", planner_id, shift.id, how=shift.kind, position=position.value)
    return shift.id


def cancel_shift(session: Session, planner_id: uuid.UUID, shift_id: uuid.UUID) -> None:
    """Take back what is left of a planned shift or override; what was, was."""
    _planner(session, planner_id)
    shifts = table_of(Shift)
    now = db_session.now(session)
    found = session.execute(
        select(shifts.c.starts_at, shifts.c.ends_at)
        .where(shifts.c.id == shift_id, shifts.c.cancelled_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if found is None or found.ends_at <= now:
        raise NotFound("no such shift is still to come", shift_id=str(shift_id))
    running = found.starts_at < now
    values = {"ends_at": now} if running else {"cancelled_at": now}
    session.execute(update(shifts).where(shifts.c.id == shift_id).values(**values))
    _record(session, "rota.shift_cancel", planner_id, shift_id)


def take_leave(
    session: Session,
    asker_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> uuid.UUID:
    """Somebody cannot be called for a while: their own leave, or planned for them."""
    if asker_id != clinician_id:
        _planner(session, asker_id)
    _span(starts_at, ends_at)
    leave = Leave(
        id=new_id(),
        clinician_id=clinician_id,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by=asker_id,
    )
    session.add(leave)
    session.flush()
    _record(session, "rota.leave", asker_id, leave.id)
    return leave.id


def cancel_leave(session: Session, asker_id: uuid.UUID, leave_id: uuid.UUID) -> None:
    """Somebody can be called after all."""
    leave = session.get(Leave, leave_id)
    if leave is None or leave.cancelled_at is not None:
        raise NotFound("no such leave", leave_id=str(leave_id))
    if asker_id != leave.clinician_id:
        _planner(session, asker_id)
    now = db_session.now(session)
    if leave.starts_at < now < leave.ends_at:
        leave.ends_at = now
    else:
        leave.cancelled_at = now
    session.flush()
    _record(session, "rota.leave_cancel", asker_id, leave_id)


def ask_swap(
    session: Session,
    gives_id: uuid.UUID,
    takes_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> uuid.UUID:
    """Ask a colleague to take one's turns for a while. Nothing changes until they accept."""
    _span(starts_at, ends_at)
    if gives_id == takes_id:
        raise Incomplete("ask somebody else", field="takes_id")
    gives, takes = _active(session, gives_id), _active(session, takes_id)
    if reads_items(gives) and not reads_items(takes):
        raise NotPermitted("ask somebody who can take an escalation, as you can")
    swap = Swap(
        id=new_id(), gives_id=gives_id, takes_id=takes_id, starts_at=starts_at, ends_at=ends_at
    )
    session.add(swap)
    session.flush()
    _record(session, "rota.swap_ask", gives_id, swap.id)
    return swap.id


def answer_swap(
    session: Session, swap_id: uuid.UUID, clinician_id: uuid.UUID, *, accepts: bool
) -> None:
    """Only whoever was asked answers, once."""
    swap = _open_swap(session, swap_id)
    if swap.takes_id != clinician_id:
        raise NotPermitted("only the colleague who was asked can answer")
    now = db_session.now(session)
    swap.accepted_at, swap.declined_at = (now, None) if accepts else (None, now)
    session.flush()
    _record(session, "rota.swap_answer", clinician_id, swap_id, accepts=accepts)


def withdraw_swap(session: Session, swap_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Whoever asked takes it back, before an answer."""
    swap = _open_swap(session, swap_id)
    if swap.gives_id != clinician_id:
        raise NotPermitted("only whoever asked can take the question back")
    swap.withdrawn_at = db_session.now(session)
    session.flush()
    _record(session, "rota.swap_withdraw", clinician_id, swap_id)


def zone_of(name: str) -> ZoneInfo:
    """An IANA time zone; Incomplete when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Incomplete(
            f"there is no time zone {name!r}: write it as Europe/Berlin", field="timezone"
        ) from error


def _open_swap(session: Session, swap_id: uuid.UUID) -> Swap:
    swap = session.scalars(select(Swap).where(Swap.id == swap_id).with_for_update()).one_or_none()
    if swap is None or swap.accepted_at or swap.declined_at or swap.withdrawn_at:
        raise NotFound("this swap was answered or taken back already", swap_id=str(swap_id))
    return swap


def _span(starts_at: datetime, ends_at: datetime) -> None:
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise Incomplete("it must end after it begins, and within a year", field="ends_at")


def _team(session: Session, team_id: uuid.UUID) -> Team:
    team = session.get(Team, team_id)
    if team is None or team.closed_at is not None:
        raise NotFound("no such team", team_id=str(team_id))
    return team


def _active(session: Session, clinician_id: uuid.UUID) -> Role:
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None:
        raise NotPermitted("this person is not on the team any more")
    return Role(role)


def _planner(session: Session, clinician_id: uuid.UUID) -> None:
    if not plans_rota(_active(session, clinician_id)):
        raise NotPermitted("only a supervisor, study lead or administrator plans the rota")


def _may_stand(session: Session, clinician_id: uuid.UUID, position: ShiftPosition) -> None:
    if not answers_for(_active(session, clinician_id), position):
        raise NotPermitted(
            f"this person's role does not answer for {position.value.replace('_', ' ')}",
            clinician_id=str(clinician_id),
        )


def _record(
    session: Session, kind: str, actor_id: uuid.UUID, subject: uuid.UUID, **detail: object
) -> None:
    event = Event(kind, Actor.clinician(actor_id), subject=subject, detail=detail)
    record(session, event)

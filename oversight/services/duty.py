"""Going on and off duty by hand, which counts beside and above what the rota plans."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician, Leave, Shift, new_id, table_of
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.permissions import Role, reads_items
from oversight.domain.rota import ShiftKind
from oversight.domain.words import ShiftPosition
from oversight.queries.rota import on_until
from oversight.services.audit import Actor, Event, record

LONGEST_HOURS = 24 * 31


def go_on_duty(
    session: Session,
    clinician_id: uuid.UUID,
    *,
    position: ShiftPosition = ShiftPosition.PRIMARY,
    hours: float = 8,
) -> uuid.UUID:
    """Begin a shift now, besides whoever the rota names. Ends one's own going off duty by hand.

    Whoever is on duty by hand already gets a fresh shift instead of a second.
    """
    if not 0 < hours <= LONGEST_HOURS:
        raise Incomplete("a shift lasts between a moment and 31 days", field="hours")
    person = session.get(Clinician, clinician_id)
    if person is None or person.deactivated_at is not None or not reads_items(Role(person.role)):
        raise NotPermitted("only a clinician or supervisor on the team can go on duty")
    now = db_session.now(session)
    _end_by_hand(session, clinician_id, now=now)
    _come_back(session, clinician_id, now=now)
    shift = Shift(
        id=new_id(),
        clinician_id=clinician_id,
        position=position,
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
        kind=ShiftKind.BY_HAND,
    )
    session.add(shift)
    session.flush()
    actor = Actor.clinician(clinician_id)
    detail = {"position": position.value, "hours": hours}
    record(session, Event("duty.begin", actor, subject=shift.id, detail=detail))
    return shift.id


def go_off_duty(session: Session, clinician_id: uuid.UUID) -> None:
    """End one's duty now, by hand or by the rota; the next turn by the rota counts again.

    Ending none is no error.
    """
    now = db_session.now(session)
    _end_by_hand(session, clinician_id, now=now)
    until = on_until(session, now=now).get(clinician_id)
    if until is not None and until > now:
        leave = Leave(
            id=new_id(),
            clinician_id=clinician_id,
            starts_at=now,
            ends_at=until,
            by_hand=True,
            created_by=clinician_id,
        )
        session.add(leave)
        session.flush()
        record(session, Event("duty.leave", Actor.clinician(clinician_id), subject=leave.id))


def _end_by_hand(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> None:
    shifts = table_of(Shift)
    ended = session.scalars(
        update(shifts)
        .where(
            shifts.c.clinician_id == clinician_id,
            shifts.c.kind == ShiftKind.BY_HAND.value,
            shifts.c.starts_at < now,
            shifts.c.ends_at > now,
        )
        .values(ends_at=now)
        .returning(shifts.c.id)
    ).all()
    for shift_id in ended:
        record(session, Event("duty.end", Actor.clinician(clinician_id), subject=shift_id))


def _come_back(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> None:
    """Whoever went off duty by hand and comes back is on by the rota again, too."""
    leaves = table_of(Leave)
    session.execute(
        update(leaves)
        .where(
            leaves.c.clinician_id == clinician_id,
            leaves.c.by_hand,
            leaves.c.starts_at < now,
            leaves.c.ends_at > now,
        )
        .values(ends_at=now)
    )

"""Who is on duty. Being on duty is what the ladder and readiness look at."""

import uuid
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician, Shift, new_id, table_of
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.permissions import Role, reads_items
from oversight.domain.words import ShiftPosition
from oversight.services.audit import Actor, Event, record

LONGEST_HOURS = 24 * 31


def go_on_duty(
    session: Session,
    clinician_id: uuid.UUID,
    *,
    position: ShiftPosition = ShiftPosition.PRIMARY,
    hours: float = 8,
) -> uuid.UUID:
    """Begin a shift now. Whoever is on duty already gets a fresh one instead of a second."""
    if not 0 < hours <= LONGEST_HOURS:
        raise Incomplete("a shift lasts between a moment and 31 days", field="hours")
    person = session.get(Clinician, clinician_id)
    if person is None or person.deactivated_at is not None or not reads_items(Role(person.role)):
        raise NotPermitted("only a clinician or supervisor on the team can go on duty")
    go_off_duty(session, clinician_id)
    now = db_session.now(session)
    shift = Shift(
        id=new_id(),
        clinician_id=clinician_id,
        position=position,
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
    )
    session.add(shift)
    session.flush()
    actor = Actor.clinician(clinician_id)
    detail = {"position": position.value, "hours": hours}
    record(session, Event("duty.begin", actor, subject=shift.id, detail=detail))
    return shift.id


def go_off_duty(session: Session, clinician_id: uuid.UUID) -> None:
    """End one's running shift; ending none is no error."""
    now = db_session.now(session)
    shifts = table_of(Shift)
    ended = session.scalars(
        update(shifts)
        .where(
            shifts.c.clinician_id == clinician_id,
            shifts.c.starts_at < now,
            shifts.c.ends_at > now,
        )
        .values(ends_at=now)
        .returning(shifts.c.id)
    ).all()
    for shift_id in ended:
        record(session, Event("duty.end", Actor.clinician(clinician_id), subject=shift_id))

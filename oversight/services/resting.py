"""Off heavy items for the rest of a shift: because somebody asks, or by the limit."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import Claim, HeavyRest, ReviewItem, new_id, table_of
from oversight.domain.exposure import Load, RestReason, exposure
from oversight.queries.exposure import GRAVE, limits_in_force, readings_of, rest_of, shift_began
from oversight.queries.rota import on_until
from oversight.services.audit import Actor, Event, record
from oversight.services.offering import reader_of

WITHOUT_A_SHIFT = timedelta(hours=8)
"""How long a rest lasts for somebody who is on no shift."""


def take_off_heavy(session: Session, clinician_id: uuid.UUID) -> datetime:
    """High and imminent items go to others first until the shift ends; returns until when.

    Nobody needs a reason. While nobody else on duty can take one, or one is past its time, it comes
    to this person all the same, with a notice.
    """
    now = reader_of(session, clinician_id).now
    resting = rest_of(session, clinician_id, now=now)
    if resting is not None:
        return resting.until
    return _begin(session, clinician_id, RestReason.ASKED, now=now)


def back_on_heavy(session: Session, clinician_id: uuid.UUID) -> None:
    """Heavy items come to this person as to anybody. Ending no rest is no error."""
    now = db_session.now(session)
    table = table_of(HeavyRest)
    ended = session.scalars(
        update(table)
        .where(table.c.clinician_id == clinician_id, table.c.ends_at > now)
        .values(ends_at=now)
        .returning(table.c.id)
    ).all()
    actor = Actor.clinician(clinician_id)
    for rest_id in ended:
        record(session, Event("exposure.rest_end", actor, subject=rest_id))


def rest_at_limits(session: Session, *, now: datetime) -> int:
    """Whoever has a heavy item open and has read as many as the limit rests from the next.

    The clock asks every few seconds, so that taking an item costs nothing more. Somebody who came
    back by themselves is not taken off again in the same shift.
    """
    reading = session.scalars(
        select(Claim.clinician_id)
        .join(ReviewItem, ReviewItem.id == Claim.item_id)
        .where(Claim.ended_at.is_(None), ReviewItem.severity.in_(GRAVE))
        .distinct()
    ).all()
    return sum(_rest_at_limit(session, one, now=now) for one in sorted(reading))


def _rest_at_limit(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> bool:
    since = shift_began(session, clinician_id, now=now)
    readings = readings_of(session, clinician_id, since=since, now=now)
    if exposure(readings, since=since).load(limits_in_force(session)) is not Load.HARD:
        return False
    rested = select(HeavyRest.id).where(
        HeavyRest.clinician_id == clinician_id, HeavyRest.ends_at > since
    )
    if session.scalar(rested.limit(1)) is not None:
        return False
    _begin(session, clinician_id, RestReason.LIMIT, now=now)
    return True


def _begin(
    session: Session, clinician_id: uuid.UUID, reason: RestReason, *, now: datetime
) -> datetime:
    until = on_until(session, now=now).get(clinician_id, now + WITHOUT_A_SHIFT)
    until = min(until, now + timedelta(hours=24))
    rest = HeavyRest(
        id=new_id(), clinician_id=clinician_id, reason=reason, starts_at=now, ends_at=until
    )
    session.add(rest)
    session.flush()
    detail = {"reason": reason.value, "until": until.isoformat()}
    actor = Actor.clinician(clinician_id)
    record(session, Event("exposure.rest", actor, subject=rest.id, detail=detail))
    ring(session, Topic.LIVE)
    return until

"""What somebody still has a while after their shift ended: nothing stays with nobody there.

Escalations are called about again, what was set aside comes back to everybody.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session

from db.tables import Escalation, ReviewItem, Snooze
from oversight.domain.handover import HandedOver, left_behind
from oversight.domain.lifecycle import EscalationStatus, ItemStatus
from oversight.domain.snoozing import SnoozeEnd
from oversight.queries.handover import shifts_ended
from oversight.services.audit import Actor, Event, record
from oversight.services.waking import wake

LOOK_BACK = timedelta(days=14)
CLOCK = Actor.system("clock")


def put_up_left_behind(session: Session, *, now: datetime) -> int:
    """Whatever people had when their shift ended, and did not hand over: how many things."""
    owned = _owned(session, now=now)
    if not owned:
        return 0
    since = max(min(had_since for _, _, _, had_since in owned), now - LOOK_BACK)
    people = {person for _, _, person, _ in owned}
    ended = shifts_ended(session, people, since=since, now=now)
    put_up = 0
    for kind, subject, person, had_since in owned:
        if left_behind(had_since=had_since, shift_ended_at=ended.get(person), now=now):
            act = _call_again if kind is HandedOver.ESCALATION else _put_up
            put_up += act(session, subject, now=now)
    return put_up


def _owned(
    session: Session, *, now: datetime
) -> list[tuple[HandedOver, uuid.UUID, uuid.UUID, datetime]]:
    """What waits with somebody and not with the clock: its kind, itself, whose, and since when."""
    escalations = session.execute(
        select(Escalation.id, Escalation.owner_id, Escalation.acknowledged_at).where(
            Escalation.status == EscalationStatus.ACKNOWLEDGED,
            or_(Escalation.next_page_at.is_(None), Escalation.next_page_at > now),
        )
    )
    snoozes = session.execute(
        select(Snooze.item_id, Snooze.clinician_id, Snooze.snoozed_at).where(
            Snooze.ended_at.is_(None)
        )
    )
    found = [
        (HandedOver.ESCALATION, escalation_id, owner, since)
        for escalation_id, owner, since in escalations
        if owner is not None and since is not None
    ]
    return found + [(HandedOver.SNOOZE, *row) for row in snoozes]


def _call_again(session: Session, escalation_id: uuid.UUID, *, now: datetime) -> bool:
    """The clock calls at once, whether contact had begun or not."""
    row = session.execute(
        update(Escalation)
        .where(Escalation.id == escalation_id, Escalation.status == EscalationStatus.ACKNOWLEDGED)
        .values(next_page_at=now, contact_begun_at=None)
        .returning(Escalation.study_id, Escalation.conversation_id, Escalation.item_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is not None:
        _tell(session, HandedOver.ESCALATION, escalation_id, row)
    return row is not None


def _put_up(session: Session, item_id: uuid.UUID, *, now: datetime) -> bool:
    row = session.execute(
        select(ReviewItem.study_id, ReviewItem.conversation_id, ReviewItem.id)
        .where(ReviewItem.id == item_id, ReviewItem.status == ItemStatus.SNOOZED)
        .with_for_update(skip_locked=True, key_share=True)
    ).one_or_none()
    if row is not None:
        wake(session, item_id, SnoozeEnd.LEFT, kept_for=None, now=now, actor=CLOCK)
        _tell(session, HandedOver.SNOOZE, item_id, row)
    return row is not None


def _tell(
    session: Session,
    what: HandedOver,
    subject: uuid.UUID,
    row: Row[uuid.UUID, uuid.UUID, uuid.UUID],
) -> None:
    event = Event(
        "handover.left_behind",
        CLOCK,
        study_id=row[0],
        conversation_id=row[1],
        item_id=row[2],
        subject=subject,
        detail={"what": what.value},
    )
    record(session, event)

"""The end of a snooze: at its time, with news of its conversation, or by somebody opening it."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from db.rows import keep
from db.session import Topic, ring
from db.tables import Clinician, ReviewItem, Snooze, table_of
from oversight.domain.lifecycle import ItemEvent, ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.snoozing import SnoozeEnd, snoozable
from oversight.services.audit import Actor
from oversight.services.transition import ITEM, move

CLOCK = Actor.system("clock")
KEPT_FOR = timedelta(minutes=2)
"""How long what comes back is kept for whoever set it aside before anybody may take it."""


def end_snooze(session: Session, item_id: uuid.UUID, how: SnoozeEnd, *, now: datetime) -> None:
    """End the live snooze of a locked item, if it has one; its status is the caller's."""
    table = table_of(Snooze)
    session.execute(
        update(table)
        .where(table.c.item_id == item_id, table.c.ended_at.is_(None))
        .values(ended_at=now, ended_how=how)
    )


def wake_for_news(
    session: Session, items: Sequence[ReviewItem], *, now: datetime, actor: Actor
) -> None:
    """Bring back those of these locked items about which there is news.

    News is whatever raises an item's version: a message, a draft, a text in doubt, a higher level.
    Called before changed items are written: the database refuses a grave item set aside.
    """
    snoozed = [item for item in items if item.status == ItemStatus.SNOOZED]
    if not snoozed:
        return
    rows = session.execute(
        select(Snooze.item_id, Snooze.item_version, Snooze.clinician_id).where(
            Snooze.item_id.in_([item.id for item in snoozed]), Snooze.ended_at.is_(None)
        )
    )
    seen = {row.item_id: (row.item_version, row.clinician_id) for row in rows}
    for item in snoozed:
        version, owner = seen.get(item.id, (0, None))
        grave = not snoozable(Severity(item.severity))
        if item.version > version or grave:
            kept = None if grave else owner
            wake(session, item.id, SnoozeEnd.NEWS, kept_for=kept, now=now, actor=actor)
            until = now + KEPT_FOR if kept else None
            keep(item, status=ItemStatus.WAITING, assigned_to=kept, assigned_until=until)


def wake_due(
    session: Session,
    *,
    now: datetime,
    limit: int = 200,
    noticed_by: Actor = CLOCK,
) -> int:
    """Bring back what was set aside until now, and whatever is set aside with nobody owning it.

    The clock does this every second. A reader who asks does it too, so that an item never waits
    for a clock.
    """
    due = session.execute(
        select(Snooze.item_id, Snooze.clinician_id, Clinician.deactivated_at)
        .join(Clinician, Clinician.id == Snooze.clinician_id)
        .where(
            Snooze.ended_at.is_(None),
            or_(Snooze.until_at <= now, Clinician.deactivated_at.is_not(None)),
        )
        .order_by(Snooze.until_at)
        .limit(limit)
    ).all()
    woken = 0
    for row in due:
        gone = row.deactivated_at is not None
        how, kept = (SnoozeEnd.LEFT, None) if gone else (SnoozeEnd.DUE, row.clinician_id)
        woken += _wake_if_snoozed(session, row.item_id, how, kept, now=now, actor=noticed_by)
    owned = exists().where(Snooze.item_id == ReviewItem.id, Snooze.ended_at.is_(None))
    unowned = session.scalars(
        select(ReviewItem.id).where(ReviewItem.status == ItemStatus.SNOOZED, ~owned).limit(limit)
    ).all()
    for item_id in unowned:
        woken += _wake_if_snoozed(session, item_id, SnoozeEnd.LEFT, None, now=now, actor=noticed_by)
    return woken


def wake(
    session: Session,
    item_id: uuid.UUID,
    how: SnoozeEnd,
    *,
    kept_for: uuid.UUID | None,
    now: datetime,
    actor: Actor,
) -> None:
    """Bring one locked item back to the queue, for two minutes kept for whoever knows it."""
    end_snooze(session, item_id, how, now=now)
    values = {"assigned_to": kept_for, "assigned_until": now + KEPT_FOR if kept_for else None}
    row = move(
        session,
        ITEM,
        item_id,
        ItemStatus.SNOOZED,
        ItemEvent.WAKE,
        actor=actor,
        values=values,
        detail={"why": how.value},
    )
    ring(session, Topic.LIVE, row.conversation_id)


def _wake_if_snoozed(
    session: Session,
    item_id: uuid.UUID,
    how: SnoozeEnd,
    kept_for: uuid.UUID | None,
    *,
    now: datetime,
    actor: Actor,
) -> int:
    """Whoever has the item locked brings it back themselves, or the next sweep does."""
    locked = session.scalar(
        select(ReviewItem.id)
        .where(ReviewItem.id == item_id, ReviewItem.status == ItemStatus.SNOOZED)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if locked is None:
        return 0
    wake(session, item_id, how, kept_for=kept_for, now=now, actor=actor)
    return 1

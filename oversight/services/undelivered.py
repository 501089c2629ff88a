"""Texts that failed or stay unconfirmed come up for review, and leave only when answered for.

Answered for by a person (sent again, other words, reached otherwise) or by a receipt that came
after all. Callers hold the conversations' locks, unless said otherwise.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import Decision, Delivery, ReviewItem, table_of
from oversight.domain.closing import Disposition
from oversight.domain.errors import StaleVersion
from oversight.domain.lifecycle import DeliveryEvent, DeliveryStatus, ItemEvent, ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.queue import level_of_undelivered
from oversight.domain.sending import IN_DOUBT
from oversight.domain.severity import Severity, at_least, worst
from oversight.domain.words import DeliveryKind
from oversight.services.audit import Actor, Event, record
from oversight.services.contacting import contact_in_doubt
from oversight.services.items import held_drafts, new_item, refresh_items, write_items
from oversight.services.locking import (
    LockedConversation,
    lock_conversations,
    lock_open_items,
)
from oversight.services.transition import DELIVERY, ITEM, move

ANSWERS = (Action.REPLACE, Action.RESEND, Action.REACHED)
"""The decisions that answer for texts in doubt."""

COURIER = Actor.system("courier")


@dataclass(frozen=True)
class InDoubt:
    """A text that may not have reached its participant, and how grave that is."""

    id: uuid.UUID
    conversation_id: uuid.UUID
    status: DeliveryStatus
    level: Severity
    decided_by: uuid.UUID | None


def in_doubt(session: Session, conversation_ids: Sequence[uuid.UUID]) -> list[InDoubt]:
    """The failed and uncertain texts of these conversations that nobody answered for yet."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.conversation_id,
            Delivery.status,
            Delivery.kind,
            Decision.severity,
            Decision.clinician_id,
        )
        .join(Decision, Decision.id == Delivery.decision_id)
        .where(
            Delivery.conversation_id.in_(conversation_ids),
            Delivery.status.in_(IN_DOUBT),
            Delivery.attended_at.is_(None),
        )
        .order_by(Delivery.queued_at, Delivery.id)
    )
    return [_in_doubt(*row) for row in rows]


def _in_doubt(
    delivery_id: uuid.UUID,
    conversation_id: uuid.UUID,
    status: str,
    kind: str,
    severity: str | None,
    decided_by: uuid.UUID | None,
) -> InDoubt:
    answered = Severity(severity) if severity else None
    level = level_of_undelivered(DeliveryKind(kind), answered)
    return InDoubt(delivery_id, conversation_id, DeliveryStatus(status), level, decided_by)


def put_up_undelivered(
    session: Session,
    conversations: Mapping[uuid.UUID, LockedConversation],
    delivery_ids: Sequence[uuid.UUID],
    *,
    now: datetime,
) -> None:
    """Bring texts that have just become doubtful before a person; at L3 and above it escalates."""
    told = [one for one in in_doubt(session, list(conversations)) if one.id in set(delivery_ids)]
    items = {item.conversation_id: item for item in lock_open_items(session, list(conversations))}
    opened = []
    for one in told:
        item = items.get(one.conversation_id)
        if item is None:
            item = _item_for(session, conversations[one.conversation_id], now=now)
            items[one.conversation_id] = item
            opened.append(item)
    write_items(session, opened, actor=COURIER, why="undelivered")
    for one in told:
        item = items[one.conversation_id]
        known = Severity(item.undelivered_severity) if item.undelivered_severity else one.level
        item.undelivered_severity = worst([known, one.level]).value
        item.undelivered_at = item.undelivered_at or now
        item.version += 1
        record(session, _event("item.undelivered", item, one, COURIER))
        contact_in_doubt(session, one.conversation_id, one.decided_by, now=now, actor=COURIER)
    raised = [items[conversation_id] for conversation_id in {one.conversation_id for one in told}]
    session.flush()
    refresh_items(session, raised, conversations, now=now, actor=COURIER)


def _item_for(session: Session, conversation: LockedConversation, *, now: datetime) -> ReviewItem:
    """An item without a turn: everything said was read, only the text is in doubt."""
    return new_item(
        session,
        conversation,
        first_sequence=conversation.last_sequence + 1,
        last_sequence=conversation.last_sequence,
        now=now,
        floor=Severity.L0,
    )


def send_again(
    session: Session, delivery_id: uuid.UUID, status: DeliveryStatus, *, now: datetime, actor: Actor
) -> None:
    """A person, having looked, sends a text in doubt again: the same delivery, the same id."""
    row = move(
        session,
        DELIVERY,
        delivery_id,
        status,
        DeliveryEvent.RESEND,
        actor=actor,
        values={
            "feed_position": None,
            "not_before": now,
            "settled_at": None,
            "attended_at": None,
        },
    )
    ring(session, Topic.DELIVER, row.conversation_id)


def answer_doubt(
    session: Session, item: ReviewItem, action: Action, *, now: datetime, actor: Actor
) -> uuid.UUID | None:
    """What a decision means for the item's texts in doubt; returns the last one sent again."""
    if action not in ANSWERS or item.undelivered_at is None:
        return None
    told = in_doubt(session, [item.conversation_id])
    if action is not Action.RESEND:
        attend(session, item, told, now=now, actor=actor, how=action.value)
        return None
    if not told:
        raise StaleVersion("it has arrived meanwhile: there is nothing to send again")
    for one in told:
        send_again(session, one.id, one.status, now=now, actor=actor)
    _look_again(session, item)
    return told[-1].id


def attend(
    session: Session,
    item: ReviewItem,
    told: Sequence[InDoubt],
    *,
    now: datetime,
    actor: Actor,
    how: str,
) -> None:
    """Somebody answered for texts in doubt: they no longer keep the conversation's item open."""
    table = table_of(Delivery)
    session.execute(
        update(table).where(table.c.id.in_([one.id for one in told])).values(attended_at=now)
    )
    for one in told:
        record(session, _event("delivery.attend", item, one, actor, how=how))
    _look_again(session, item)


def attend_one(
    session: Session,
    conversation: LockedConversation,
    delivery_id: uuid.UUID,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Somebody corrected or retracted a text in doubt: that answers for it."""
    told = [one for one in in_doubt(session, [conversation.id]) if one.id == delivery_id]
    for item in lock_open_items(session, [conversation.id]) if told else ():
        attend(session, item, told, now=now, actor=actor, how="corrected")
        _relieve(session, conversation, item, now=now, actor=actor)


def _look_again(session: Session, item: ReviewItem) -> None:
    """Set what the item says about texts in doubt to what is left of them."""
    levels = [one.level for one in in_doubt(session, [item.conversation_id])]
    item.undelivered_at = item.undelivered_at if levels else None
    before = Severity(item.undelivered_severity or Severity.L0)
    if at_least(before, Severity.L3):
        levels.append(before)  # somebody was called: only a person takes that back
    item.undelivered_severity = worst(levels).value if levels else None
    session.flush()


def settle_arrived(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Close, or relieve, the items whose texts in doubt have arrived or were sent again.

    Takes the locks itself. An item at L3 or above keeps its level: a person was called, and a
    person ends it.
    """
    doubtful = (
        select(Delivery.id)
        .where(
            Delivery.conversation_id == ReviewItem.conversation_id,
            Delivery.status.in_(IN_DOUBT),
            Delivery.attended_at.is_(None),
        )
        .exists()
    )
    found = session.scalars(
        select(ReviewItem.conversation_id)
        .where(
            ReviewItem.undelivered_at.is_not(None),
            ReviewItem.status != ItemStatus.CLOSED,
            ~doubtful,
        )
        .limit(limit)
    ).all()
    if not found:
        return 0
    conversations = lock_conversations(session, found)
    settled = 0
    for item in lock_open_items(session, list(found)):
        _look_again(session, item)
        if item.undelivered_at is None:
            _relieve(session, conversations[item.conversation_id], item, now=now, actor=COURIER)
            settled += 1
    return settled


def _relieve(
    session: Session,
    conversation: LockedConversation,
    item: ReviewItem,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Nothing of the item is in doubt any more: it closes if nothing else is in it.

    At L3 and above it is escalated, not waiting, and stays for the person who was called.
    """
    nothing_else = (
        item.undelivered_at is None
        and item.notice is None
        and item.read_sequence >= item.last_sequence
        and not held_drafts(session, [conversation.id])
    )
    if item.status != ItemStatus.WAITING or not nothing_else:
        refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=actor)
        return
    values = {"closed_at": now, "disposition": Disposition.SETTLED.value, "bridge_due_at": None}
    move(session, ITEM, item.id, ItemStatus.WAITING, ItemEvent.SETTLE, actor=actor, values=values)
    ring(session, Topic.LIVE, conversation.id)


def _event(kind: str, item: ReviewItem, one: InDoubt, actor: Actor, **detail: object) -> Event:
    return Event(
        kind,
        actor,
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        subject=one.id,
        detail={"status": one.status.value, "level": one.level.value, **detail},
    )

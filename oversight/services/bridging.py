"""Covering a hold: the bridge message at the clock of the severity, in the participant's language.

A bridge needs no draft to exist, and it is a decision of the policy version that wrote its words.
It says that a person was told only when one was.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Delivery, Message, ReviewItem
from oversight.domain.bridge import choose_bridge
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, DeliveryKind
from oversight.queries.on_call import somebody_told
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor, Event, record
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.items import refresh_items
from oversight.services.locking import LockedConversation, lock_item

POLICY = Actor.system("policy")


def due_bridges(session: Session, *, now: datetime, limit: int = 200) -> Sequence[uuid.UUID]:
    """Items whose hold has lasted as long as their level allows, worst first, then most overdue.

    Worst first, because thousands of unscored items can fall due together after an outage, and an
    imminent one has 20 seconds.
    """
    return session.scalars(
        select(ReviewItem.id)
        .where(ReviewItem.bridge_due_at <= now, ReviewItem.status != ItemStatus.CLOSED)
        .order_by(ReviewItem.priority.desc(), ReviewItem.bridge_due_at)
        .limit(limit)
    ).all()


def bridge(session: Session, item_id: uuid.UUID, *, now: datetime) -> bool:
    """Send the bridge an item owes, if it still does. Returns whether one was sent."""
    conversation, item = lock_item(session, item_id)
    due = item.bridge_due_at
    if item.status == ItemStatus.CLOSED or due is None or due > now:
        return False
    return cover(session, conversation, item, now=now)


def cover(
    session: Session, conversation: LockedConversation, item: ReviewItem, *, now: datetime
) -> bool:
    """Cover everything said so far in a locked item with one message, where one is left to say."""
    severity = Severity(item.severity)
    chosen = choose_bridge(
        policy_of(session, item.policy_version_id),
        severity,
        somebody_told=somebody_told(session, conversation.id, now=now),
        language=_language(session, conversation, item),
        jurisdiction=conversation.jurisdiction,
        used=_used(session, conversation.id),
    )
    again = severity is Severity.L0 and item.covered_severity is not None
    sent = chosen is not None and not again
    if chosen is not None and sent:
        decision = write_decision(
            session,
            conversation,
            Chosen(
                kind=DecisionKind.BRIDGE,
                policy_version_id=item.policy_version_id,
                text=chosen.text,
                item_id=item.id,
                item_version=item.version,
                severity=severity,
            ),
            actor=POLICY,
        )
        kind = DeliveryKind.NOTE if severity is Severity.L0 else DeliveryKind.BRIDGE
        queue_delivery(
            session, conversation, decision, kind, now=now, variant=chosen.variant, actor=POLICY
        )
    else:
        record(session, _silent(item))
    item.covered_sequence, item.covered_at = item.last_sequence, now
    item.covered_severity = severity
    session.flush()
    refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=POLICY)
    return sent


def _used(session: Session, conversation_id: uuid.UUID) -> list[str]:
    """Every variant this conversation has been shown, oldest first."""
    rows = session.scalars(
        select(Delivery.variant)
        .where(Delivery.conversation_id == conversation_id, Delivery.variant.is_not(None))
        .order_by(Delivery.queued_at)
    )
    return [variant for variant in rows if variant]


def _language(session: Session, conversation: LockedConversation, item: ReviewItem) -> str | None:
    """The participant's own language, else the one their newest message was written in."""
    if conversation.language:
        return conversation.language
    return session.scalar(
        select(Message.language)
        .where(Message.item_id == item.id, Message.language.is_not(None))
        .order_by(Message.sequence.desc())
        .limit(1)
    )


def _silent(item: ReviewItem) -> Event:
    return Event(
        "bridge.silent",
        POLICY,
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        subject=item.id,
        detail={"severity": item.severity, "why": "no unused variant"},
    )

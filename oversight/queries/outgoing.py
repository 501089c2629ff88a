"""What a bot may see of its replies and deliveries. Text only once it has been handed out."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Conversation, Decision, Delivery, Draft, Participant
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus
from oversight.domain.words import DeliveryKind


@dataclass(frozen=True)
class Shown:
    """One thing the participant should see, in the order of the study's feed."""

    feed_position: int
    delivery_id: uuid.UUID
    conversation_id: str
    participant_id: str
    kind: DeliveryKind
    text: str
    corrects: uuid.UUID | None
    created_at: datetime


@dataclass(frozen=True)
class ReplyState:
    """Where a reply stands. ``wake_at`` is when an undo window ends and polling pays again."""

    reply_id: uuid.UUID
    conversation_id: uuid.UUID
    status: DraftStatus
    text: str | None = None
    delivery_id: uuid.UUID | None = None
    decision: str | None = None
    bridge: tuple[uuid.UUID, str] | None = None
    released_at: datetime | None = None
    wake_at: datetime | None = None


def feed(session: Session, study_id: uuid.UUID, *, after: int, limit: int = 200) -> Sequence[Shown]:
    """Everything handed out after a position, oldest first; repeats are the reader's to skip."""
    rows = session.execute(
        select(
            Delivery.feed_position,
            Delivery.id,
            Conversation.external_id,
            Participant.external_id,
            Delivery.kind,
            Delivery.text,
            Delivery.corrects,
            Delivery.queued_at,
        )
        .join(Conversation, Conversation.id == Delivery.conversation_id)
        .join(Participant, Participant.id == Delivery.participant_id)
        .where(Delivery.study_id == study_id, Delivery.feed_position > after)
        .order_by(Delivery.feed_position)
        .limit(limit)
    )
    return [
        Shown(
            feed_position=row[0] or 0,
            delivery_id=row[1],
            conversation_id=row[2],
            participant_id=row[3],
            kind=DeliveryKind(row[4]),
            text=row[5],
            corrects=row[6],
            created_at=row[7],
        )
        for row in rows
    ]


def next_due(session: Session, study_id: uuid.UUID) -> timedelta | None:
    """How long, by the database's clock, until something of the study may be handed out.

    Zero when something is due already; None when nothing is queued.
    """
    earliest, now = session.execute(
        select(func.min(Delivery.not_before), func.oversight_now()).where(
            Delivery.study_id == study_id, Delivery.status == DeliveryStatus.QUEUED
        )
    ).one()
    return None if earliest is None else max(earliest - now, timedelta(0))


def reply_state(session: Session, study_id: uuid.UUID, reply_id: uuid.UUID) -> ReplyState:
    """The newest revision of a reply as its bot may know it.

    A released draft is answered as held until its text was handed out (the undo window); the
    bridge is the newest bridge or note of the conversation since the draft arrived.
    """
    draft = session.execute(
        select(Draft.id, Draft.conversation_id, Draft.status, Draft.received_at, Draft.revision)
        .where(Draft.reply_id == reply_id, Draft.study_id == study_id)
        .order_by(Draft.revision.desc())
        .limit(1)
    ).one_or_none()
    if draft is None:
        raise NotFound("no such reply in this study", reply_id=str(reply_id))
    delivery = session.execute(
        select(Delivery, Decision.kind)
        .join(Decision, Decision.id == Delivery.decision_id)
        .where(Delivery.draft_id == draft.id)
        .order_by(Delivery.queued_at)
        .limit(1)
    ).one_or_none()
    bridge = session.execute(
        select(Delivery.id, Delivery.text)
        .where(
            Delivery.conversation_id == draft.conversation_id,
            Delivery.kind.in_([DeliveryKind.BRIDGE, DeliveryKind.NOTE]),
            Delivery.handed_out_at.is_not(None),
            Delivery.queued_at >= draft.received_at,
        )
        .order_by(Delivery.queued_at.desc())
        .limit(1)
    ).one_or_none()
    cover = (bridge.id, bridge.text) if bridge else None
    status = DraftStatus(draft.status)
    if delivery is None:
        return ReplyState(reply_id, draft.conversation_id, status, bridge=cover)
    sent: Delivery = delivery[0]
    if status is DraftStatus.RELEASED and sent.status == DeliveryStatus.QUEUED:
        waiting = sent.handed_out_at is None
        shown = DraftStatus.HELD if waiting else DraftStatus.RELEASED
        return ReplyState(
            reply_id, draft.conversation_id, shown, bridge=cover, wake_at=sent.not_before
        )
    return ReplyState(
        reply_id=reply_id,
        conversation_id=draft.conversation_id,
        status=status,
        text=sent.text if sent.handed_out_at else None,
        delivery_id=sent.id if sent.handed_out_at else None,
        decision=delivery[1],
        bridge=cover,
        released_at=sent.queued_at,
    )

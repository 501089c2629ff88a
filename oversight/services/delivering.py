"""Handing texts out, and what came back. Only a receipt means delivered."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import (
    Clinician,
    Conversation,
    Delivery,
    Draft,
    Message,
    Participant,
    Study,
    table_of,
)
from oversight.domain.errors import Conflict, NotFound, NotPermitted
from oversight.domain.lifecycle import DeliveryEvent, DeliveryStatus, DraftEvent, DraftStatus
from oversight.domain.permissions import Role, reads_items
from oversight.domain.sending import RECEIPT_WITHIN, pause_before_retry
from oversight.domain.words import DeliveryKind
from oversight.queries.stops import stopped
from oversight.services.audit import Actor
from oversight.services.locking import (
    LockedConversation,
    lock_conversation,
    lock_conversations,
)
from oversight.services.recalling import put_back, recall_unsent
from oversight.services.transition import DELIVERY, DRAFT, move, move_all
from oversight.services.undelivered import put_up_undelivered, send_again

COURIER = Actor.system("courier")


@dataclass(frozen=True)
class Receipt:
    """What the bot reports about a delivery. Its times are its own clock's, kept as told."""

    delivered: bool
    at: datetime
    read_at: datetime | None = None


def hand_out(session: Session, study_id: uuid.UUID, *, reply_id: uuid.UUID | None = None) -> int:
    """Start sending what is due: give it a place in the study's feed, in order of commit.

    The study's row is locked while places are given, so a reader of the feed can never see a
    place while an earlier one is not committed yet. With ``reply_id`` only what the poll of that
    reply shows: its text, and what bridges the hold. Returns how many were handed out.
    """
    now = db_session.now(session)
    deliveries = table_of(Delivery)
    due = [
        deliveries.c.study_id == study_id,
        deliveries.c.status == DeliveryStatus.QUEUED.value,
        deliveries.c.not_before <= now,
        ~_stopped_words(),
    ]
    if reply_id is not None:
        due.append(_shown_by_poll(reply_id))
    if session.scalar(select(deliveries.c.id).where(*due).limit(1)) is None:
        return 0
    position = session.scalars(
        select(Study.feed_position).where(Study.id == study_id).with_for_update(key_share=True)
    ).one()
    ids = session.scalars(
        select(deliveries.c.id)
        .where(*due)
        .order_by(deliveries.c.not_before, deliveries.c.id)
        .with_for_update(skip_locked=True, key_share=True)  # what is being recalled stays here
    ).all()
    sent = 0
    for delivery_id in ids:
        moved = move_all(
            session,
            DELIVERY,
            DeliveryStatus.QUEUED,
            DeliveryEvent.HAND_OUT,
            where=[deliveries.c.id == delivery_id, deliveries.c.not_before <= now],
            actor=COURIER,
            values={
                "feed_position": position + sent + 1,
                "handed_out_at": now,
                "attempts": deliveries.c.attempts + 1,
            },
        )
        sent += len(moved)
        for row in moved:
            ring(session, Topic.LIVE, row.conversation_id)
    session.execute(
        update(table_of(Study))
        .where(table_of(Study).c.id == study_id)
        .values(feed_position=position + sent)
    )
    return sent


def _stopped_words() -> ColumnElement[bool]:
    """The bot's words where it is stopped: asked at the last moment before they leave."""
    deliveries = table_of(Delivery)
    here = (
        select(Conversation.id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .where(Conversation.id == deliveries.c.conversation_id, stopped())
        .exists()
    )
    return and_(deliveries.c.kind == DeliveryKind.REPLY.value, here)


def _shown_by_poll(reply_id: uuid.UUID) -> ColumnElement[bool]:
    deliveries, drafts = table_of(Delivery), table_of(Draft)
    revisions = drafts.c.reply_id == reply_id
    return or_(
        deliveries.c.draft_id.in_(select(drafts.c.id).where(revisions)),
        and_(
            deliveries.c.kind.in_([DeliveryKind.BRIDGE.value, DeliveryKind.NOTE.value]),
            deliveries.c.conversation_id.in_(select(drafts.c.conversation_id).where(revisions)),
        ),
    )


def take_receipt(
    session: Session, study_id: uuid.UUID, delivery_id: uuid.UUID, receipt: Receipt
) -> DeliveryStatus:
    """Settle a delivery. Repeating a receipt is harmless; contradicting it is refused."""
    now = db_session.now(session)
    conversation = None
    if not receipt.delivered:  # it may be recalled below, and a conversation is locked first
        conversation = _lock_conversation_of(session, study_id, delivery_id)
    found = session.execute(
        select(Delivery.status, Delivery.attempts, Delivery.draft_id, Delivery.queued_at)
        .where(Delivery.id == delivery_id, Delivery.study_id == study_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFound("no such delivery in this study", delivery_id=str(delivery_id))
    status = DeliveryStatus(found.status)
    if receipt.delivered and status is DeliveryStatus.DELIVERED:
        _note_read(session, delivery_id, receipt)
        return status
    known = (DeliveryStatus.FAILED, DeliveryStatus.QUEUED, DeliveryStatus.RECALLED)
    if not receipt.delivered and status in known and found.attempts:
        return status
    if status not in (DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN):
        raise Conflict(
            f"this delivery is {status.value}: a receipt can no longer change it",
            delivery_id=str(delivery_id),
            status=status.value,
        )
    if conversation is None:
        return _confirm(session, delivery_id, status, found.draft_id, receipt, now=now)
    outcome = _report_failure(session, delivery_id, status, found.attempts, receipt, now=now)
    if outcome is DeliveryStatus.QUEUED and _wrote_since(session, conversation, found.queued_at):
        return _take_back(session, conversation, delivery_id, now=now)
    if outcome is DeliveryStatus.FAILED:
        put_up_undelivered(session, {conversation.id: conversation}, [delivery_id], now=now)
    return outcome


def _lock_conversation_of(
    session: Session, study_id: uuid.UUID, delivery_id: uuid.UUID
) -> LockedConversation | None:
    conversation_id = session.scalar(
        select(Delivery.conversation_id).where(
            Delivery.id == delivery_id, Delivery.study_id == study_id
        )
    )
    return None if conversation_id is None else lock_conversation(session, conversation_id)


def _wrote_since(session: Session, conversation: LockedConversation, moment: datetime) -> bool:
    newer = select(Message.id).where(
        Message.conversation_id == conversation.id, Message.received_at > moment
    )
    return session.scalar(newer.limit(1)) is not None


def _take_back(
    session: Session, conversation: LockedConversation, delivery_id: uuid.UUID, *, now: datetime
) -> DeliveryStatus:
    """A reply that did not arrive is read again before it answers what was written since."""
    why = "not delivered before the participant wrote again"
    conversations = {conversation.id: conversation}
    recalled = recall_unsent(session, conversations, now=now, actor=COURIER, why=why)
    if back := recalled.get(conversation.id):
        put_back(session, conversation, back, now=now, actor=COURIER, why=why)
    status = session.scalar(select(Delivery.status).where(Delivery.id == delivery_id))
    return DeliveryStatus(status or DeliveryStatus.QUEUED)


def _note_read(session: Session, delivery_id: uuid.UUID, receipt: Receipt) -> None:
    if receipt.read_at is not None:
        session.execute(
            update(table_of(Delivery))
            .where(table_of(Delivery).c.id == delivery_id)
            .values(read_at=func.coalesce(table_of(Delivery).c.read_at, receipt.read_at))
        )


def _confirm(
    session: Session,
    delivery_id: uuid.UUID,
    status: DeliveryStatus,
    draft_id: uuid.UUID | None,
    receipt: Receipt,
    *,
    now: datetime,
) -> DeliveryStatus:
    row = move(
        session,
        DELIVERY,
        delivery_id,
        status,
        DeliveryEvent.CONFIRM,
        actor=COURIER,
        values={"settled_at": now, "reported_at": receipt.at, "read_at": receipt.read_at},
    )
    if draft_id is not None:
        drafts = table_of(Draft)
        move_all(
            session,
            DRAFT,
            DraftStatus.RELEASED,
            DraftEvent.DELIVER,
            where=[drafts.c.id == draft_id],
            actor=COURIER,
            values={"status_at": now},
        )
        if status is DeliveryStatus.UNCERTAIN:
            _mark_corrected(session, delivery_id, draft_id, now=now)
    ring(session, Topic.LIVE, row.conversation_id)
    return DeliveryStatus.DELIVERED


def _mark_corrected(
    session: Session, delivery_id: uuid.UUID, draft_id: uuid.UUID, *, now: datetime
) -> None:
    """A reply that arrived after all was corrected or retracted while nobody knew."""
    kind = session.scalar(
        select(Delivery.kind)
        .where(Delivery.corrects == delivery_id)
        .order_by(Delivery.queued_at.desc())
        .limit(1)
    )
    if kind is None:
        return
    retracted = kind == DeliveryKind.RETRACTION
    move_all(
        session,
        DRAFT,
        DraftStatus.DELIVERED,
        DraftEvent.RETRACT if retracted else DraftEvent.CORRECT,
        where=[table_of(Draft).c.id == draft_id],
        actor=COURIER,
        values={"status_at": now},
    )


def _report_failure(
    session: Session,
    delivery_id: uuid.UUID,
    status: DeliveryStatus,
    attempts: int,
    receipt: Receipt,
    *,
    now: datetime,
) -> DeliveryStatus:
    """A failure that was reported is tried again; an uncertain one is left to a person."""
    pause = pause_before_retry(status, attempts)
    retry = pause is not None
    row = move(
        session,
        DELIVERY,
        delivery_id,
        status,
        DeliveryEvent.RETRY if retry else DeliveryEvent.FAIL,
        actor=COURIER,
        values={
            "reported_at": receipt.at,
            "settled_at": None if retry else now,
            "feed_position": None,
            "not_before": now + (pause or timedelta(0)),
        },
    )
    ring(session, Topic.DELIVER if retry else Topic.LIVE, row.conversation_id)
    return DeliveryStatus.QUEUED if retry else DeliveryStatus.FAILED


def lose_sight(session: Session, *, now: datetime, limit: int = 100) -> int:
    """No receipt within a minute of handing out: uncertain, and a person decides."""
    deliveries = table_of(Delivery)
    late = [
        deliveries.c.status == DeliveryStatus.SENDING.value,
        deliveries.c.handed_out_at < now - RECEIPT_WITHIN,
    ]
    found = session.execute(
        select(deliveries.c.id, deliveries.c.conversation_id)
        .where(*late)
        .order_by(deliveries.c.handed_out_at)
        .limit(limit)
    ).all()
    if not found:
        return 0
    conversations = lock_conversations(session, {row.conversation_id for row in found})
    rows = move_all(
        session,
        DELIVERY,
        DeliveryStatus.SENDING,
        DeliveryEvent.LOSE_SIGHT,
        where=[deliveries.c.id.in_([row.id for row in found]), *late],
        actor=COURIER,
    )
    put_up_undelivered(session, conversations, [row.id for row in rows], now=now)
    return len(rows)


def resend(session: Session, delivery_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """A person, having looked, sends an uncertain or failed text again under the same id."""
    now = db_session.now(session)
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None or not reads_items(Role(role)):
        raise NotPermitted("only a clinician or supervisor on the team can send a text again")
    status = session.scalar(select(Delivery.status).where(Delivery.id == delivery_id))
    if status is None:
        raise NotFound("no such delivery", delivery_id=str(delivery_id))
    actor = Actor.clinician(clinician_id)
    send_again(session, delivery_id, DeliveryStatus(status), now=now, actor=actor)

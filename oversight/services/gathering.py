"""What an open item must hold: every turn that nobody has handled, wherever it stands by now.

A turn is outside an item while an arm waits for its score, when its arm changes meanwhile, and
when the answer to it is recalled. Callers hold the conversations' locks.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Integer, and_, func, or_, select, union, update
from sqlalchemy.orm import Session, aliased

from db.rows import listed
from db.tables import (
    Arm,
    Conversation,
    Decision,
    Delivery,
    Draft,
    Message,
    Participant,
    PolicyVersion,
    ReviewItem,
)
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus, ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import DeliveryKind, Scoring

UNANSWERED_SECONDS = 600
"""For policy versions stored before they named it."""

LOOK_BACK = timedelta(days=7)

_HARMLESS = (Severity.L0, Severity.L1)
_COVERING = (DeliveryKind.REPLY, DeliveryKind.CLINICIAN, DeliveryKind.BRIDGE, DeliveryKind.NOTE)
_UNSENT = (DeliveryStatus.RECALLED, DeliveryStatus.FAILED)

_ANSWERED = and_(
    Message.scoring == Scoring.SCORED,
    Message.severity.in_(_HARMLESS),
    select(Draft.id)
    .where(
        Draft.conversation_id == Message.conversation_id,
        Draft.sequence > Message.sequence,
        Draft.status.in_([DraftStatus.RELEASED, DraftStatus.DELIVERED, DraftStatus.CORRECTED]),
    )
    .exists(),
)
"""Harmless, and before a reply that was released: several messages may have one answer."""

_STRAY = and_(Message.item_id.is_(None), ~_ANSWERED)
_STRAY_DRAFT = and_(Draft.item_id.is_(None), Draft.status == DraftStatus.HELD)
_WITH_STRAYS = union(
    select(Message.conversation_id).where(listed(Message.conversation_id, "conversations"), _STRAY),
    select(Draft.conversation_id).where(
        listed(Draft.conversation_id, "conversations"), _STRAY_DRAFT
    ),
)


def with_strays(session: Session, conversation_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The conversations that have a turn which nobody handled and which is in no item."""
    found = session.scalars(_WITH_STRAYS, {"conversations": list(conversation_ids)})
    return set(found)


def unanswered(session: Session, *, now: datetime, limit: int = 100) -> set[uuid.UUID]:
    """Conversations with a message in no item that its policy's time passed without a reply.

    Looks back for a week: a clock that stood still for so long is an incident of its own.
    """
    default = aliased(Arm)
    version = func.coalesce(Arm.policy_version_id, default.policy_version_id)
    wait = PolicyVersion.document["unanswered_seconds"].astext.cast(Integer)
    due = Message.received_at + func.make_interval(
        0, 0, 0, 0, 0, 0, func.coalesce(wait, UNANSWERED_SECONDS)
    )
    found = session.scalars(
        select(Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(Arm, Arm.id == Participant.arm_id)
        .outerjoin(
            default, and_(default.study_id == Conversation.study_id, default.name == "default")
        )
        .outerjoin(PolicyVersion, PolicyVersion.id == version)
        .where(_STRAY, Message.received_at > now - LOOK_BACK, due <= now)
        .order_by(Message.received_at)
        .limit(limit)
    )
    return set(found)


def gather(session: Session, item: ReviewItem) -> bool:
    """Bring every unhandled turn into an open, locked item; whether there was one.

    A refresh must follow. What was gathered is unread, even where later turns were read.
    """
    found = [*_messages(session, item), *_drafts(session, item)]
    if not found:
        return False
    item.first_sequence = min(item.first_sequence, *found)
    item.last_sequence = max(item.last_sequence, *found)
    item.read_sequence = min(item.read_sequence, min(found) - 1)
    item.version += 1
    cover_again(session, item)
    return True


def ask_again(message: Message, item: ReviewItem | None) -> None:
    """A score above what a person saw when they lowered or closed its item asks them once more."""
    if item is None:
        message.item_id = None
    elif (item.lowered_sequence or 0) >= message.sequence:
        item.lowered_sequence = message.sequence - 1


def cover_again(session: Session, item: ReviewItem) -> None:
    """Count as covered what was said before the newest text that is sent or still to be sent."""
    newest = session.execute(
        select(Delivery.queued_at, Decision.severity)
        .join(Decision, Decision.id == Delivery.decision_id)
        .where(
            Delivery.conversation_id == item.conversation_id,
            Delivery.kind.in_(_COVERING),
            Delivery.status.not_in(_UNSENT),
        )
        .order_by(Delivery.queued_at.desc())
        .limit(1)
    ).one_or_none()
    covered = None
    if newest is not None:
        covered = session.scalar(
            select(func.max(Message.sequence)).where(
                Message.conversation_id == item.conversation_id,
                Message.received_at < newest.queued_at,
            )
        )
    item.covered_sequence = max(item.first_sequence - 1, covered or 0)
    item.covered_at = newest.queued_at if newest is not None else None
    item.covered_severity = newest.severity if newest is not None and covered else None


def _messages(session: Session, item: ReviewItem) -> list[int]:
    """Strays, and turns of closed items beyond the last decision that was not taken back."""
    closed = select(ReviewItem.id).where(
        ReviewItem.conversation_id == item.conversation_id,
        ReviewItem.status == ItemStatus.CLOSED,
    )
    undecided = and_(
        Message.item_id.in_(closed), Message.sequence > _decided_sequence(session, item)
    )
    return _take(session, Message, item, or_(_STRAY, undecided))


def _drafts(session: Session, item: ReviewItem) -> list[int]:
    return _take(session, Draft, item, _STRAY_DRAFT)


def _decided_sequence(session: Session, item: ReviewItem) -> int:
    recalled = select(Delivery.id).where(
        Delivery.decision_id == Decision.id, Delivery.status == DeliveryStatus.RECALLED
    )
    found = session.scalar(
        select(func.max(Decision.read_sequence)).where(
            Decision.conversation_id == item.conversation_id, ~recalled.exists()
        )
    )
    return found or 0


def _take(
    session: Session,
    model: type[Message] | type[Draft],
    item: ReviewItem,
    which: ColumnElement[bool],
) -> list[int]:
    taken = session.scalars(
        update(model)
        .where(model.conversation_id == item.conversation_id, which)
        .values(item_id=item.id)
        .returning(model.sequence)
        .execution_options(synchronize_session=False)
    )
    return list(taken)

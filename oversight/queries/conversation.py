"""One conversation as people read it: every turn, what became of it, and when."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from db.tables import Clinician, Decision, Delivery, Draft, Message
from oversight.domain.flags import Flag, Grade
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus
from oversight.domain.severity import Category, Severity
from oversight.domain.words import DeliveryKind, Scoring


@dataclass(frozen=True)
class ShownTurn:
    """One turn. ``role`` is participant, bot (a draft or a released reply), or team.

    ``text`` is what the participant saw or will see; ``draft_text`` is the bot's proposal where a
    person changed it.
    """

    sequence: int
    role: str
    text: str
    at: datetime
    message_id: uuid.UUID | None = None
    sent_at: datetime | None = None
    severity: Severity | None = None
    scoring: Scoring | None = None
    categories: Sequence[Category] = ()
    draft_id: uuid.UUID | None = None
    draft_status: DraftStatus | None = None
    draft_text: str | None = None
    grade: Grade | None = None
    flags: Sequence[Flag] = ()
    delivery_id: uuid.UUID | None = None
    delivery_kind: DeliveryKind | None = None
    delivery_status: DeliveryStatus | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    decided_by: str | None = None

    @property
    def rank(self) -> int:
        """Order of gravity, for finding the turn that set a level."""
        return self.severity.rank if self.severity else -1


# Built once: building a statement anew takes longer than executing it.
_MESSAGES = (
    select(Message)
    .where(Message.conversation_id == bindparam("conversation"))
    .order_by(Message.sequence.desc())
    .limit(bindparam("most"))
)
_DRAFTS = (
    select(Draft)
    .where(Draft.conversation_id == bindparam("conversation"))
    .order_by(Draft.sequence.desc())
    .limit(bindparam("most"))
)
_SENT = (
    select(Delivery, Clinician.name)
    .join(Decision, Decision.id == Delivery.decision_id)
    .outerjoin(Clinician, Clinician.id == Decision.clinician_id)
    .where(Delivery.conversation_id == bindparam("conversation"))
    .order_by(Delivery.queued_at.desc())
    .limit(bindparam("most"))
)


def turns_of(
    session: Session, conversation_id: uuid.UUID, *, limit: int = 500
) -> Sequence[ShownTurn]:
    """The newest ``limit`` turns of a conversation, oldest first.

    Bridges and other deliveries without a draft stand where they were queued.
    """
    asked = {"conversation": conversation_id, "most": limit}
    messages = session.scalars(_MESSAGES, asked).all()
    drafts = session.scalars(_DRAFTS, asked).all()
    sent = session.execute(_SENT, asked).all()
    by_draft = {row[0].draft_id: row for row in sent if row[0].draft_id is not None}
    turns = [_said(message) for message in messages]
    turns += [proposed(draft, *by_draft.get(draft.id, (None, None))) for draft in drafts]
    turns += [_sent(delivery, name) for delivery, name in sent if delivery.draft_id is None]
    return sorted(turns, key=lambda turn: (turn.at, turn.sequence))[-limit:]


def _said(message: Message) -> ShownTurn:
    return ShownTurn(
        sequence=message.sequence,
        role="participant",
        text=message.text,
        at=message.received_at,
        message_id=message.id,
        sent_at=message.sent_at,
        severity=Severity(message.severity),
        scoring=Scoring(message.scoring),
        categories=[Category(one) for one in message.categories],
    )


def proposed(
    draft: Draft, delivery: Delivery | None = None, decided_by: str | None = None
) -> ShownTurn:
    """The bot's proposal, or what became of it."""
    text = delivery.text if delivery else draft.text
    return ShownTurn(
        sequence=draft.sequence,
        role="team" if delivery and delivery.kind == DeliveryKind.CLINICIAN else "bot",
        text=text,
        at=draft.received_at,
        draft_id=draft.id,
        draft_status=DraftStatus(draft.status),
        draft_text=draft.text if text != draft.text else None,
        grade=Grade(draft.grade),
        flags=[Flag(one) for one in draft.flags],
        scoring=Scoring(draft.scoring),
        decided_by=decided_by,
        **_way(delivery),
    )


def _sent(delivery: Delivery, decided_by: str | None) -> ShownTurn:
    return ShownTurn(
        sequence=0,
        role="team",
        text=delivery.text,
        at=delivery.queued_at,
        decided_by=decided_by,
        **_way(delivery),
    )


def _way(delivery: Delivery | None) -> dict[str, Any]:  # Any: fields of several types
    if delivery is None:
        return {}
    return {
        "delivery_id": delivery.id,
        "delivery_kind": DeliveryKind(delivery.kind),
        "delivery_status": DeliveryStatus(delivery.status),
        "delivered_at": delivery.settled_at,
        "read_at": delivery.read_at,
    }

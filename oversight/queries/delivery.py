"""Where one delivery stands."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from db.tables import Clinician, Decision, Delivery, Participant
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.sending import IN_DOUBT
from oversight.domain.words import DeliveryKind


@dataclass(frozen=True)
class DeliveryState:
    """A delivery as its sender needs to know it."""

    id: uuid.UUID
    participant: str
    status: DeliveryStatus
    not_before: datetime
    handed_out_at: datetime | None
    settled_at: datetime | None
    at: datetime


@dataclass(frozen=True)
class TextInDoubt:
    """A text that failed or stays unconfirmed, and that nobody answered for yet."""

    id: uuid.UUID
    kind: DeliveryKind
    status: DeliveryStatus
    text: str
    at: datetime
    attempts: int
    decided_by: str | None


def texts_in_doubt(session: Session, conversation_id: uuid.UUID) -> Sequence[TextInDoubt]:
    """What may not have reached the participant of a conversation, oldest first."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.kind,
            Delivery.status,
            Delivery.text,
            func.coalesce(Delivery.handed_out_at, Delivery.queued_at),
            Delivery.attempts,
            Clinician.name,
        )
        .join(Decision, Decision.id == Delivery.decision_id)
        .outerjoin(Clinician, Clinician.id == Decision.clinician_id)
        .where(
            Delivery.conversation_id == conversation_id,
            Delivery.status.in_(IN_DOUBT),
            Delivery.attended_at.is_(None),
        )
        .order_by(Delivery.queued_at, Delivery.id)
    )
    return [
        TextInDoubt(row[0], DeliveryKind(row[1]), DeliveryStatus(row[2]), *row[3:]) for row in rows
    ]


# Built once: building a statement anew takes longer than executing it.
_STATE = (
    select(
        Delivery.id,
        Participant.external_id,
        Delivery.status,
        Delivery.not_before,
        Delivery.handed_out_at,
        Delivery.settled_at,
        func.oversight_now(),
    )
    .join(Participant, Participant.id == Delivery.participant_id)
    .where(Delivery.id == bindparam("delivery"))
)


def delivery_state(session: Session, delivery_id: uuid.UUID) -> DeliveryState:
    """The state of a delivery now; NotFound when there is none."""
    row = session.execute(_STATE, {"delivery": delivery_id}).one_or_none()
    if row is None:
        raise NotFound("no such delivery", delivery_id=str(delivery_id))
    return DeliveryState(row[0], row[1], DeliveryStatus(row[2]), row[3], row[4], row[5], row[6])

"""Where one delivery stands."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Delivery, Participant
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import DeliveryStatus


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


def delivery_state(session: Session, delivery_id: uuid.UUID) -> DeliveryState:
    """The state of a delivery now; NotFound when there is none."""
    row = session.execute(
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
        .where(Delivery.id == delivery_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such delivery", delivery_id=str(delivery_id))
    return DeliveryState(row[0], row[1], DeliveryStatus(row[2]), row[3], row[4], row[5], row[6])

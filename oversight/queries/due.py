"""What the courier watches: texts that fall due, and people who were called."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Delivery, Escalation, Paging
from oversight.domain.lifecycle import DeliveryStatus


@dataclass(frozen=True)
class Page:
    """One person called about one escalation; no clinician means that nobody could be called."""

    id: uuid.UUID
    escalation_id: uuid.UUID
    step: int
    clinician_id: uuid.UUID | None
    severity: str


def fell_due(session: Session, *, after: datetime | None, until: datetime) -> Sequence[uuid.UUID]:
    """Conversations with a queued text whose undo window ended after one moment, until another."""
    due = [Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= until]
    if after is not None:
        due.append(Delivery.not_before > after)
    return session.scalars(select(Delivery.conversation_id).where(*due).distinct()).all()


def next_due_at(session: Session, *, after: datetime) -> datetime | None:
    """When the next undo window ends, if any is open."""
    return session.scalar(
        select(func.min(Delivery.not_before)).where(
            Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before > after
        )
    )


def pages_since(session: Session, moment: datetime) -> Sequence[Page]:
    """Pages from a moment on, oldest first."""
    rows = session.execute(
        select(
            Paging.id, Paging.escalation_id, Paging.step, Paging.clinician_id, Escalation.severity
        )
        .join(Escalation, Escalation.id == Paging.escalation_id)
        .where(Paging.at >= moment)
        .order_by(Paging.at, Paging.id)
    )
    return [Page(*row) for row in rows]

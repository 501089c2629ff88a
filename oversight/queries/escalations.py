"""A conversation's unresolved escalation: who has it, who was called, when the next call is due."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician, Escalation, Paging
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.severity import Severity


@dataclass(frozen=True)
class EscalationView:
    """The conversation's unresolved escalation."""

    id: uuid.UUID
    status: EscalationStatus
    severity: Severity
    owner: str | None
    owner_id: uuid.UUID | None
    opened_at: datetime
    next_page_at: datetime | None
    acknowledged_until: datetime | None
    reason: str | None
    called: Sequence[str]
    not_covered: bool


def escalation_of(session: Session, conversation_id: uuid.UUID) -> EscalationView | None:
    """The unresolved escalation of a conversation, with whom it called."""
    found = session.execute(
        select(Escalation, Clinician.name)
        .outerjoin(Clinician, Clinician.id == Escalation.owner_id)
        .where(
            Escalation.conversation_id == conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
    ).one_or_none()
    if found is None:
        return None
    escalation, owner = found
    pagings = session.execute(
        select(Clinician.name, Paging.clinician_id)
        .select_from(Paging)
        .outerjoin(Clinician, Clinician.id == Paging.clinician_id)
        .where(Paging.escalation_id == escalation.id, Paging.at >= escalation.ladder_started_at)
        .order_by(Paging.at)
    ).all()
    return EscalationView(
        id=escalation.id,
        status=EscalationStatus(escalation.status),
        severity=Severity(escalation.severity),
        owner=owner,
        owner_id=escalation.owner_id,
        opened_at=escalation.opened_at,
        next_page_at=escalation.next_page_at,
        acknowledged_until=escalation.acknowledged_until,
        reason=escalation.reason,
        called=list(dict.fromkeys(row.name for row in pagings if row.name)),
        not_covered=any(row.clinician_id is None for row in pagings),
    )

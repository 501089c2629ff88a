"""Contact by a person: what keeps an acknowledgement from lapsing, and what puts it in doubt."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.tables import Escalation
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.severity import Severity
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor, Event, record
from oversight.services.escalating import open_escalation_of


def begin_contact(
    session: Session, conversation_id: uuid.UUID, clinician_id: uuid.UUID, *, now: datetime
) -> None:
    """Human-written words are on their way: the acknowledgement no longer lapses."""
    begun = session.execute(
        update(Escalation)
        .where(
            Escalation.conversation_id == conversation_id,
            Escalation.status == EscalationStatus.ACKNOWLEDGED,
            Escalation.owner_id == clinician_id,
            Escalation.contact_begun_at.is_(None),
        )
        .values(contact_begun_at=now, next_page_at=None)
        .returning(Escalation.id, Escalation.study_id, Escalation.item_id)
    ).one_or_none()
    if begun is not None:
        event = Event(
            "escalation.contact_begun",
            Actor.clinician(clinician_id),
            study_id=begun.study_id,
            conversation_id=conversation_id,
            item_id=begun.item_id,
            subject=begun.id,
        )
        record(session, event)


def contact_in_doubt(
    session: Session,
    conversation_id: uuid.UUID,
    written_by: uuid.UUID | None,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """The owner's words may not have arrived: their acknowledgement lapses again unless they act.

    Words that begin contact stop the calls for good, so words that never came must not.
    """
    escalation = open_escalation_of(session, conversation_id)
    if escalation is None or escalation.contact_begun_at is None:
        return
    if written_by is None or escalation.owner_id != written_by:
        return
    policy = policy_of(session, escalation.policy_version_id)
    level = Severity.L4 if escalation.severity == Severity.L4 else Severity.L3
    until = now + timedelta(seconds=policy.acknowledged_for_seconds[level])
    escalation.contact_begun_at = None
    escalation.acknowledged_until = escalation.next_page_at = until
    session.flush()
    event = Event(
        "escalation.contact_in_doubt",
        actor,
        study_id=escalation.study_id,
        conversation_id=conversation_id,
        item_id=escalation.item_id,
        subject=escalation.id,
    )
    record(session, event)

"""Leaving an event about the case of one escalation."""

import uuid

from sqlalchemy.orm import Session

from db.tables import Escalation
from oversight.services.audit import Actor, Event, record


def note_case(
    session: Session, kind: str, escalation: Escalation, who: uuid.UUID, **detail: object
) -> None:
    """Say in the record that somebody did ``kind`` about this escalation's case."""
    event = Event(
        kind,
        Actor.clinician(who),
        study_id=escalation.study_id,
        conversation_id=escalation.conversation_id,
        item_id=escalation.item_id,
        subject=escalation.id,
        detail=detail,
    )
    record(session, event)

"""The audit record, read in order: what happened in one conversation, or last of all."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from db.tables import AuditEvent, Clinician, Conversation, Participant


@dataclass(frozen=True)
class RecordLine:
    """One audit event, its people named."""

    number: int
    at: datetime
    kind: str
    who: str
    participant: str | None
    conversation_id: uuid.UUID | None
    item_id: uuid.UUID | None
    detail: dict[str, object]


def record_lines(
    session: Session,
    *,
    conversation_id: uuid.UUID | None = None,
    before: int | None = None,
    kinds: Sequence[str] = (),
    limit: int = 100,
) -> Sequence[RecordLine]:
    """The newest events before number ``before``, newest first; by key, so depth costs nothing."""
    statement = (
        select(AuditEvent, Clinician.name, Participant.external_id)
        .outerjoin(Clinician, cast(Clinician.id, String) == AuditEvent.actor_id)
        .outerjoin(Conversation, Conversation.id == AuditEvent.conversation_id)
        .outerjoin(Participant, Participant.id == Conversation.participant_id)
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    if conversation_id is not None:
        statement = statement.where(AuditEvent.conversation_id == conversation_id)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    if kinds:
        statement = statement.where(AuditEvent.kind.in_(list(kinds)))
    return [
        RecordLine(
            number=event.id,
            at=event.at,
            kind=event.kind,
            who=name or _who(event),
            participant=participant,
            conversation_id=event.conversation_id,
            item_id=event.item_id,
            detail=dict(event.detail),
        )
        for event, name, participant in session.execute(statement)
    ]


def _who(event: AuditEvent) -> str:
    if event.actor_kind == "bot":
        return "the bot"
    return f"Oversight ({event.actor_id})" if event.actor_id else "Oversight"

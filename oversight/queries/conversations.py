"""Finding conversations, and everything about one that people ask for."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Clinician, Conversation, Message, Participant, ReviewItem
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind

LIKE_MARKS = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True)
class ConversationLine:
    """One conversation in a list."""

    id: uuid.UUID
    external_id: str
    participant: str
    language: str | None
    newest_at: datetime
    messages: int
    severity: Severity | None
    item_id: uuid.UUID | None


@dataclass(frozen=True)
class ConversationFacts:
    """Who talks in a conversation, and whether it is open."""

    id: uuid.UUID
    external_id: str
    participant: str
    timezone: str | None
    language: str | None
    jurisdiction: str | None
    card: dict[str, object]
    item_id: uuid.UUID | None
    severity: Severity | None
    taken_over_by: uuid.UUID | None
    taken_over_name: str | None


def find_conversations(
    session: Session, *, words: str = "", limit: int = 25
) -> Sequence[ConversationLine]:
    """The conversations with the newest messages, by part of a participant's or thread's id."""
    newest = (
        select(
            Message.conversation_id,
            func.max(Message.received_at).label("at"),
            func.count().label("messages"),
        )
        .group_by(Message.conversation_id)
        .subquery()
    )
    statement = (
        select(
            Conversation.id,
            Conversation.external_id,
            Participant.external_id,
            Participant.language,
            newest.c.at,
            newest.c.messages,
            ReviewItem.severity,
            ReviewItem.id,
        )
        .join(Participant, Participant.id == Conversation.participant_id)
        .join(newest, newest.c.conversation_id == Conversation.id)
        .outerjoin(
            ReviewItem,
            (ReviewItem.conversation_id == Conversation.id)
            & (ReviewItem.kind == ItemKind.REVIEW)
            & (ReviewItem.status != ItemStatus.CLOSED),
        )
        .order_by(newest.c.at.desc())
        .limit(limit)
    )
    if words.strip():
        pattern = f"%{words.strip().translate(LIKE_MARKS)}%"
        statement = statement.where(
            Participant.external_id.ilike(pattern) | Conversation.external_id.ilike(pattern)
        )
    return [
        ConversationLine(
            id=row[0],
            external_id=row[1],
            participant=row[2],
            language=row[3],
            newest_at=row[4],
            messages=row[5],
            severity=Severity(row[6]) if row[6] else None,
            item_id=row[7],
        )
        for row in session.execute(statement)
    ]


def conversation_facts(session: Session, conversation_id: uuid.UUID) -> ConversationFacts:
    """One conversation's facts; NotFound when there is none."""
    row = session.execute(
        select(Conversation, Participant, ReviewItem.id, ReviewItem.severity, Clinician.name)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(
            ReviewItem,
            (ReviewItem.conversation_id == Conversation.id)
            & (ReviewItem.kind == ItemKind.REVIEW)
            & (ReviewItem.status != ItemStatus.CLOSED),
        )
        .outerjoin(Clinician, Clinician.id == Conversation.taken_over_by)
        .where(Conversation.id == conversation_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such conversation", conversation_id=str(conversation_id))
    conversation, participant, item_id, severity, holder = row
    return ConversationFacts(
        id=conversation.id,
        external_id=conversation.external_id,
        participant=participant.external_id,
        timezone=participant.timezone,
        language=participant.language,
        jurisdiction=participant.jurisdiction,
        card=dict(participant.card),
        item_id=item_id,
        severity=Severity(severity) if severity else None,
        taken_over_by=conversation.taken_over_by,
        taken_over_name=holder,
    )

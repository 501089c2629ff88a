"""Questions between colleagues: what one is asked, what one asked, what was asked about an item."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from db.tables import Clinician, Conversation, Participant, Question, ReviewItem
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity

ANSWERS_SHOWN_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class AskedQuestion:
    """One question, with the item it is about."""

    id: uuid.UUID
    item_id: uuid.UUID
    conversation_id: uuid.UUID
    participant: str
    severity: Severity
    item_open: bool
    asked_by: str
    asked_of: str
    text: str
    asked_at: datetime
    seen_at: datetime | None
    answer: str | None
    answered_at: datetime | None


def asked_of(session: Session, clinician_id: uuid.UUID) -> Sequence[AskedQuestion]:
    """What this person is asked and has not answered, oldest first."""
    return _questions(
        session,
        Question.asked_of == clinician_id,
        Question.answered_at.is_(None),
        Question.withdrawn_at.is_(None),
    )


def asked_by(session: Session, clinician_id: uuid.UUID) -> Sequence[AskedQuestion]:
    """What this person asked: unanswered, and answered within a day; oldest first."""
    recent = Question.answered_at > func.oversight_now() - ANSWERS_SHOWN_FOR
    return _questions(
        session,
        Question.asked_by == clinician_id,
        Question.withdrawn_at.is_(None),
        Question.answered_at.is_(None) | recent,
    )


def asked_about(session: Session, item_id: uuid.UUID) -> Sequence[AskedQuestion]:
    """Everything asked about an item and not taken back, oldest first."""
    return _questions(session, Question.item_id == item_id, Question.withdrawn_at.is_(None))


def _questions(session: Session, *conditions: ColumnElement[bool]) -> Sequence[AskedQuestion]:
    asker, asked = aliased(Clinician), aliased(Clinician)
    rows = session.execute(
        select(
            Question,
            ReviewItem.conversation_id,
            ReviewItem.severity,
            ReviewItem.status,
            Participant.external_id.label("participant"),
            asker.name.label("asker"),
            asked.name.label("asked"),
        )
        .join(ReviewItem, ReviewItem.id == Question.item_id)
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .join(asker, asker.id == Question.asked_by)
        .join(asked, asked.id == Question.asked_of)
        .where(*conditions)
        .order_by(Question.asked_at, Question.id)
    )
    return [
        AskedQuestion(
            id=row.Question.id,
            item_id=row.Question.item_id,
            conversation_id=row.conversation_id,
            participant=row.participant,
            severity=Severity(row.severity),
            item_open=row.status != ItemStatus.CLOSED,
            asked_by=row.asker,
            asked_of=row.asked,
            text=row.Question.text,
            asked_at=row.Question.asked_at,
            seen_at=row.Question.seen_at,
            answer=row.Question.answer,
            answered_at=row.Question.answered_at,
        )
        for row in rows
    ]

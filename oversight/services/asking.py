"""Asking a colleague about an item one holds: a question to a person by name, seen and answered.

The item stays with its holder, and so do its clocks: a question is no way to pass something on.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import Claim, Question, ReviewItem, new_id
from oversight.domain.errors import ClaimLost, Conflict, Incomplete, NotFound, NotPermitted
from oversight.services.audit import Actor, Event, record
from oversight.services.locking import lock_item
from oversight.services.offering import reader_of

LONGEST_QUESTION = 2_000


def ask(
    session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID, *, of: uuid.UUID, text: str
) -> uuid.UUID:
    """Ask somebody on the team about an item one holds; returns the question.

    A second press is the same question. Raises ClaimLost, NotPermitted, Incomplete, Conflict (they
    have not answered another question about this item yet).
    """
    words = _checked(text)
    reader_of(session, clinician_id)
    if of == clinician_id:
        raise Incomplete("ask somebody else than yourself", field="of")
    reader_of(session, of)
    _, item = lock_item(session, item_id)
    held = select(Claim.clinician_id).where(Claim.item_id == item_id, Claim.ended_at.is_(None))
    if session.scalar(held) != clinician_id:
        raise ClaimLost(
            "your hold on this item ended; open it again to ask about it", item_id=str(item_id)
        )
    open_one = session.scalars(
        select(Question).where(
            Question.item_id == item_id,
            Question.asked_by == clinician_id,
            Question.asked_of == of,
            Question.answered_at.is_(None),
            Question.withdrawn_at.is_(None),
        )
    ).one_or_none()
    if open_one is not None:
        if open_one.text == words:
            return open_one.id
        raise Conflict("they have not answered your first question yet: withdraw it, or wait")
    question = Question(
        id=new_id(),
        item_id=item_id,
        asked_by=clinician_id,
        asked_of=of,
        text=words,
        asked_at=db_session.now(session),
    )
    session.add(question)
    session.flush()
    _tell(session, "question.ask", question, item, clinician_id, {"of": str(of)})
    return question.id


def see(session: Session, question_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Whoever was asked has the question before their eyes; the asker is told so. Once."""
    question, item = _asked(session, question_id)
    if question.asked_of != clinician_id:
        raise NotPermitted("this question was asked of somebody else")
    if question.seen_at is None and question.withdrawn_at is None:
        question.seen_at = db_session.now(session)
        session.flush()
        _tell(session, "question.see", question, item, clinician_id)


def answer(session: Session, question_id: uuid.UUID, clinician_id: uuid.UUID, *, text: str) -> None:
    """Answer what one was asked. The same answer again is none; another one is refused."""
    words = _checked(text)
    question, item = _asked(session, question_id)
    reader_of(session, clinician_id)
    if question.asked_of != clinician_id:
        raise NotPermitted("this question was asked of somebody else")
    if question.withdrawn_at is not None:
        raise Conflict("the question was withdrawn meanwhile: nobody waits for an answer")
    if question.answer is not None:
        if question.answer != words:
            raise Conflict("you answered already: what was answered stays")
        return
    now = db_session.now(session)
    question.seen_at = question.seen_at or now
    question.answer, question.answered_at = words, now
    session.flush()
    _tell(session, "question.answer", question, item, clinician_id)


def withdraw(session: Session, question_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Take back a question that nobody has answered."""
    question, item = _asked(session, question_id)
    if question.asked_by != clinician_id:
        raise NotPermitted("somebody else asked this")
    if question.answered_at is not None:
        raise Conflict("it was answered meanwhile: read the answer")
    if question.withdrawn_at is None:
        question.withdrawn_at = db_session.now(session)
        session.flush()
        _tell(session, "question.withdraw", question, item, clinician_id)


def _checked(text: str) -> str:
    words = text.replace("\x00", "").strip()
    if not words:
        raise Incomplete("write what you want to say", field="text")
    if len(words) > LONGEST_QUESTION:
        raise Incomplete(f"at most {LONGEST_QUESTION:,} characters", field="text")
    return words


def _asked(session: Session, question_id: uuid.UUID) -> tuple[Question, ReviewItem]:
    question = session.scalars(
        select(Question)
        .where(Question.id == question_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if question is None:
        raise NotFound("no such question", question_id=str(question_id))
    return question, session.get_one(ReviewItem, question.item_id)


def _tell(
    session: Session,
    kind: str,
    question: Question,
    item: ReviewItem,
    clinician_id: uuid.UUID,
    detail: dict[str, object] | None = None,
) -> None:
    event = Event(
        kind,
        Actor.clinician(clinician_id),
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        subject=question.id,
        detail=detail or {},
    )
    record(session, event)
    ring(session, Topic.LIVE, item.conversation_id)

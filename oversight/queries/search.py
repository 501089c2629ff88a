"""Search over everything said and sent, newest first, in pages."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.tables import (
    Arm,
    Clinician,
    Conversation,
    Delivery,
    Message,
    Participant,
    SearchKind,
    SearchText,
    SearchWord,
)
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.permissions import Role
from oversight.domain.search import Place, Search, Term, may_search, terms
from oversight.domain.severity import Severity
from oversight.queries.conversations import LIKE_MARKS

SEARCH_SECONDS = 4
"""Longer than this nobody waits, and the database has other work."""

SIMILAR_WORDS = 8
CANCELLED = "57014"
SHOWN = (DeliveryStatus.SENDING, DeliveryStatus.DELIVERED, DeliveryStatus.UNCERTAIN)
BEGIN, END = "\x02", "\x03"
"""What stands around each found word in an excerpt: no text holds these signs."""

_EXCERPT = f"StartSel={BEGIN}, StopSel={END}, MaxFragments=1, MaxWords=24, MinWords=8, ShortWord=0"


@dataclass(frozen=True)
class Find:
    """One text that fits. ``severity`` is the participant's message's; a text sent has none."""

    id: uuid.UUID
    kind: SearchKind
    conversation_id: uuid.UUID
    conversation: str
    participant: str
    arm: str
    language: str | None
    severity: Severity | None
    at: datetime
    excerpt: str


@dataclass(frozen=True)
class Finds:
    """One page; ``after`` is where the next begins, if there is one."""

    finds: Sequence[Find]
    after: Place | None
    similar_words: bool


def search(
    session: Session,
    clinician_id: uuid.UUID,
    asked: Search,
    *,
    after: Place | None = None,
    limit: int = 25,
) -> Finds:
    """The newest texts that fit everything asked for.

    Raises
    ------
    NotPermitted
        The role reads no conversations.
    Incomplete
        What is asked cannot be searched for, or too much fits to be found in time.
    """
    _check_reader(session, clinician_id)
    wanted = terms(asked.words)
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = '{SEARCH_SECONDS}s'"))
            similar = similar_known(session)
            query = _query(session, wanted, similar=similar)
            rows = session.execute(_statement(asked, query, after, limit + 1)).all()
            session.execute(text("SET LOCAL statement_timeout = DEFAULT"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != CANCELLED:
            raise
        raise Incomplete(
            "too much fits: add a word, a participant or dates", field="words"
        ) from error
    finds = [_find(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Finds(finds, Place(finds[-1].at, finds[-1].id) if more else None, similar)


def similar_known(session: Session) -> bool:
    """Whether this database finds similar words (pg_trgm)."""
    found: bool = session.execute(
        text("SELECT to_regclass('ix_search_words_similar') IS NOT NULL")
    ).scalar_one()
    return found


def _check_reader(session: Session, clinician_id: uuid.UUID) -> None:
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None or not may_search(Role(role)):
        raise NotPermitted("only people who may read conversations can search them")


def _query(session: Session, wanted: Sequence[Term], *, similar: bool) -> ColumnElement[Any] | None:
    """All terms together as the database's own kind of query; None for no words at all."""
    parts = [_part(session, term, similar=similar) for term in wanted]
    if not parts:
        return None
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.op("&&", return_type=TSQUERY())(part)
    return whole


def _part(session: Session, term: Term, *, similar: bool) -> ColumnElement[Any]:
    if term.phrase:
        part: ColumnElement[Any] = func.phraseto_tsquery("simple", term.text, type_=TSQUERY())
    else:
        spellings = [f"{_quoted(term.text)}:*"]
        if similar and term.guessed:
            spellings += [_quoted(word) for word in _similar_words(session, term.text)]
        part = func.to_tsquery("simple", " | ".join(spellings), type_=TSQUERY())
    return func.tsquery_not(part, type_=TSQUERY()) if term.excluded else part


def _similar_words(session: Session, word: str) -> Sequence[str]:
    lowered = word.lower()
    return session.scalars(
        select(SearchWord.word)
        .where(SearchWord.word.op("%", is_comparison=True)(lowered))
        .order_by(func.similarity(SearchWord.word, lowered).desc(), SearchWord.word)
        .limit(SIMILAR_WORDS)
    ).all()


def _quoted(word: str) -> str:
    """A word as it may stand in a query, whatever signs it holds."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _statement(
    asked: Search, query: ColumnElement[Any] | None, after: Place | None, limit: int
) -> Select[Any]:
    said = func.coalesce(Message.text, Delivery.text)
    excerpt = (
        func.left(said, 200)
        if query is None
        else func.ts_headline("simple", func.translate(said, BEGIN + END, ""), query, _EXCERPT)
    )
    return (
        select(
            SearchText.id,
            SearchText.kind,
            SearchText.conversation_id,
            Conversation.external_id.label("conversation"),
            Participant.external_id.label("participant"),
            func.coalesce(Arm.name, "default").label("arm"),
            func.coalesce(Message.language, Participant.language).label("language"),
            Message.severity,
            SearchText.at,
            excerpt.label("excerpt"),
        )
        .join(Conversation, Conversation.id == SearchText.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(Arm, Arm.id == Participant.arm_id)
        .outerjoin(Message, and_(SearchText.kind == SearchKind.SAID, Message.id == SearchText.id))
        .outerjoin(Delivery, and_(SearchText.kind == SearchKind.SENT, Delivery.id == SearchText.id))
        .where(
            case(
                (SearchText.kind == SearchKind.SAID, Message.id.is_not(None)),
                else_=Delivery.status.in_(SHOWN),
            ),
            *_conditions(asked),
            *([] if query is None else [SearchText.words.op("@@", is_comparison=True)(query)]),
            *([] if after is None else [_older(after)]),
        )
        .order_by(SearchText.at.desc(), SearchText.id.desc())
        .limit(limit)
    )


def _older(after: Place) -> ColumnElement[bool]:
    older: ColumnElement[bool] = tuple_(SearchText.at, SearchText.id) < tuple_(
        literal(after.at), literal(after.id)
    )
    return older


def _conditions(asked: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.participant.strip():
        pattern = f"%{asked.participant.strip().translate(LIKE_MARKS)}%"
        found.append(
            or_(Participant.external_id.ilike(pattern), Conversation.external_id.ilike(pattern))
        )
    if asked.severities:
        found.append(Message.severity.in_([one.value for one in asked.severities]))
    if asked.arms:
        found.append(func.coalesce(Arm.name, "default").in_(asked.arms))
    if asked.languages:
        spoken = func.split_part(func.coalesce(Message.language, Participant.language), "-", 1)
        found.append(func.lower(spoken).in_([one.lower() for one in asked.languages]))
    if asked.since is not None:
        found.append(SearchText.at >= asked.since)
    if asked.until is not None:
        found.append(SearchText.at < asked.until)
    return found


def _find(row: Any) -> Find:  # Any: the columns of _statement
    return Find(
        id=row.id,
        kind=SearchKind(row.kind),
        conversation_id=row.conversation_id,
        conversation=row.conversation,
        participant=row.participant,
        arm=row.arm,
        language=row.language,
        severity=Severity(row.severity) if row.severity else None,
        at=row.at,
        excerpt=row.excerpt,
    )

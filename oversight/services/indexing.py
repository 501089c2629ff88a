"""Making new texts findable, a moment after they were stored: storing them costs nothing more."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.tables import SearchKind, SearchText

AT_ONCE = 1_000
LATE = timedelta(seconds=10)
"""How much later than a newer text one may be committed and still be found by the next run."""

VERY_LATE = timedelta(minutes=15)

_SAID = "SELECT id, conversation_id, received_at AS at, text FROM messages"
_SENT = "SELECT id, conversation_id, queued_at AS at, text FROM deliveries"
_MAKE_FINDABLE = """
    WITH found AS (
        SELECT told.* FROM ({texts}) told
        WHERE told.id > CAST(:floor AS uuid)
            AND NOT EXISTS (SELECT FROM search_texts known WHERE known.id = told.id)
        ORDER BY told.id LIMIT :limit
    ), made AS (
        INSERT INTO search_texts (id, kind, conversation_id, at, words)
        SELECT id, :kind, conversation_id, at, to_tsvector('simple', text) FROM found
        ON CONFLICT DO NOTHING
        RETURNING words
    ), spelled AS (
        INSERT INTO search_words (word)
        SELECT DISTINCT lexeme FROM made, unnest(made.words)
        WHERE length(lexeme) BETWEEN 3 AND 40
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM made
"""
_STATEMENTS = {
    SearchKind.SAID: text(_MAKE_FINDABLE.format(texts=_SAID)),
    SearchKind.SENT: text(_MAKE_FINDABLE.format(texts=_SENT)),
}


def make_findable(
    session: Session,
    *,
    now: datetime,  # noqa: ARG001 (the clock's tasks are all called alike)
    late: timedelta = LATE,
    limit: int = AT_ONCE,
) -> int:
    """Index what was stored since the last run; how many texts that was.

    Texts are looked for from a little before the newest that is findable: their ids are in order
    of time, and what was begun earlier may be committed later.
    """
    done = 0
    for kind, statement in _STATEMENTS.items():
        newest = session.scalar(
            select(SearchText.id)
            .where(SearchText.kind == kind)
            .order_by(SearchText.id.desc())
            .limit(1)
        )
        asked = {"floor": _before(newest, late), "limit": limit, "kind": kind.value}
        done += session.connection().execute(statement, asked).scalar_one()
    return done


def make_findable_late(session: Session, *, now: datetime) -> int:
    """The same for what took long to be committed, or came from a machine whose clock is behind."""
    return make_findable(session, now=now, late=VERY_LATE)


def _before(newest: uuid.UUID | None, late: timedelta) -> uuid.UUID:
    """The smallest id of a moment so long before an id was made."""
    if newest is None:
        return uuid.UUID(int=0)
    milliseconds = (newest.int >> 80) - int(late.total_seconds() * 1000)
    return uuid.UUID(int=max(0, milliseconds) << 80)

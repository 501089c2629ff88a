"""Trying again what could not be scored, at growing distances: a score may still raise a level.

A classifier that was down for minutes is asked again soon; a text that breaks every classifier is
asked less and less, so that it cannot keep stopping the scorer.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from classifiers.protocol import CLASSIFIER_ERROR, INVALID_SCORE
from db.session import Topic, ring

MOST_AT_ONCE = 200
_PASSING = [CLASSIFIER_ERROR, INVALID_SCORE]
_MOST_DOUBLINGS = 6


def _again(table: str, subject: str, urgency: str, open_only: str) -> TextClause:
    return text(f"""
        INSERT INTO scoring_work ({subject}, urgency, length, late)
        SELECT t.id, {urgency}, length(t.text), true
        FROM {table} t
        CROSS JOIN LATERAL (
            SELECT count(*) AS failures FROM risk_assessments r
            WHERE r.{subject} = t.id AND NOT r.shadow AND r.unscored_reason = ANY(:passing)
        ) f
        WHERE t.scoring = 'failed' AND {open_only} AND f.failures > 0
          AND t.scored_at < :now - make_interval(
              secs => CAST(:after AS float8) * power(2, least(f.failures - 1, :doublings)))
          AND NOT EXISTS (SELECT FROM scoring_work w WHERE w.{subject} = t.id)
        LIMIT :limit
        ON CONFLICT DO NOTHING
    """)  # noqa: S608 (names from our own tables)


_MESSAGES = _again(
    "messages",
    "message_id",
    "t.urgency",
    "EXISTS (SELECT FROM review_items i WHERE i.id = t.item_id AND i.status <> 'closed')",
)
_DRAFTS = _again("drafts", "draft_id", "0.5", "t.status = 'held'")


def requeue_failed(session: Session, *, now: datetime, after_seconds: float = 60) -> int:
    """Queue texts of open items that failed for a passing reason: after 1, 2, 4 … 64 minutes."""
    told: Mapping[str, object] = {
        "now": now,
        "after": after_seconds,
        "passing": _PASSING,
        "doublings": _MOST_DOUBLINGS,
        "limit": MOST_AT_ONCE,
    }
    queued = sum(
        session.connection().execute(statement, told).rowcount for statement in (_MESSAGES, _DRAFTS)
    )
    if queued:
        ring(session, Topic.SCORE)
    return queued

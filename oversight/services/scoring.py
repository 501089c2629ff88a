"""Scoring: take a lease on unscored texts, let the model run outside, record what it said.

The model never runs inside a transaction: ``take`` marks, the caller scores, ``record_scores``
writes. A text whose scoring fails is LU and stays LU at least: a later score may only raise.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, delete, or_, select, text, update
from sqlalchemy.orm import Session

from classifiers.protocol import CLASSIFIER_ERROR, Turn
from classifiers.protocol import (
    Message as Subject,
)
from classifiers.protocol import (
    RiskAssessment as Assessment,
)
from db import session as db_session
from db.rows import among, insert_rows, listed, save_together
from db.session import Topic, ring
from db.tables import Draft, Message, ReviewItem, RiskAssessment, ScoringWork, table_of
from oversight.domain.flags import Grade, worst_grade
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.measures import underweight
from oversight.domain.scores import level_after, scoring_after
from oversight.domain.severity import Severity
from oversight.domain.words import Scoring
from oversight.services.audit import Actor, Event, record_all, together
from oversight.services.escalating import imminent_again
from oversight.services.gathering import ask_again, with_strays
from oversight.services.items import refresh_items
from oversight.services.locking import (
    LockedConversation,
    lock_conversations,
    lock_open_items,
)
from oversight.services.opening import harm_was_delivered
from oversight.services.settling import settle

LEASE_SECONDS = 20
"""Longer than a scorer can hold a batch; a killed scorer's texts are free again after it."""

URGENT = 0.8
"""First-look urgency from which a text is scored ahead of, and never together with, the rest."""

URGENT_TEXTS = 8
MOST_ATTEMPTS = 3
"""Taken more often than this without a record, a text is taken for one that breaks its scorer."""

CONTEXT_TURNS = 6

SCORER = Actor.system("scorer")

_SCORED = ("severity", "scoring", "categories", "language", "scored_at", "item_id")

# The most urgent first; of these at least one, and urgent ones by themselves. The limit is spelled
# out: for a bound one PostgreSQL would plan to take a tenth of the table.
_LEASED = """
    found AS (
        SELECT id, urgency, length FROM scoring_work
        WHERE (leased_until IS NULL OR leased_until < oversight_now()) AND urgency >= :least
        ORDER BY urgency DESC, id LIMIT {limit} FOR UPDATE SKIP LOCKED
    ),
    placed AS (
        SELECT id, urgency, max(urgency) OVER () AS highest, row_number() OVER line AS place,
               sum(length) OVER line AS characters
        FROM found WINDOW line AS (ORDER BY urgency DESC, id ROWS UNBOUNDED PRECEDING)
    ),
    chosen AS (
        SELECT id FROM placed
        WHERE (place = 1 OR characters <= :characters)
          AND (highest < {urgent} OR (urgency >= {urgent} AND place <= {urgent_texts}))
    ),
    leased AS (
        UPDATE scoring_work w
        SET leased_until = oversight_now() + make_interval(secs => {lease_seconds}),
            attempts = w.attempts + 1
        FROM chosen WHERE w.id = chosen.id RETURNING w.*
    )
"""

_SUBJECTS = """
    SELECT w.id AS work_id, w.urgency, w.attempts, w.message_id, w.draft_id,
           t.conversation_id, t.sequence, t.text,
           coalesce(t.language, p.language) AS language, p.card -> 'measures' AS measures,
           c.context
    FROM {source} w
    CROSS JOIN LATERAL (
        SELECT m.conversation_id, m.sequence, m.text, m.language
        FROM messages m WHERE m.id = w.message_id
        UNION ALL
        SELECT d.conversation_id, d.sequence, d.text, NULL FROM drafts d WHERE d.id = w.draft_id
    ) t
    JOIN conversations v ON v.id = t.conversation_id
    JOIN participants p ON p.id = v.participant_id
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_array(e.role, e.text) ORDER BY e.sequence), '[]')
            AS context
        FROM (
            SELECT * FROM (
                SELECT m.sequence, 'participant' AS role, m.text FROM messages m
                WHERE m.conversation_id = t.conversation_id AND m.sequence < t.sequence
                ORDER BY m.sequence DESC LIMIT :turns
            ) said
            UNION ALL
            SELECT * FROM (
                SELECT d.sequence, 'bot', coalesce(
                    (SELECT y.text FROM deliveries y WHERE y.draft_id = d.id LIMIT 1), d.text)
                FROM drafts d
                WHERE d.conversation_id = t.conversation_id AND d.sequence < t.sequence
                  AND d.status IN ('held', 'released', 'delivered', 'corrected')
                ORDER BY d.sequence DESC LIMIT :turns
            ) answered
            ORDER BY sequence DESC LIMIT :turns
        ) e
    ) c
"""


def subjects(source: str) -> TextClause:
    """The texts behind rows of ``source`` with these ids, each with the turns before it.

    ``source`` has the columns id, urgency, attempts, message_id and draft_id.
    """
    return text(f"{_SUBJECTS.format(source=source)} WHERE w.id = ANY(:work_ids)")


_DONE = (
    delete(ScoringWork)
    .where(listed(ScoringWork.id, "ids"))
    .returning(ScoringWork.id)
    .execution_options(synchronize_session=False)
)
_SUBJECT_MESSAGES = (
    select(Message).where(listed(Message.id, "ids")).execution_options(populate_existing=True)
)
# A draft recalled before its score came has the same words again in a newer revision.
_SUBJECT_DRAFTS = (
    select(Draft)
    .where(Draft.reply_id.in_(select(Draft.reply_id).where(listed(Draft.id, "ids"))))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Task:
    """One text taken for scoring."""

    work_id: int
    conversation_id: uuid.UUID
    message_id: uuid.UUID | None
    draft_id: uuid.UUID | None
    subject: Subject
    urgency: float = 0.0
    attempts: int = 1

    @property
    def urgent(self) -> bool:
        """Whether somebody may be in danger now, at the first look."""
        return self.urgency >= URGENT


def take(
    session: Session, *, limit: int, characters: int = 8_000, urgent_only: bool = False
) -> list[Task]:
    """Lease the most urgent unscored texts; a lease that runs out makes them free again.

    Urgent texts come in a small batch of their own, so that they wait for no others; a batch
    ends before it holds more than ``characters``, because time goes with length.
    """
    least = URGENT if urgent_only else 0.0
    asked = {"least": least, "characters": characters, "turns": CONTEXT_TURNS}
    return [task_of(row) for row in session.connection().execute(_taking(limit), asked)]


@cache
def _taking(limit: int) -> TextClause:
    """One statement: whoever looks for urgent texts between two others must not take long."""
    leased = _LEASED.format(
        limit=limit, urgent=URGENT, urgent_texts=URGENT_TEXTS, lease_seconds=LEASE_SECONDS
    )
    return text(f"WITH {leased} {_SUBJECTS.format(source='leased')}")


def task_of(row: Row[Any]) -> Task:  # Any: the columns of _SUBJECTS
    """One row of ``subjects`` as a task."""
    return Task(
        work_id=row.work_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        draft_id=row.draft_id,
        subject=Subject(
            id=str(row.work_id),
            text=row.text,
            role="participant" if row.message_id else "bot",
            context=tuple(Turn(role, said) for role, said in row.context),
            language=row.language,
            underweight=underweight(row.measures),
        ),
        urgency=row.urgency,
        attempts=row.attempts,
    )


def hand_back(session: Session, tasks: Sequence[Task]) -> None:
    """Give up the lease of texts that were not looked at, as if they had never been taken."""
    work = table_of(ScoringWork)
    session.execute(
        update(work)
        .where(among(ScoringWork.id, [task.work_id for task in tasks]))
        .values(leased_until=None, attempts=work.c.attempts - 1)
    )


def work_is_free(session: Session, *, waiting_seconds: float = 0) -> bool:
    """Whether an unscored text has waited that long without any scorer holding it."""
    now = db_session.now(session)
    found = session.scalar(
        select(ScoringWork.id)
        .where(
            or_(ScoringWork.leased_until.is_(None), ScoringWork.leased_until < now),
            ScoringWork.created_at <= now - timedelta(seconds=waiting_seconds),
        )
        .order_by(ScoringWork.urgency.desc(), ScoringWork.id)
        .limit(1)
    )
    return found is not None


def failed(task: Task, *, model_version: str, reason: str = CLASSIFIER_ERROR) -> Assessment:
    """The assessment of a text that the classifier could not score: a person looks."""
    return Assessment(
        id=task.subject.id,
        role=task.subject.role,
        scored=False,
        severity=Severity.LU,
        model_version=model_version,
        unscored_reason=reason,
    )


def record_scores(
    session: Session, tasks: Sequence[Task], assessments: Sequence[Assessment]
) -> int:
    """Write scores, raise items, release what the policy releases. Safe to run twice.

    Only texts whose work row is still there are recorded, so two scorers that both scored a text
    after a lapsed lease record it once. Returns how many were recorded.
    """
    by_work = {task.work_id: (task, one) for task, one in zip(tasks, assessments, strict=True)}
    now = db_session.now(session)
    conversations = lock_conversations(session, {task.conversation_id for task in tasks})
    taken = session.scalars(_DONE, {"ids": list(by_work)}).all()
    pairs = [by_work[work_id] for work_id in sorted(taken)]
    if pairs:
        with together(session):
            _record(session, pairs, conversations, now=now)
    return len(pairs)


def _record(
    session: Session,
    pairs: Sequence[tuple[Task, Assessment]],
    conversations: Mapping[uuid.UUID, LockedConversation],
    *,
    now: datetime,
) -> None:
    insert_rows(session, RiskAssessment, [assessment_row(*pair) for pair in pairs])
    touched = {pair[0].conversation_id for pair in pairs}
    items = lock_open_items(session, list(touched))
    imminent = _record_messages(session, pairs, items, now=now)
    harmed = _record_drafts(session, pairs, now=now)
    record_all(session, [_event(*pair) for pair in pairs])
    refresh_items(session, items, conversations, now=now, actor=SCORER)
    strays = with_strays(session, touched)
    for conversation_id in sorted(touched):
        stray = conversation_id in strays
        settle(session, conversations[conversation_id], now=now, stray=stray)
        ring(session, Topic.LIVE, conversation_id)
    for conversation_id in sorted(harmed):
        harm_was_delivered(session, conversations[conversation_id], now=now, actor=SCORER)
    for item in lock_open_items(session, list(imminent)) if imminent else ():
        imminent_again(session, item, now=now, actor=SCORER)


def assessment_row(task: Task, assessment: Assessment) -> dict[str, object]:
    """What one model version made of one text, as it is kept."""
    return {
        "message_id": task.message_id,
        "draft_id": task.draft_id,
        "model_version": assessment.model_version,
        "scored": assessment.scored,
        "unscored_reason": assessment.unscored_reason,
        "severity": assessment.severity.value,
        "crisis_probability": assessment.crisis_probability,
        "reply_harm_probability": assessment.reply_harm_probability,
        "category_probabilities": {
            key.value: round(float(value), 4)
            for key, value in assessment.category_probabilities.items()
        },
        "flag_probabilities": {
            key.value: round(float(value), 4)
            for key, value in assessment.flag_probabilities.items()
        },
        "flags": [flag.value for flag in assessment.flags],
        "phrase_hits": list(assessment.phrase_hits),
        "language": assessment.language,
    }


def _record_messages(
    session: Session,
    pairs: Sequence[tuple[Task, Assessment]],
    items: Sequence[ReviewItem],
    *,
    now: datetime,
) -> set[uuid.UUID]:
    """Write levels; returns the conversations in which a message newly became imminent."""
    found = {task.message_id: one for task, one in pairs if task.message_id is not None}
    imminent = set()
    open_items = {item.id: item for item in items}
    messages = session.scalars(_SUBJECT_MESSAGES, {"ids": list(found)}).all()
    for message in messages:
        one = found[message.id]
        before = Severity(message.severity)
        scoring = Scoring(message.scoring)
        scored = one.severity if one.scored else None
        message.severity = level_after(before, scoring, scored, floor=one.phrase_floor)
        message.scoring = scoring_after(scoring, scored=one.scored)
        message.categories = list(dict.fromkeys([*message.categories, *one.categories]))
        message.language = one.language or message.language
        message.scored_at = now
        raised = Severity(message.severity).rank > before.rank
        if raised and message.item_id is not None:
            ask_again(message, open_items.get(message.item_id))
        if raised and message.severity == Severity.L4:
            imminent.add(message.conversation_id)
    save_together(session, messages, _SCORED)
    return imminent


def _record_drafts(
    session: Session, pairs: Sequence[tuple[Task, Assessment]], *, now: datetime
) -> set[uuid.UUID]:
    """Write flags and grades; returns where a reply that arrived turns out to be H3."""
    harmed = set()
    found = {task.draft_id: one for task, one in pairs if task.draft_id is not None}
    drafts = session.scalars(_SUBJECT_DRAFTS, {"ids": list(found)}).all() if found else []
    by_reply = {draft.reply_id: found[draft.id] for draft in drafts if draft.id in found}
    for draft in drafts:
        one = by_reply[draft.reply_id]
        flags = sorted({*draft.flags, *(flag.value for flag in one.flags)})
        before = draft.grade
        draft.scoring = scoring_after(Scoring(draft.scoring), scored=one.scored)
        draft.flags = flags
        draft.grade = (
            worst_grade(one.flags)
            if not draft.scored_at
            else max(draft.grade, worst_grade(one.flags))
        )
        draft.scored_at = now
        arrived = draft.status == DraftStatus.DELIVERED
        if arrived and before != Grade.H3 and draft.grade == Grade.H3:
            harmed.add(draft.conversation_id)
    save_together(session, drafts, ["scoring", "flags", "grade", "scored_at"])
    return harmed


def _event(task: Task, one: Assessment) -> Event:
    return Event(
        kind="message.score" if task.message_id else "draft.score",
        actor=SCORER,
        conversation_id=task.conversation_id,
        subject=task.message_id or task.draft_id,
        detail={
            "scored": one.scored,
            "severity": one.severity.value,
            "flags": [flag.value for flag in one.flags],
            "phrase_hits": list(one.phrase_hits),
            "model_version": one.model_version,
            "unscored_reason": one.unscored_reason,
        },
    )

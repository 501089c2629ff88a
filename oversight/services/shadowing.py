"""A candidate in shadow: it reads what the live classifier has read, and decides nothing.

It follows the record of live assessments, so the live path neither waits for it nor knows of it.
What it makes of a text is one more assessment, marked ``shadow``, that no rule reads.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from classifiers.protocol import RiskAssessment as Assessment
from db.rows import insert_rows
from db.tables import RiskAssessment, ScoringModel
from oversight.domain.words import ModelState
from oversight.services.evidence import ASSESSED, settled
from oversight.services.scoring import CONTEXT_TURNS, Task, assessment_row, subjects, task_of

MOST_AT_ONCE = 16

# One subquery a column: with both columns in one, each text would be compared with every other.
_NEXT = text("""
    SELECT r.id FROM risk_assessments r
    WHERE r.id > :after AND NOT r.shadow
      AND NOT EXISTS (
          SELECT FROM risk_assessments o WHERE o.message_id = r.message_id
            AND CASE WHEN o.shadow THEN o.model_version = :model_version ELSE o.id > r.id END)
      AND NOT EXISTS (
          SELECT FROM risk_assessments o WHERE o.draft_id = r.draft_id
            AND CASE WHEN o.shadow THEN o.model_version = :model_version ELSE o.id > r.id END)
    ORDER BY r.id
    LIMIT :most
""")
_SUBJECTS = subjects(ASSESSED)


@dataclass(frozen=True)
class Candidate:
    """The classifier in shadow, as the record names it. ``in_hand`` is what it last died of."""

    id: uuid.UUID
    version: str
    source: str
    digest: str
    followed_to: int
    in_hand: tuple[int, ...]


def candidate(session: Session) -> Candidate | None:
    """The classifier in shadow, if there is one."""
    row = session.scalars(
        select(ScoringModel).where(ScoringModel.state == ModelState.SHADOW)
    ).one_or_none()
    if row is None:
        return None
    return Candidate(
        row.id, row.version, row.source, row.digest, row.followed_to, tuple(row.in_hand)
    )


def take(session: Session, one: Candidate, *, limit: int = MOST_AT_ONCE) -> list[Task]:
    """The next texts that live has scored and the candidate has not, noted as being in hand."""
    ids = session.scalars(
        _NEXT, {"after": one.followed_to, "model_version": one.version, "most": limit}
    ).all()
    if not ids:
        _follow(session, one, to=settled(session, after=one.followed_to))
        return []
    return hold(session, one, list(ids))


def hold(session: Session, one: Candidate, ids: Sequence[int]) -> list[Task]:
    """These texts, noted as being in hand: a process that dies now has died of them."""
    _note(session, one, in_hand=list(ids))
    found = session.execute(_SUBJECTS, {"work_ids": list(ids), "turns": CONTEXT_TURNS})
    return sorted((task_of(row) for row in found), key=lambda task: task.work_id)


def record_shadow(
    session: Session, one: Candidate, tasks: Sequence[Task], assessments: Sequence[Assessment]
) -> None:
    """Keep what the candidate said, under its own version, and let go of the texts."""
    rows = [
        assessment_row(task, said) | {"shadow": True, "model_version": one.version}
        for task, said in zip(tasks, assessments, strict=True)
    ]
    insert_rows(session, RiskAssessment, rows)
    _note(session, one, in_hand=[])


def say_trouble(session: Session, one: Candidate, trouble: str | None) -> None:
    """Why the candidate reads nothing, in words for whoever looks at the comparison."""
    session.execute(update(ScoringModel).where(ScoringModel.id == one.id).values(trouble=trouble))


def _follow(session: Session, one: Candidate, *, to: int) -> None:
    if to > one.followed_to:
        session.execute(
            update(ScoringModel).where(ScoringModel.id == one.id).values(followed_to=to)
        )


def _note(session: Session, one: Candidate, *, in_hand: list[int]) -> None:
    session.execute(update(ScoringModel).where(ScoringModel.id == one.id).values(in_hand=in_hand))

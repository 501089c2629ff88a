"""Which words moved a score: worked out after the score, for what a reader is shown, and kept.

Nothing here routes or decides. Texts are found in the record itself, newest first, so that the
live path writes nothing for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.rows import insert_rows
from db.tables import Evidence
from oversight.domain.flags import GRADES, Flag, Grade, grade_at_least
from oversight.services.scoring import CONTEXT_TURNS, Task, subjects, task_of

MOST_AT_ONCE = 4
LONGEST_CHARACTERS = 6_000
"""A longer text has many windows, each read as often as it has stretches: many seconds."""

ASSESSED = (
    "(SELECT id, 0.0::real AS urgency, 1 AS attempts, message_id, draft_id FROM risk_assessments)"
)
"""Assessments in place of work rows: their ids are the tasks' ``work_id``."""

_WANTED = text("""
    SELECT r.id, r.model_version, r.flags, r.flag_probabilities
    FROM risk_assessments r
    LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN drafts d ON d.id = r.draft_id
    WHERE r.id > :after AND NOT r.shadow AND r.scored
      AND r.model_version = coalesce(:model_version, r.model_version)
      AND (r.severity IN ('L2', 'L3', 'L4')
           OR r.draft_id IS NOT NULL AND jsonb_array_length(coalesce(r.flags, '[]')) > 0)
      AND length(coalesce(m.text, d.text)) <= :longest
      AND NOT EXISTS (SELECT FROM evidence e WHERE e.assessment_id = r.id)
    ORDER BY r.id DESC
    LIMIT :most
""")
_SUBJECTS = subjects(ASSESSED)
_SETTLED = text("""
    SELECT coalesce(max(r.id), :after) FROM risk_assessments r
    WHERE r.id > :after AND r.created_at < oversight_now() - interval '1 minute'
""")
_BEGIN = text("SELECT coalesce(max(id), 0) - :back FROM risk_assessments")


@dataclass(frozen=True)
class Wanted:
    """One assessment that a reader may be shown, and for a reply its strongest flag."""

    assessment_id: int
    model_version: str
    flag: Flag | None
    task: Task


def wanted(session: Session, *, after: int, model_version: str | None) -> list[Wanted]:
    """The newest assessments at L2 or worse, or with flags, whose words are not known yet.

    Of one version, or of any: only the one that scored a text can say what moved its score.
    """
    rows = session.execute(
        _WANTED,
        {
            "after": after,
            "model_version": model_version,
            "longest": LONGEST_CHARACTERS,
            "most": MOST_AT_ONCE,
        },
    ).all()
    found = session.execute(
        _SUBJECTS, {"work_ids": [row.id for row in rows], "turns": CONTEXT_TURNS}
    )
    tasks = {row.work_id: task_of(row) for row in found}
    return [
        Wanted(row.id, row.model_version, _strongest(row), tasks[row.id])
        for row in rows
        if row.id in tasks
    ]


def begin_after(session: Session, *, back: int) -> int:
    """Where to begin looking: what was scored long ago stays without its words."""
    return int(session.execute(_BEGIN, {"back": back}).scalar_one())


def settled(session: Session, *, after: int) -> int:
    """The newest assessment behind which no transaction can still commit one."""
    return int(session.execute(_SETTLED, {"after": after}).scalar_one())


def keep(session: Session, one: Wanted, spans: Sequence[tuple[int, int, float]]) -> None:
    """Write what was found; an empty list says that no words stood out."""
    insert_rows(
        session,
        Evidence,
        [
            {
                "assessment_id": one.assessment_id,
                "model_version": one.model_version,
                "flag": one.flag.value if one.flag else None,
                "spans": [[start, end, round(weight, 3)] for start, end, weight in spans],
            }
        ],
    )


def _strongest(row: Row[Any]) -> Flag | None:  # Any: the columns of _WANTED
    """The gravest flag that the model gave, the likeliest among equals."""
    flags = [Flag(one) for one in row.flags or ()]
    probabilities = row.flag_probabilities or {}
    harmful = [one for one in flags if grade_at_least(GRADES[one], Grade.H2)] or flags
    return max(
        harmful,
        key=lambda one: (GRADES[one].value, float(probabilities.get(one.value, 0.0))),
        default=None,
    )

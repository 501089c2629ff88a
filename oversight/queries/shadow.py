"""What a candidate in shadow said beside the live classifier, for whoever decides about it."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.tables import ScoringModel
from oversight.domain.flags import Flag, Grade, worst_grade
from oversight.domain.severity import Severity, worst
from oversight.domain.shadow import Judged, Table
from oversight.domain.words import ModelState

MOST_TEXTS = 20_000
"""Compared at most, the newest: a page is drawn in a second, not in a minute."""

LISTED = 20

# The newest scores of the candidate, each beside the newest live score of the same text.
_COMPARED = """
    WITH said AS (
        SELECT DISTINCT ON (message_id, draft_id) id, message_id, draft_id, severity, flags, scored
        FROM (
            SELECT * FROM risk_assessments
            WHERE shadow AND model_version = :version ORDER BY id DESC LIMIT :most
        ) newest
        ORDER BY message_id, draft_id, id DESC
    ), pairs AS (
        SELECT s.message_id, s.draft_id, l.severity AS live, s.severity AS candidate,
               l.flags AS live_flags, s.flags AS candidate_flags,
               l.scored AS live_scored, s.scored AS candidate_scored
        FROM said s
        CROSS JOIN LATERAL (
            SELECT * FROM (
                SELECT severity, flags, scored, id FROM risk_assessments
                WHERE message_id = s.message_id AND NOT shadow
                UNION ALL
                SELECT severity, flags, scored, id FROM risk_assessments
                WHERE draft_id = s.draft_id AND NOT shadow
            ) mine ORDER BY id DESC LIMIT 1
        ) l
    )
"""
_LEVELS = text(f"""{_COMPARED}
    SELECT live, candidate, count(*) AS texts FROM pairs WHERE message_id IS NOT NULL
    GROUP BY live, candidate
""")  # noqa: S608 (our own text)
_FLAGS = text(f"""{_COMPARED}
    SELECT live_flags, candidate_flags, count(*) AS texts FROM pairs
    WHERE draft_id IS NOT NULL AND live_scored AND candidate_scored AND live_flags IS NOT NULL
    GROUP BY live_flags, candidate_flags
""")  # noqa: S608 (our own text)
_DIFFERENT = text(f"""{_COMPARED}
    SELECT v.id AS conversation_id, p.external_id AS participant, m.received_at, m.sequence,
           pairs.live, pairs.candidate
    FROM pairs
    JOIN messages m ON m.id = pairs.message_id
    JOIN conversations v ON v.id = m.conversation_id
    JOIN participants p ON p.id = v.participant_id
    WHERE (pairs.live IN ('L3', 'L4')) <> (pairs.candidate IN ('L3', 'L4'))
    ORDER BY m.received_at DESC
    LIMIT :listed
""")  # noqa: S608 (our own text)
# A person's own level is about a stretch: the item's messages up to the one they had read.
_JUDGED = text(f"""{_COMPARED}
    SELECT d.own_severity AS own, array_agg(pairs.live) AS live,
           array_agg(pairs.candidate) AS candidate
    FROM (
        SELECT DISTINCT ON (item_id) item_id, own_severity, read_sequence FROM decisions
        WHERE own_severity IS NOT NULL AND item_id IS NOT NULL AND read_sequence IS NOT NULL
        ORDER BY item_id, created_at
    ) d
    JOIN messages m ON m.item_id = d.item_id AND m.sequence <= d.read_sequence
    LEFT JOIN pairs ON pairs.message_id = m.id
    GROUP BY d.item_id, d.own_severity
    HAVING count(*) = count(pairs.message_id)
""")  # noqa: S608 (our own text)


@dataclass(frozen=True)
class InShadow:
    """The candidate, and why it reads nothing if it does not."""

    version: str
    card: str | None
    since: datetime
    trouble: str | None


@dataclass(frozen=True)
class Difference:
    """A message that only one of them calls high or imminent."""

    conversation_id: uuid.UUID
    participant: str
    at: datetime
    live: Severity
    candidate: Severity


@dataclass(frozen=True)
class Comparison:
    """Everything a study lead sees before deciding about a candidate."""

    candidate: InShadow
    levels: Table
    grades: Mapping[tuple[Grade, Grade], int]
    differences: Sequence[Difference]
    judged: Sequence[Judged]


def comparison(session: Session) -> Comparison | None:
    """The candidate in shadow compared with live; None when there is none."""
    row = session.scalars(
        select(ScoringModel).where(ScoringModel.state == ModelState.SHADOW)
    ).one_or_none()
    if row is None:
        return None
    told = {"version": row.version, "most": MOST_TEXTS}
    levels = session.execute(_LEVELS, told).all()
    return Comparison(
        candidate=InShadow(row.version, row.card, row.state_at, row.trouble),
        levels=Table({(Severity(one.live), Severity(one.candidate)): one.texts for one in levels}),
        grades=_grades(session, told),
        differences=[
            Difference(
                one.conversation_id,
                one.participant,
                one.received_at,
                Severity(one.live),
                Severity(one.candidate),
            )
            for one in session.execute(_DIFFERENT, told | {"listed": LISTED})
        ],
        judged=[
            Judged(
                Severity(one.own),
                worst(Severity(level) for level in one.live),
                worst(Severity(level) for level in one.candidate),
            )
            for one in session.execute(_JUDGED, told)
        ],
    )


def _grades(session: Session, told: Mapping[str, object]) -> Mapping[tuple[Grade, Grade], int]:
    found: Counter[tuple[Grade, Grade]] = Counter()
    for row in session.execute(_FLAGS, told):
        live = worst_grade(Flag(flag) for flag in row.live_flags)
        candidate = worst_grade(Flag(flag) for flag in row.candidate_flags or ())
        found[live, candidate] += row.texts
    return found

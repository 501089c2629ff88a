"""Which words moved a score, for a reader whose own level is recorded."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from oversight.domain.flags import Flag

# Judge first: what lies unread in an open item, and a draft that waits for its decision, is left
# out. Whoever decides about it sees its words on the card, after giving a level.
_READ = text("""
    SELECT DISTINCT ON (t.sequence) t.sequence, e.flag, e.spans
    FROM (
        SELECT m.sequence, r.id AS assessment_id FROM messages m
        JOIN risk_assessments r ON r.message_id = m.id AND NOT r.shadow
        LEFT JOIN review_items i ON i.id = m.item_id
        WHERE m.conversation_id = :conversation_id
          AND (i.id IS NULL OR i.status = 'closed' OR m.sequence <= i.read_sequence)
        UNION ALL
        SELECT d.sequence, r.id FROM drafts d
        JOIN risk_assessments r ON r.draft_id = d.id AND NOT r.shadow
        WHERE d.conversation_id = :conversation_id AND d.status <> 'held'
    ) t
    LEFT JOIN evidence e ON e.assessment_id = t.assessment_id
    ORDER BY t.sequence, t.assessment_id DESC
""")


@dataclass(frozen=True)
class EvidenceView:
    """Characters [start, end) of a text, heaviest first; for a reply, of one flag."""

    spans: Sequence[tuple[int, int]]
    flag: Flag | None


def evidence_view(spans: Sequence[Sequence[float]] | None, flag: str | None) -> EvidenceView | None:
    """As it is kept, made ready to show; None where it is not known."""
    if spans is None:
        return None
    return EvidenceView(
        [(int(start), int(end)) for start, end, _ in spans], Flag(flag) if flag else None
    )


def evidence_of(session: Session, conversation_id: uuid.UUID) -> Mapping[int, EvidenceView]:
    """Evidence of the newest scores in a conversation, by turn, of what has been read."""
    rows = session.execute(_READ, {"conversation_id": conversation_id})
    views = {row.sequence: evidence_view(row.spans, row.flag) for row in rows}
    return {sequence: view for sequence, view in views.items() if view is not None}

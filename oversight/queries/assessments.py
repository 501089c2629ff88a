"""What the classifier made of a text, for the reader who has given their own view."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Row, Uuid, any_, bindparam, or_, select
from sqlalchemy.orm import Session

from db.tables import Draft, Evidence, RiskAssessment
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity
from oversight.queries.evidence import EvidenceView, evidence_view


@dataclass(frozen=True)
class AssessmentView:
    """The model's newest view of a text, for the reader who has given their own."""

    scored: bool
    severity: Severity | None
    probability: float | None
    categories: Sequence[tuple[Category, float]]
    flags: Sequence[tuple[Flag, float]]
    phrase_hits: Sequence[str]
    language: str | None
    model_version: str
    unscored_reason: str | None
    evidence: EvidenceView | None
    message_id: uuid.UUID | None


# Built once: building a statement anew takes longer than executing it. The revisions of a reply
# after a recall have the same words.
_OF_TEXTS = (
    select(RiskAssessment, Evidence.spans, Evidence.flag)
    .outerjoin(Evidence, Evidence.assessment_id == RiskAssessment.id)
    .where(
        or_(
            RiskAssessment.message_id == any_(bindparam("messages", type_=ARRAY(Uuid))),
            RiskAssessment.draft_id.in_(
                select(Draft.id).where(Draft.reply_id == bindparam("reply"))
            ),
        ),
        ~RiskAssessment.shadow,
    )
    .order_by(RiskAssessment.id.desc())
)


def newest_assessments(
    session: Session, message_ids: Sequence[uuid.UUID], reply_id: uuid.UUID | None
) -> tuple[AssessmentView | None, AssessmentView | None]:
    """The newest assessment of the likeliest of some messages, and of a reply.

    The likeliest is the one whose newest assessment gives the highest probability of a crisis;
    among equals, and where none is scored, the newest message.
    """
    rows = session.execute(_OF_TEXTS, {"messages": list(message_ids), "reply": reply_id}).all()
    newest: dict[uuid.UUID, Row[RiskAssessment, list[list[float]], str]] = {}
    for row in rows:
        if row[0].message_id is not None:
            newest.setdefault(row[0].message_id, row)
    known = [newest[one] for one in message_ids if one in newest]
    of_message = max(known, key=_likelihood, default=None)
    of_reply = next((row for row in rows if row[0].draft_id is not None), None)
    return _view(of_message), _view(of_reply)


def _likelihood(found: Row[RiskAssessment, list[list[float]], str]) -> float:
    return found[0].crisis_probability if found[0].crisis_probability is not None else -1.0


def _view(found: Row[RiskAssessment, list[list[float]], str] | None) -> AssessmentView | None:
    if found is None:
        return None
    row, spans, flag = found
    categories = [(Category(k), float(v)) for k, v in (row.category_probabilities or {}).items()]
    flags = [(Flag(k), float(v)) for k, v in (row.flag_probabilities or {}).items()]
    is_message = row.message_id is not None
    return AssessmentView(
        scored=row.scored,
        severity=Severity(row.severity) if row.severity else None,
        probability=row.crisis_probability if is_message else row.reply_harm_probability,
        categories=sorted(categories, key=lambda pair: -pair[1]),
        flags=sorted(flags, key=lambda pair: -pair[1]),
        phrase_hits=row.phrase_hits,
        language=row.language,
        model_version=row.model_version,
        unscored_reason=row.unscored_reason,
        evidence=evidence_view(spans, flag),
        message_id=row.message_id,
    )

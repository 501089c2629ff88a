"""What the classifier made of a text, for the reader who has given their own view."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.tables import Draft, RiskAssessment
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity


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


def of_message(session: Session, message_id: uuid.UUID | None) -> AssessmentView | None:
    """The newest assessment of a message."""
    return _newest(session, RiskAssessment.message_id == message_id)


def of_draft(session: Session, reply_id: uuid.UUID) -> AssessmentView | None:
    """The newest assessment of a reply: its revisions after a recall have the same words."""
    revisions = select(Draft.id).where(Draft.reply_id == reply_id)
    return _newest(session, RiskAssessment.draft_id.in_(revisions))


def _newest(session: Session, which: ColumnElement[bool]) -> AssessmentView | None:
    row = session.scalars(
        select(RiskAssessment)
        .where(which, ~RiskAssessment.shadow)
        .order_by(RiskAssessment.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
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
    )

"""Which classifiers the record knows beside the shipped one, and what each is used for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import RiskAssessment, ScoringModel
from oversight.domain.words import ModelState


@dataclass(frozen=True)
class KnownModel:
    """One classifier that was named with ``python -m oversight models``."""

    version: str
    source: str
    digest: str
    card: str | None
    thresholds: Mapping[str, float]
    state: ModelState
    state_at: datetime
    trouble: str | None


def known_models(session: Session) -> Sequence[KnownModel]:
    """All of them, the newest change first."""
    rows = session.scalars(select(ScoringModel).order_by(ScoringModel.state_at.desc()))
    return [_known(row) for row in rows]


def model_in(session: Session, state: ModelState) -> KnownModel | None:
    """The one that is live, or in shadow. None live means that the shipped one is."""
    row = session.scalars(
        select(ScoringModel).where(ScoringModel.state == state).order_by(ScoringModel.id).limit(1)
    ).one_or_none()
    return None if row is None else _known(row)


def newest_scores(session: Session) -> Mapping[str, datetime]:
    """When each version last scored a text, live or in shadow, among the newest 10,000 scores."""
    newest = select(RiskAssessment).order_by(RiskAssessment.id.desc()).limit(10_000).subquery()
    rows = session.execute(
        select(newest.c.model_version, func.max(newest.c.created_at)).group_by(
            newest.c.model_version
        )
    )
    return {row[0]: row[1] for row in rows}


def _known(row: ScoringModel) -> KnownModel:
    return KnownModel(
        version=row.version,
        source=row.source,
        digest=row.digest,
        card=row.card,
        thresholds=row.thresholds,
        state=ModelState(row.state),
        state_at=row.state_at,
        trouble=row.trouble,
    )

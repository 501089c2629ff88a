"""Harmless stretches that may be decided together, with everything said in them to be read."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from db.tables import (
    Claim,
    Clinician,
    Conversation,
    Draft,
    Escalation,
    Message,
    Participant,
    ReviewItem,
    RiskAssessment,
)
from oversight.domain.bulk import HARMLESS, Band, Stretch, reasons_against
from oversight.domain.chance import own_level_first
from oversight.domain.errors import NotPermitted
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import DraftStatus, EscalationStatus, ItemStatus
from oversight.domain.permissions import Role, reads_items
from oversight.domain.routing import may_read
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind, Scoring
from oversight.queries.policies import policy_of
from oversight.queries.stops import blocked, rule_of_conversation


@dataclass(frozen=True)
class BulkLine:
    """One stretch: what was said and not read, and the reply that would go out.

    ``version`` is what a decision must name. ``score`` is the likeliest risk among what is unread,
    None where no live classifier gave one.
    """

    item_id: uuid.UUID
    version: int
    conversation_id: uuid.UUID
    participant: str
    severity: Severity
    score: float | None
    said: Sequence[str]
    reply: str | None


def stretches(session: Session, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Stretch]:
    """The facts of these items that the rule of deciding together looks at."""
    rows = session.execute(_facts().where(ReviewItem.id.in_(item_ids))).all()
    return {row.ReviewItem.id: _stretch(session, row) for row in rows}


def bulk_lines(
    session: Session,
    clinician_id: uuid.UUID,
    *,
    band: Band | None = None,
    conversation_id: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[BulkLine]:
    """What this reader may decide together: in a score band, or of one conversation.

    The most urgent first. Whatever the rule keeps out is not in the list.
    """
    reader = session.get(Clinician, clinician_id)
    if reader is None or reader.deactivated_at is not None or not reads_items(Role(reader.role)):
        raise NotPermitted("only a clinician or supervisor on the team can decide")
    conditions: list[ColumnElement[bool]] = [
        ReviewItem.status == ItemStatus.WAITING,
        ReviewItem.severity.in_([one.value for one in HARMLESS]),
    ]
    if conversation_id is not None:
        conditions.append(ReviewItem.conversation_id == conversation_id)
    if band is not None:
        conditions.append(_SCORE.between(band.low, band.high))
    rows = session.execute(
        _facts()
        .where(*conditions)
        .order_by(ReviewItem.priority.desc(), ReviewItem.deadline_at, ReviewItem.id)
        .limit(limit * 4)
    ).all()
    fitting = [
        row
        for row in rows
        if not reasons_against(_stretch(session, row))
        and may_read(
            row.ReviewItem.language,
            Severity(row.ReviewItem.severity),
            languages=reader.languages,
            role=Role(reader.role),
        )
    ][:limit]
    said = _unread(session, [row.ReviewItem.id for row in fitting])
    return [
        BulkLine(
            item_id=row.ReviewItem.id,
            version=row.ReviewItem.version,
            conversation_id=row.ReviewItem.conversation_id,
            participant=row.participant,
            severity=Severity(row.ReviewItem.severity),
            score=row.score,
            said=said.get(row.ReviewItem.id, ()),
            reply=row.draft_text,
        )
        for row in fitting
    ]


_MINE = and_(Message.item_id == ReviewItem.id, Message.sequence > ReviewItem.read_sequence)
_SCORE = (
    select(func.max(RiskAssessment.crisis_probability))
    .join(Message, Message.id == RiskAssessment.message_id)
    .where(_MINE, RiskAssessment.shadow.is_(False))
    .correlate(ReviewItem)
    .scalar_subquery()
)
"""The highest ever given: a later version may only raise."""


def _facts() -> Any:  # Any: a Select of an entity and columns
    unscored = (
        select(Message.id)
        .where(
            Message.conversation_id == ReviewItem.conversation_id,
            or_(Message.item_id == ReviewItem.id, Message.item_id.is_(None)),
            Message.scoring != Scoring.SCORED,
        )
        .exists()
    )
    escalated = (
        select(Escalation.id)
        .where(
            Escalation.conversation_id == ReviewItem.conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
        .exists()
    )
    return (
        select(
            ReviewItem,
            Conversation.taken_over_by,
            Participant.jurisdiction,
            rule_of_conversation().label("rule"),
            Participant.external_id.label("participant"),
            Draft.id.label("draft_id"),
            Draft.text.label("draft_text"),
            Draft.grade.label("draft_grade"),
            Draft.scoring.label("draft_scoring"),
            unscored.label("unscored"),
            escalated.label("escalated"),
            select(Claim.id)
            .where(Claim.item_id == ReviewItem.id, Claim.ended_at.is_(None))
            .exists()
            .label("claimed"),
            _SCORE.label("score"),
        )
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(
            Draft,
            and_(
                Draft.conversation_id == ReviewItem.conversation_id,
                Draft.status == DraftStatus.HELD,
                ReviewItem.kind == ItemKind.REVIEW,
            ),
        )
        .execution_options(populate_existing=True)
    )


def _stretch(session: Session, row: Any) -> Stretch:
    item: ReviewItem = row.ReviewItem
    policy = policy_of(session, item.policy_version_id)
    severity = Severity(item.severity)
    held = row.draft_id is not None
    return Stretch(
        severity=severity,
        status=ItemStatus.CLAIMED if row.claimed else ItemStatus(item.status),
        all_scored=not row.unscored and (not held or row.draft_scoring == Scoring.SCORED),
        draft_held=held,
        draft_grade=Grade(row.draft_grade) if held else Grade.H0,
        escalated=row.escalated,
        undelivered=item.undelivered_at is not None,
        refused_message=item.notice is not None,
        lowered=item.lowered_to is not None,
        taken_over=row.taken_over_by is not None,
        ai_blocked=blocked(policy, row.jurisdiction, row.rule),
        own_level_first=own_level_first(severity, item.id, policy.own_level_share),
        switched_on=policy.bulk_limit > 0,
    )


def _unread(session: Session, item_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    rows = session.execute(
        select(Message.item_id, Message.text)
        .join(ReviewItem, ReviewItem.id == Message.item_id)
        .where(Message.item_id.in_(item_ids), Message.sequence > ReviewItem.read_sequence)
        .order_by(Message.sequence)
    )
    found: dict[uuid.UUID, list[str]] = {}
    for item_id, words in rows:
        if item_id is not None:
            found.setdefault(item_id, []).append(words)
    return found

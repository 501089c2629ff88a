"""A case as its page shows it: record, attempts, forms, follow-ups, timeline."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from db.tables import (
    AuditEvent,
    CaseForm,
    CaseRecord,
    Clinician,
    ContactAttempt,
    Conversation,
    Escalation,
    FollowUp,
    Handoff,
    Participant,
    ReportDeadline,
    WelfareCheck,
)
from oversight.domain.contact import Attempt, AttemptChannel, AttemptOutcome, Due, next_attempt
from oversight.domain.errors import NotFound
from oversight.domain.pages import reference_of
from oversight.domain.severity import Severity

TIMELINE = (
    "escalation.%",
    "contact.%",
    "welfare.%",
    "handoff.%",
    "case.%",
    "follow_up.%",
    "decision.%",
    "delivery.%",
    "item.level",
    "level.%",
)
"""Kinds of events that belong to the story of a case; never what was said."""


@dataclass(frozen=True)
class AttemptLine:
    """One attempt to reach the participant."""

    at: datetime
    person: str
    channel: AttemptChannel
    outcome: AttemptOutcome
    words_left: str | None


@dataclass(frozen=True)
class TimelineLine:
    """One thing that happened, in order of the record."""

    at: datetime
    kind: str
    person: str | None
    detail: Mapping[str, Any]  # Any: as the record keeps it


@dataclass(frozen=True)
class FollowUpLine:
    """One follow-up, for a case or for the calendar of all."""

    id: uuid.UUID
    escalation_id: uuid.UUID
    reference: str
    participant: str
    owner_id: uuid.UUID
    owner: str
    due_at: datetime
    missed_at: datetime | None
    done_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class WelfareLine:
    """A welfare check: who asked, who agreed, whether it is ordered."""

    proposed_by: str
    reason: str
    attempt_in_progress: bool
    confirmed_by: str | None
    ordered_at: datetime | None


@dataclass(frozen=True)
class HandoffLine:
    """A case that somebody was asked to take over."""

    id: uuid.UUID
    escalation_id: uuid.UUID
    reference: str
    from_name: str
    to_id: uuid.UUID
    to_name: str
    note: str
    asked_at: datetime


@dataclass(frozen=True)
class ReportLine:
    """A report that an adverse event demands."""

    escalation_id: uuid.UUID
    rule: str
    due_at: datetime
    reported_at: datetime | None


@dataclass(frozen=True)
class CaseView:
    """Everything about one case but the conversation itself."""

    escalation_id: uuid.UUID
    conversation_id: uuid.UUID
    reference: str
    severity: Severity
    record: CaseRecord | None
    signed_by: str | None
    cosigned_by: str | None
    attempts: Sequence[AttemptLine]
    next_attempt: Due | None
    welfare: WelfareLine | None
    forms: Mapping[str, Any]  # Any: each form's own content
    follow_ups: Sequence[FollowUpLine]
    reports: Sequence[ReportLine]
    timeline: Sequence[TimelineLine]


def case_view(session: Session, escalation_id: uuid.UUID) -> CaseView:
    """One case; NotFound without its escalation."""
    escalation = session.get(Escalation, escalation_id)
    if escalation is None:
        raise NotFound("no such escalation", escalation_id=str(escalation_id))
    kept = session.scalars(
        select(CaseRecord).where(CaseRecord.escalation_id == escalation_id)
    ).one_or_none()
    attempts = _attempts(session, escalation_id)
    welfare = _welfare(session, escalation_id)
    severity = Severity(escalation.severity)
    return CaseView(
        escalation_id=escalation_id,
        conversation_id=escalation.conversation_id,
        reference=reference_of(escalation_id),
        severity=severity,
        record=kept,
        signed_by=_name(session, kept.signed_by if kept else None),
        cosigned_by=_name(session, kept.cosigned_by if kept else None),
        attempts=attempts,
        next_attempt=next_attempt(
            severity,
            [Attempt(one.at, one.channel, one.outcome) for one in attempts],
            opened_at=escalation.opened_at,
            collateral_consented=_collateral(session, escalation.conversation_id),
            welfare_check_ordered=welfare is not None and welfare.ordered_at is not None,
        ),
        welfare=welfare,
        forms=_forms(session, escalation_id),
        follow_ups=follow_ups(session, escalation_id=escalation_id),
        reports=reports(session, escalation_id=escalation_id),
        timeline=timeline(session, escalation_id),
    )


def timeline(session: Session, escalation_id: uuid.UUID) -> Sequence[TimelineLine]:
    """What happened in the case's conversation since it opened, filled in by the system."""
    escalation = session.get_one(Escalation, escalation_id)
    kinds = or_(*(AuditEvent.kind.like(one) for one in TIMELINE))
    rows = session.execute(
        select(AuditEvent.at, AuditEvent.kind, Clinician.name, AuditEvent.detail)
        .outerjoin(Clinician, Clinician.id.cast(AuditEvent.actor_id.type) == AuditEvent.actor_id)
        .where(
            AuditEvent.conversation_id == escalation.conversation_id,
            AuditEvent.at >= escalation.opened_at,
            kinds,
        )
        .order_by(AuditEvent.id)
    )
    return [TimelineLine(*row) for row in rows]


def follow_ups(
    session: Session,
    *,
    escalation_id: uuid.UUID | None = None,
    owner_id: uuid.UUID | None = None,
    open_only: bool = False,
) -> Sequence[FollowUpLine]:
    """Follow-ups in order of time: of one case, of one owner, or all of them."""
    question = (
        select(FollowUp, Participant.external_id, Clinician.name)
        .join(Conversation, Conversation.id == FollowUp.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .join(Clinician, Clinician.id == FollowUp.owner_id)
        .order_by(FollowUp.due_at, FollowUp.id)
    )
    if escalation_id is not None:
        question = question.where(FollowUp.escalation_id == escalation_id)
    if owner_id is not None:
        question = question.where(FollowUp.owner_id == owner_id)
    if open_only:
        question = question.where(FollowUp.done_at.is_(None))
    return [
        FollowUpLine(
            id=row.id,
            escalation_id=row.escalation_id,
            reference=reference_of(row.escalation_id),
            participant=participant,
            owner_id=row.owner_id,
            owner=owner,
            due_at=row.due_at,
            missed_at=row.missed_at,
            done_at=row.done_at,
            outcome=row.outcome,
        )
        for row, participant, owner in session.execute(question)
    ]


def cosignatures_due(session: Session) -> Sequence[tuple[uuid.UUID, str, datetime]]:
    """Signed cases that wait for a supervisor: escalation, who signed, when; the oldest first."""
    rows = session.execute(
        select(CaseRecord.escalation_id, Clinician.name, CaseRecord.signed_at)
        .join(Clinician, Clinician.id == CaseRecord.signed_by)
        .where(CaseRecord.signed_at.is_not(None), CaseRecord.cosigned_at.is_(None))
        .order_by(CaseRecord.signed_at)
    )
    return [(one, name, at) for one, name, at in rows if at is not None]


def handoffs_asked(session: Session, clinician_id: uuid.UUID) -> Sequence[HandoffLine]:
    """Cases that this person asked somebody to take, or is asked to take, and that wait."""
    giver, taker = aliased(Clinician), aliased(Clinician)
    rows = session.execute(
        select(Handoff, giver.name, taker.name)
        .join(giver, giver.id == Handoff.from_id)
        .join(taker, taker.id == Handoff.to_id)
        .where(
            (Handoff.from_id == clinician_id) | (Handoff.to_id == clinician_id),
            Handoff.accepted_at.is_(None),
            Handoff.declined_at.is_(None),
            Handoff.withdrawn_at.is_(None),
        )
        .order_by(Handoff.asked_at)
    )
    return [
        HandoffLine(
            one.id,
            one.escalation_id,
            reference_of(one.escalation_id),
            gives,
            one.to_id,
            takes,
            one.note,
            one.asked_at,
        )
        for one, gives, takes in rows
    ]


def reports(session: Session, *, escalation_id: uuid.UUID | None = None) -> Sequence[ReportLine]:
    """Reports owed, the next first; of one case, if named."""
    question = select(
        ReportDeadline.escalation_id,
        ReportDeadline.rule,
        ReportDeadline.due_at,
        ReportDeadline.reported_at,
    ).order_by(ReportDeadline.due_at)
    if escalation_id is not None:
        question = question.where(ReportDeadline.escalation_id == escalation_id)
    return [ReportLine(*row) for row in session.execute(question)]


def _attempts(session: Session, escalation_id: uuid.UUID) -> list[AttemptLine]:
    rows = session.execute(
        select(ContactAttempt, Clinician.name)
        .join(Clinician, Clinician.id == ContactAttempt.clinician_id)
        .where(ContactAttempt.escalation_id == escalation_id)
        .order_by(ContactAttempt.at, ContactAttempt.id)
    )
    return [
        AttemptLine(
            one.at,
            name,
            AttemptChannel(one.channel),
            AttemptOutcome(one.outcome),
            one.words_left,
        )
        for one, name in rows
    ]


def _welfare(session: Session, escalation_id: uuid.UUID) -> WelfareLine | None:
    asker, second = aliased(Clinician), aliased(Clinician)
    row = session.execute(
        select(
            asker.name,
            WelfareCheck.reason,
            WelfareCheck.attempt_in_progress,
            second.name,
            WelfareCheck.ordered_at,
        )
        .join(asker, asker.id == WelfareCheck.proposed_by)
        .outerjoin(second, second.id == WelfareCheck.confirmed_by)
        .where(WelfareCheck.escalation_id == escalation_id)
    ).one_or_none()
    return None if row is None else WelfareLine(row[0], row[1], row[2], row[3], row[4])


def _forms(session: Session, escalation_id: uuid.UUID) -> dict[str, Any]:
    rows = session.execute(
        select(CaseForm.kind, CaseForm.content)
        .where(CaseForm.escalation_id == escalation_id)
        .order_by(CaseForm.at, CaseForm.id)
    )
    return {row.kind: row.content for row in rows}


def _collateral(session: Session, conversation_id: uuid.UUID) -> bool:
    """Whether the participant's card names somebody close to them who may be called."""
    card = session.scalar(
        select(Participant.card)
        .join(Conversation, Conversation.participant_id == Participant.id)
        .where(Conversation.id == conversation_id)
    )
    return bool(card and card.get("collateral"))


def _name(session: Session, clinician_id: uuid.UUID | None) -> str | None:
    if clinician_id is None:
        return None
    return session.scalar(select(Clinician.name).where(Clinician.id == clinician_id))

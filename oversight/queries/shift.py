"""One's own shift: where one stands, what became of what one raised or handed over."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from db.session import now as database_now
from db.tables import Clinician, Conversation, Decision, Escalation, Handover, Participant
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.rota import on_at
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, ShiftPosition
from oversight.queries.rota import INSTANT, on_until, rotas

RAISED_SHOWN_FOR = timedelta(days=14)
ANSWERS_SHOWN_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class OwnDuty:
    """Whether somebody is on duty, until when, and at which positions of which teams."""

    until: datetime | None
    positions: Sequence[tuple[str, ShiftPosition]]


@dataclass(frozen=True)
class Raised:
    """A case that somebody raised, and how it stands."""

    conversation_id: uuid.UUID
    participant: str
    severity: Severity
    raised_at: datetime
    status: EscalationStatus
    owner: str | None
    contact_begun_at: datetime | None
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True)
class AnsweredHandover:
    """How a colleague answered a handover. ``reason`` only where they declined it."""

    taker: str
    accepted: bool
    at: datetime
    reason: str | None


def own_duty(session: Session, clinician_id: uuid.UUID) -> OwnDuty:
    """Where this person stands in the rota now; nowhere when off duty."""
    now = database_now(session)
    positions = [
        (team.name, position)
        for team in rotas(session, now, now + INSTANT)
        for position in ShiftPosition
        if clinician_id in on_at(team.rota, position, now)
    ]
    return OwnDuty(on_until(session, now=now).get(clinician_id), positions)


def raised_by(session: Session, clinician_id: uuid.UUID, *, limit: int = 10) -> Sequence[Raised]:
    """Cases this person raised within two weeks, also those that ran already; newest first."""
    owner = aliased(Clinician)
    joined_in = (
        select(Decision.id)
        .where(
            Decision.item_id == Escalation.item_id,
            Decision.clinician_id == clinician_id,
            Decision.kind == DecisionKind.ESCALATE,
            Decision.created_at >= Escalation.opened_at,
        )
        .exists()
    )
    rows = session.execute(
        select(Escalation, Participant.external_id.label("participant"), owner.name.label("owner"))
        .join(Conversation, Conversation.id == Escalation.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(owner, owner.id == Escalation.owner_id)
        .where(
            Escalation.opened_at > func.oversight_now() - RAISED_SHOWN_FOR,
            or_(Escalation.opened_by == clinician_id, joined_in),
        )
        .order_by(Escalation.opened_at.desc(), Escalation.id)
        .limit(limit)
    )
    return [
        Raised(
            conversation_id=row.Escalation.conversation_id,
            participant=row.participant,
            severity=Severity(row.Escalation.severity),
            raised_at=row.Escalation.opened_at,
            status=EscalationStatus(row.Escalation.status),
            owner=row.owner,
            contact_begun_at=row.Escalation.contact_begun_at,
            resolved_at=row.Escalation.resolved_at,
            resolution=row.Escalation.resolution,
        )
        for row in rows
    ]


def answered_handovers(session: Session, giver_id: uuid.UUID) -> Sequence[AnsweredHandover]:
    """How colleagues answered this person's handovers within a day, newest first."""
    answered_at = func.coalesce(Handover.accepted_at, Handover.declined_at)
    rows = session.execute(
        select(Clinician.name, Handover.accepted_at, Handover.decline_reason, answered_at)
        .join(Clinician, Clinician.id == Handover.taker_id)
        .where(
            Handover.giver_id == giver_id,
            answered_at > func.oversight_now() - ANSWERS_SHOWN_FOR,
        )
        .order_by(answered_at.desc())
    )
    return [AnsweredHandover(row[0], row[1] is not None, row[3], row[2]) for row in rows]

"""Every unresolved escalation with its clocks, and one ladder drawn minute by minute."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from db.tables import (
    Acknowledgement,
    Clinician,
    Conversation,
    Escalation,
    Message,
    OutgoingPage,
    Paging,
    Participant,
)
from oversight.domain.errors import NotFound
from oversight.domain.ladder import OpeningRule, Seen, ladder_of
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.pages import PageStatus, reference_of
from oversight.domain.severity import Severity
from oversight.queries.policies import policy_of


@dataclass(frozen=True)
class OpenEscalation:
    """One unresolved escalation. Due times run from the first message of the present ladder's
    level; ``breaches`` names the clocks that ran out (``acknowledge``, ``contact``, ``record``)."""

    id: uuid.UUID
    reference: str
    conversation_id: uuid.UUID
    participant: str
    severity: Severity
    status: EscalationStatus
    rule: OpeningRule
    owner_id: uuid.UUID | None
    owner: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    contact_begun_at: datetime | None
    next_page_at: datetime | None
    acknowledge_due_at: datetime
    contact_due_at: datetime | None
    record_due_at: datetime | None
    not_covered: bool
    breaches: Sequence[str]
    seen: Seen


@dataclass(frozen=True)
class Rung:
    """One step: when it is due, whom it asks for, who was called when, and what their pages did.

    ``called`` holds (name, time, statuses of their pages); a name of None: nobody could be called.
    """

    number: int
    due_at: datetime
    roles: Sequence[str]
    called: Sequence[tuple[str | None, datetime, Sequence[PageStatus]]]


@dataclass(frozen=True)
class Ladder:
    """The present ladder: its rungs, the calls beyond the last one, and who has it."""

    started_at: datetime
    rungs: Sequence[Rung]
    repeats: Sequence[tuple[str | None, datetime, Sequence[PageStatus]]]
    having: Sequence[tuple[str, datetime, datetime]]
    next_page_at: datetime | None


def open_escalations(session: Session, *, now: datetime) -> Sequence[OpenEscalation]:
    """All of them, worst first, then those that nobody has, then the oldest."""
    owner = aliased(Clinician)
    uncovered = (
        select(Paging.id)
        .where(
            Paging.escalation_id == Escalation.id,
            Paging.clinician_id.is_(None),
            Paging.at >= Escalation.ladder_started_at,
        )
        .exists()
    )
    # The first message as grave as the escalation: from it on somebody waits.
    since = (
        select(func.min(Message.received_at))
        .where(Message.item_id == Escalation.item_id, Message.severity == Escalation.severity)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Escalation, Participant.external_id, owner.name, uncovered, since)
        .join(Conversation, Conversation.id == Escalation.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(owner, owner.id == Escalation.owner_id)
        .where(Escalation.status != EscalationStatus.RESOLVED)
    )
    found = [_open(session, *row, now=now) for row in rows]
    return sorted(
        found, key=lambda one: (-one.severity.rank, one.owner_id is not None, one.opened_at)
    )


def ladder(session: Session, escalation_id: uuid.UUID) -> Ladder:
    """One escalation's present ladder, step by step."""
    escalation = session.get(Escalation, escalation_id)
    if escalation is None:
        raise NotFound("no such escalation", escalation_id=str(escalation_id))
    calls = _calls(session, escalation)
    started = escalation.ladder_started_at
    steps = escalation.steps
    having = session.execute(
        select(Clinician.name, Acknowledgement.at, Acknowledgement.until)
        .join(Clinician, Clinician.id == Acknowledgement.clinician_id)
        .where(
            Acknowledgement.escalation_id == escalation_id,
            Acknowledgement.ladder_started_at == started,
        )
        .order_by(Acknowledgement.at)
    ).all()
    return Ladder(
        started_at=started,
        rungs=[
            Rung(
                number,
                started + timedelta(seconds=int(step["after_seconds"])),
                step["roles"],
                calls[number],
            )
            for number, step in enumerate(steps)
        ],
        repeats=calls[len(steps)],
        having=[(row.name, row.at, row.until) for row in having],
        next_page_at=escalation.next_page_at,
    )


def _calls(
    session: Session, escalation: Escalation
) -> dict[int, list[tuple[str | None, datetime, Sequence[PageStatus]]]]:
    pages: dict[uuid.UUID, list[PageStatus]] = defaultdict(list)
    for row in session.execute(
        select(OutgoingPage.paging_id, OutgoingPage.status).where(
            OutgoingPage.escalation_id == escalation.id, OutgoingPage.paging_id.is_not(None)
        )
    ):
        pages[row.paging_id].append(PageStatus(row.status))
    found: dict[int, list[tuple[str | None, datetime, Sequence[PageStatus]]]] = defaultdict(list)
    for paging, name in session.execute(
        select(Paging, Clinician.name)
        .outerjoin(Clinician, Clinician.id == Paging.clinician_id)
        .where(Paging.escalation_id == escalation.id, Paging.at >= escalation.ladder_started_at)
        .order_by(Paging.at, Paging.id)
    ):
        found[paging.step].append((name, paging.at, pages[paging.id]))
    return found


def _open(
    session: Session,
    escalation: Escalation,
    participant: str,
    owner: str | None,
    not_covered: bool,  # noqa: FBT001 (a column of the row)
    since: datetime | None,
    *,
    now: datetime,
) -> OpenEscalation:
    severity = Severity(escalation.severity)
    clock = policy_of(session, escalation.policy_version_id).clock(ladder_of(severity))
    start = since or escalation.opened_at
    acknowledge_due = start + timedelta(seconds=clock.acknowledge_seconds)
    contact_due = _after(start, clock.contact_seconds)
    record_due = _after(start, clock.record_seconds)
    late = {
        "acknowledge": (escalation.acknowledged_at or now) > acknowledge_due,
        "contact": contact_due is not None and (escalation.contact_begun_at or now) > contact_due,
        "record": record_due is not None and now > record_due,
    }
    return OpenEscalation(
        id=escalation.id,
        reference=reference_of(escalation.id),
        conversation_id=escalation.conversation_id,
        participant=participant,
        severity=severity,
        status=EscalationStatus(escalation.status),
        rule=OpeningRule(escalation.rule),
        owner_id=escalation.owner_id,
        owner=owner,
        opened_at=escalation.opened_at,
        acknowledged_at=escalation.acknowledged_at,
        contact_begun_at=escalation.contact_begun_at,
        next_page_at=escalation.next_page_at,
        acknowledge_due_at=acknowledge_due,
        contact_due_at=contact_due,
        record_due_at=record_due,
        not_covered=not_covered,
        breaches=[name for name, breached in late.items() if breached],
        seen=Seen(escalation.id, escalation.ladder_started_at, escalation.step),
    )


def _after(start: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)

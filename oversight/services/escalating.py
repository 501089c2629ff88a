"""Escalations: opened, climbing a ladder, acknowledged, lapsing, resolved. Unowned pages for ever.

The ladder's steps are frozen into the row when it opens, so editing a policy never changes one
that is running.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.rows import listed
from db.session import Topic, ring
from db.tables import (
    Acknowledgement,
    CaseRecord,
    Clinician,
    Escalation,
    ReviewItem,
    new_id,
    table_of,
)
from oversight.domain.errors import (
    IllegalTransition,
    Incomplete,
    NotFound,
    NotPermitted,
    StaleVersion,
)
from oversight.domain.ladder import (
    OpeningRule,
    Seen,
    escalates,
    ladder_of,
    level_of_escalation,
    starts_anew,
)
from oversight.domain.lifecycle import EscalationEvent, EscalationStatus
from oversight.domain.permissions import Role, reads_items
from oversight.domain.severity import Severity
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor, Event, record
from oversight.services.climbing import climb
from oversight.services.locking import lock_conversation, lock_open_items
from oversight.services.transition import ESCALATION, move

_UNRESOLVED = (
    select(Escalation)
    .where(
        listed(Escalation.conversation_id, "conversations"),
        Escalation.status != EscalationStatus.RESOLVED,
    )
    .order_by(Escalation.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def raise_escalation(
    session: Session,
    item: ReviewItem,
    current: Escalation | None,
    *,
    now: datetime,
    actor: Actor,
    opened_by: uuid.UUID | None = None,
    reason: str | None = None,
    rule: OpeningRule = OpeningRule.SEVERITY,
) -> Escalation:
    """Open an escalation, or start the ladder of ``current`` anew where the level demands it.

    ``current`` is the conversation's unresolved escalation, locked; None where there is none.
    """
    if current is None:
        return _open(
            session, item, now=now, actor=actor, opened_by=opened_by, reason=reason, rule=rule
        )
    severity = Severity(item.severity)
    acknowledged = current.status == EscalationStatus.ACKNOWLEDGED
    running, by_person = Severity(current.severity), opened_by is not None
    if starts_anew(running, severity, acknowledged=acknowledged, by_person=by_person):
        _restart(session, current, item, severity, now=now, actor=actor, reason=reason)
    return current


def imminent_again(session: Session, item: ReviewItem, *, now: datetime, actor: Actor) -> None:
    """Another L4 message after an acknowledgement starts a new ladder at step 0."""
    current = open_escalation_of(session, item.conversation_id)
    if current is not None and current.status == EscalationStatus.ACKNOWLEDGED:
        _restart(session, current, item, Severity.L4, now=now, actor=actor, reason=None)


def open_escalation_of(session: Session, conversation_id: uuid.UUID) -> Escalation | None:
    """The conversation's unresolved escalation, locked."""
    return open_escalations(session, [conversation_id]).get(conversation_id)


def open_escalations(
    session: Session, conversation_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Escalation]:
    """The unresolved escalation, locked, of each conversation that has one."""
    rows = session.scalars(_UNRESOLVED, {"conversations": list(conversation_ids)})
    return {row.conversation_id: row for row in rows}


def _ladder(session: Session, item: ReviewItem, severity: Severity) -> list[dict[str, object]]:
    policy = policy_of(session, item.policy_version_id)
    return [
        {"after_seconds": step.after_seconds, "roles": list(step.roles)}
        for step in policy.ladders[ladder_of(severity)]
    ]


def _open(
    session: Session,
    item: ReviewItem,
    *,
    now: datetime,
    actor: Actor,
    opened_by: uuid.UUID | None,
    reason: str | None,
    rule: OpeningRule,
) -> Escalation:
    severity = Severity(item.severity)
    escalation = Escalation(
        id=new_id(),
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        policy_version_id=item.policy_version_id,
        severity=level_of_escalation(severity),
        status=EscalationStatus.OPEN,
        reason=reason,
        rule=rule,
        opened_by=opened_by,
        opened_at=now,
        ladder_started_at=now,
        steps=_ladder(session, item, severity),
        step=0,
        next_page_at=now,
    )
    session.add(escalation)
    session.flush()
    told = {"severity": escalation.severity, "why": rule.value}
    record(session, _event("escalation.open", escalation, actor, **told))
    climb(session, [escalation], now=now)
    return escalation


def _restart(
    session: Session,
    escalation: Escalation,
    item: ReviewItem,
    severity: Severity,
    *,
    now: datetime,
    actor: Actor,
    reason: str | None,
) -> None:
    level = severity if escalates(severity) else Severity(escalation.severity)
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus(escalation.status),
        EscalationEvent.RESTART,
        actor=actor,
        values={
            "severity": level.value,
            "item_id": item.id,
            "steps": _ladder(session, item, level),
            "step": 0,
            "ladder_started_at": now,
            "next_page_at": now,
            "owner_id": None,
            "acknowledged_until": None,
            "contact_begun_at": None,
            "reason": reason or escalation.reason,
        },
        detail={"severity": level.value},
    )
    session.refresh(escalation)
    climb(session, [escalation], now=now)


def acknowledge(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    now: datetime,
) -> Escalation:
    """I have it: names an owner and stops the ladder for a while. It decides nothing.

    Several people may say so; the first owns it, and the next does when the first one's time runs
    out. Saying so twice gains no time.
    """
    escalation = locked_escalation(session, escalation_id)
    require_reader(session, clinician_id)
    policy = policy_of(session, escalation.policy_version_id)
    level = ladder_of(Severity(escalation.severity))
    until = now + timedelta(seconds=policy.acknowledged_for_seconds[level])
    if escalation.status != EscalationStatus.RESOLVED:
        first = _note_having(session, escalation, clinician_id, until=until, now=now)
        if escalation.owner_id is not None:
            if first and escalation.owner_id != clinician_id:
                actor = Actor.clinician(clinician_id)
                record(session, _event("escalation.acknowledge_too", escalation, actor))
                ring(session, Topic.LIVE, escalation.conversation_id)
            return escalation
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus(escalation.status),
        EscalationEvent.ACKNOWLEDGE,
        actor=Actor.clinician(clinician_id),
        values={
            "owner_id": clinician_id,
            "acknowledged_at": now,
            "acknowledged_until": until,
            "next_page_at": None if escalation.contact_begun_at else until,
        },
    )
    session.refresh(escalation)
    ring(session, Topic.LIVE, escalation.conversation_id)
    return escalation


def _note_having(
    session: Session,
    escalation: Escalation,
    clinician_id: uuid.UUID,
    *,
    until: datetime,
    now: datetime,
) -> bool:
    """Keep that this person has it; False when they said so before, on this ladder."""
    row = insert(Acknowledgement).values(
        id=new_id(),
        escalation_id=escalation.id,
        clinician_id=clinician_id,
        ladder_started_at=escalation.ladder_started_at,
        at=now,
        until=until,
    )
    return session.scalar(row.on_conflict_do_nothing().returning(Acknowledgement.id)) is not None


def call_next(
    session: Session, seen: Seen, clinician_id: uuid.UUID, *, now: datetime
) -> Escalation:
    """Somebody calls the next step now instead of at its time.

    ``seen`` is the ladder as they saw it: a late or a second click is StaleVersion and calls
    nobody twice.
    """
    escalation = locked_escalation(session, seen.escalation_id)
    require_reader(session, clinician_id)
    current = (escalation.ladder_started_at, escalation.step)
    if escalation.status != EscalationStatus.OPEN or current != (seen.ladder_started_at, seen.step):
        raise StaleVersion(
            "the calls have gone on since you looked: see who was called",
            escalation_id=str(escalation.id),
            step=escalation.step,
            status=escalation.status,
        )
    actor = Actor.clinician(clinician_id)
    record(session, _event("escalation.jump", escalation, actor, step=escalation.step))
    escalation.next_page_at = now
    session.flush()
    climb(session, [escalation], now=now)
    return escalation


def let_go(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> int:
    """Somebody left the team: what they had is called for again, contact begun or not."""
    table = table_of(Escalation)
    rows = session.execute(
        update(table)
        .where(
            table.c.owner_id == clinician_id, table.c.status == EscalationStatus.ACKNOWLEDGED.value
        )
        .values(next_page_at=now, contact_begun_at=None)
        .returning(table.c.id)
    ).all()
    return len(rows)


def resolve(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    resolution: str,
    now: datetime,
) -> Escalation:
    """End an owned escalation, saying how it ended; NotPermitted while its item is open.

    What is open at high or above would call people again at its next change.
    """
    if not resolution.strip():
        raise Incomplete("say how the escalation ended before resolving it", field="resolution")
    _lock_conversation_of(session, escalation_id)
    escalation = locked_escalation(session, escalation_id)
    require_reader(session, clinician_id)
    _refuse_while_grave(session, escalation.conversation_id)
    _refuse_without_record(session, escalation)
    if escalation.owner_id is None:
        raise IllegalTransition(
            'nobody has this escalation: press "I have it" first, then say how it ended',
            status=escalation.status,
            event=EscalationEvent.RESOLVE.value,
        )
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus(escalation.status),
        EscalationEvent.RESOLVE,
        actor=Actor.clinician(clinician_id),
        values={
            "resolved_by": clinician_id,
            "resolved_at": now,
            "resolution": resolution.strip(),
            "next_page_at": None,
        },
    )
    session.refresh(escalation)
    ring(session, Topic.LIVE, escalation.conversation_id)
    return escalation


def _lock_conversation_of(session: Session, escalation_id: uuid.UUID) -> None:
    """Nothing new can arrive in the conversation between looking and resolving."""
    conversation_id = session.scalar(
        select(Escalation.conversation_id).where(Escalation.id == escalation_id)
    )
    if conversation_id is not None:
        lock_conversation(session, conversation_id)


def _refuse_while_grave(session: Session, conversation_id: uuid.UUID) -> None:
    found = lock_open_items(session, [conversation_id])
    if any(escalates(Severity(item.severity)) for item in found):
        raise NotPermitted(
            "first answer the conversation in Triage, where it is still open at high or imminent:"
            " decide the reply or mark it as read, or lower its level with a reason; then resolve",
            item_id=str(found[0].id),
        )


def _refuse_without_record(session: Session, escalation: Escalation) -> None:
    """Where the policy asks for it, an escalation ends only with its signed closure record."""
    if not policy_of(session, escalation.policy_version_id).closing_needs_record:
        return
    signed = select(CaseRecord.id).where(
        CaseRecord.escalation_id == escalation.id, CaseRecord.signed_at.is_not(None)
    )
    if session.scalar(signed) is None:
        raise Incomplete("first complete and sign the closure record of this case", field="record")


def locked_escalation(session: Session, escalation_id: uuid.UUID) -> Escalation:
    """One escalation, locked and read again; NotFound without one."""
    found = session.scalars(
        select(Escalation)
        .where(Escalation.id == escalation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("no such escalation", escalation_id=str(escalation_id))
    return found


def require_reader(session: Session, clinician_id: uuid.UUID) -> None:
    """NotPermitted for whoever may not take an escalation."""
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None or not reads_items(Role(role)):
        raise NotPermitted("only a clinician or supervisor on the team can take an escalation")


def _event(kind: str, escalation: Escalation, actor: Actor, **detail: object) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        study_id=escalation.study_id,
        conversation_id=escalation.conversation_id,
        item_id=escalation.item_id,
        subject=escalation.id,
        detail=detail,
    )

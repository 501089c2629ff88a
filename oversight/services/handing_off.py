"""A warm handoff: a case changes hands only when the person named has accepted."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import Escalation, Handoff, new_id
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted, StaleVersion
from oversight.domain.ladder import ladder_of
from oversight.domain.lifecycle import EscalationEvent, EscalationStatus
from oversight.domain.pages import PageKind
from oversight.domain.severity import Severity
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor
from oversight.services.calling import Notice, tell
from oversight.services.case_events import note_case
from oversight.services.escalating import locked_escalation, require_reader
from oversight.services.transition import ESCALATION, move


def ask_handoff(
    session: Session,
    escalation_id: uuid.UUID,
    from_id: uuid.UUID,
    to_id: uuid.UUID,
    *,
    note: str,
    now: datetime,
) -> uuid.UUID:
    """Ask a colleague by name to take over a case. Until they accept, it stays with its owner."""
    for person in (from_id, to_id):
        require_reader(session, person)
    if from_id == to_id or not note.strip():
        raise Incomplete("name a colleague, and write what they must know", field="note")
    escalation = locked_escalation(session, escalation_id)
    if escalation.owner_id != from_id:
        raise NotPermitted("only whoever has the case can hand it over")
    waiting = select(Handoff.id).where(Handoff.escalation_id == escalation_id, *_waiting())
    if session.scalar(waiting) is not None:
        raise Conflict("somebody was asked already: take that back first")
    handoff = Handoff(
        id=new_id(),
        escalation_id=escalation_id,
        from_id=from_id,
        to_id=to_id,
        note=note.strip(),
        asked_at=now,
    )
    session.add(handoff)
    session.flush()
    notice = Notice(
        PageKind.HANDOFF,
        handoff.id,
        study_id=escalation.study_id,
        conversation_id=escalation.conversation_id,
        severity=Severity(escalation.severity),
    )
    tell(session, [to_id], notice, now=now)
    note_case(session, "handoff.ask", escalation, from_id, to=str(to_id))
    return handoff.id


def answer_handoff(
    session: Session,
    handoff_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    accepts: bool,
    now: datetime,
) -> None:
    """The person named accepts, and owns the case from then on; or says no, and nothing changes."""
    handoff, escalation = _both(session, handoff_id)
    if handoff.to_id != clinician_id:
        raise NotPermitted("only the colleague who was asked can answer")
    require_reader(session, clinician_id)
    if accepts:
        if escalation.owner_id != handoff.from_id:
            raise StaleVersion("whoever asked does not have the case any more")
        handoff.accepted_at = now
        _change_owner(session, escalation, clinician_id, now=now)
    else:
        handoff.declined_at = now
    session.flush()
    note_case(session, "handoff.answer", escalation, clinician_id, accepts=accepts)
    ring(session, Topic.LIVE, escalation.conversation_id)


def withdraw_handoff(
    session: Session, handoff_id: uuid.UUID, clinician_id: uuid.UUID, *, now: datetime
) -> None:
    """Whoever asked takes the question back."""
    handoff, escalation = _both(session, handoff_id)
    if handoff.from_id != clinician_id:
        raise NotPermitted("only whoever asked can take the question back")
    handoff.withdrawn_at = now
    session.flush()
    note_case(session, "handoff.withdraw", escalation, clinician_id)


def _both(session: Session, handoff_id: uuid.UUID) -> tuple[Handoff, Escalation]:
    found = session.scalar(select(Handoff.escalation_id).where(Handoff.id == handoff_id))
    if found is None:
        raise NotFound("nobody asked for this", handoff_id=str(handoff_id))
    escalation = locked_escalation(session, found)
    handoff = session.scalars(
        select(Handoff).where(Handoff.id == handoff_id).execution_options(populate_existing=True)
    ).one()
    if handoff.accepted_at or handoff.declined_at or handoff.withdrawn_at:
        raise Conflict("this was answered or taken back already")
    return handoff, escalation


def _waiting() -> tuple[ColumnElement[bool], ...]:
    return (
        Handoff.accepted_at.is_(None),
        Handoff.declined_at.is_(None),
        Handoff.withdrawn_at.is_(None),
    )


def _change_owner(
    session: Session, escalation: Escalation, owner_id: uuid.UUID, *, now: datetime
) -> None:
    """The new owner's time begins; where contact has begun, nobody is called."""
    policy = policy_of(session, escalation.policy_version_id)
    level = ladder_of(Severity(escalation.severity))
    until = now + timedelta(seconds=policy.acknowledged_for_seconds[level])
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus(escalation.status),
        EscalationEvent.ACKNOWLEDGE,
        actor=Actor.clinician(owner_id),
        values={
            "owner_id": owner_id,
            "acknowledged_until": until,
            "next_page_at": None if escalation.contact_begun_at else until,
        },
        detail={"handed_over": True},
    )
    session.refresh(escalation)

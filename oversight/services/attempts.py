"""Trying to reach a participant at risk, and deciding a welfare check."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import ContactAttempt, Escalation, WelfareCheck, new_id
from oversight.domain.contact import Attempt, AttemptChannel, AttemptOutcome, welfare_check_stands
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.ladder import ladder_of
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.severity import Severity
from oversight.queries.policies import policy_of
from oversight.services.case_events import note_case
from oversight.services.contacting import begin_contact
from oversight.services.escalating import acknowledge, locked_escalation, require_reader


def record_attempt(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    channel: AttemptChannel,
    outcome: AttemptOutcome,
    words_left: str | None = None,
    now: datetime,
) -> uuid.UUID:
    """Note one attempt. Whoever tries has it, if nobody did.

    Speaking with the participant begins contact, which ends the calls for good. Any other attempt
    of the owner buys the time of one more acknowledgement: somebody is at it.
    """
    require_reader(session, clinician_id)
    escalation = _running(session, escalation_id)
    if escalation.owner_id is None:
        escalation = acknowledge(session, escalation_id, clinician_id, now=now)
    attempt = ContactAttempt(
        id=new_id(),
        escalation_id=escalation_id,
        clinician_id=clinician_id,
        channel=channel,
        outcome=outcome,
        words_left=(words_left or "").strip() or None,
        at=now,
    )
    session.add(attempt)
    session.flush()
    note_case(
        session,
        "contact.attempt",
        escalation,
        clinician_id,
        channel=channel.value,
        outcome=outcome.value,
    )
    if escalation.owner_id == clinician_id:
        spoke = outcome is AttemptOutcome.SPOKE and channel is not AttemptChannel.COLLATERAL
        if spoke:
            begin_contact(session, escalation.conversation_id, clinician_id, now=now)
        elif escalation.contact_begun_at is None:
            _more_time(session, escalation, now=now)
    ring(session, Topic.LIVE, escalation.conversation_id)
    return attempt.id


def attempts_of(session: Session, escalation_id: uuid.UUID) -> list[Attempt]:
    """What was tried, oldest first, as the rules read it."""
    rows = session.execute(
        select(ContactAttempt.at, ContactAttempt.channel, ContactAttempt.outcome)
        .where(ContactAttempt.escalation_id == escalation_id)
        .order_by(ContactAttempt.at, ContactAttempt.id)
    )
    return [Attempt(at, AttemptChannel(one), AttemptOutcome(how)) for at, one, how in rows]


def propose_welfare_check(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    reason: str,
    attempt_in_progress: bool,
    now: datetime,
) -> bool:
    """Ask for a welfare check; whether it is ordered already.

    A second person must agree, except with an attempt in progress, where one person may decide.
    """
    require_reader(session, clinician_id)
    if not reason.strip():
        raise Incomplete("write why somebody should look after them", field="reason")
    escalation = _running(session, escalation_id)
    if session.scalar(select(WelfareCheck.id).where(WelfareCheck.escalation_id == escalation_id)):
        raise Conflict("a welfare check was asked for already: agree to it, or see who did")
    ordered = welfare_check_stands({clinician_id}, attempt_in_progress=attempt_in_progress)
    check = WelfareCheck(
        id=new_id(),
        escalation_id=escalation_id,
        proposed_by=clinician_id,
        proposed_at=now,
        reason=reason.strip(),
        attempt_in_progress=attempt_in_progress,
        ordered_at=now if ordered else None,
    )
    session.add(check)
    session.flush()
    note_case(session, "welfare.propose", escalation, clinician_id, ordered=ordered)
    ring(session, Topic.LIVE, escalation.conversation_id)
    return ordered


def confirm_welfare_check(
    session: Session, escalation_id: uuid.UUID, clinician_id: uuid.UUID, *, now: datetime
) -> None:
    """The second person agrees, and it is ordered."""
    require_reader(session, clinician_id)
    escalation = _running(session, escalation_id)
    check = session.scalars(
        select(WelfareCheck).where(WelfareCheck.escalation_id == escalation_id).with_for_update()
    ).one_or_none()
    if check is None:
        raise NotFound("nobody asked for a welfare check here")
    deciders = {check.proposed_by, clinician_id}
    if not welfare_check_stands(deciders, attempt_in_progress=check.attempt_in_progress):
        raise NotPermitted("a second person must decide this: you asked for it yourself")
    if check.confirmed_by is not None or check.proposed_by == clinician_id:
        return
    check.confirmed_by, check.confirmed_at = clinician_id, now
    check.ordered_at = check.ordered_at or now
    session.flush()
    note_case(session, "welfare.confirm", escalation, clinician_id)
    ring(session, Topic.LIVE, escalation.conversation_id)


def _running(session: Session, escalation_id: uuid.UUID) -> Escalation:
    escalation = locked_escalation(session, escalation_id)
    if escalation.status == EscalationStatus.RESOLVED:
        raise NotPermitted("this escalation is resolved: note it with its follow-up")
    return escalation


def _more_time(session: Session, escalation: Escalation, *, now: datetime) -> None:
    policy = policy_of(session, escalation.policy_version_id)
    level = ladder_of(Severity(escalation.severity))
    until = now + timedelta(seconds=policy.acknowledged_for_seconds[level])
    escalation.acknowledged_until = escalation.next_page_at = until
    session.flush()

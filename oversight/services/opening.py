"""Opening escalations besides by a message's level: by hand, and for harm that arrived."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician, Escalation
from oversight.domain.errors import Incomplete, NotPermitted, StaleVersion
from oversight.domain.ladder import OpeningRule, Seen
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Role, reads_items
from oversight.services.audit import Actor
from oversight.services.items import escalate_item
from oversight.services.locking import LockedConversation, lock_conversation
from oversight.services.settling import put_up


def escalate_conversation(
    session: Session,
    conversation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    reason: str,
    seen: Seen | None,
    now: datetime,
) -> uuid.UUID:
    """Call people about a conversation, whether or not anything in it waits for review.

    ``seen`` is the ladder that the person saw running, None if none ran. StaleVersion when it is
    another by now: somebody called already, and a late click does not call twice.
    """
    if not reason.strip():
        raise Incomplete("write why people should be called", field="reason")
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None or not reads_items(Role(role)):
        raise NotPermitted("only a clinician or supervisor on the team can escalate")
    conversation = lock_conversation(session, conversation_id)
    _refuse_if_stale(session, conversation_id, seen)
    return _escalate(
        session,
        conversation,
        rule=OpeningRule.BY_HAND,
        reason=reason.strip(),
        opened_by=clinician_id,
        actor=Actor.clinician(clinician_id),
        now=now,
    )


def harm_was_delivered(
    session: Session, conversation: LockedConversation, *, now: datetime, actor: Actor
) -> uuid.UUID:
    """A reply that must never have been delivered was: people are called at high, at least."""
    return _escalate(
        session,
        conversation,
        rule=OpeningRule.HARM_DELIVERED,
        reason=None,
        opened_by=None,
        actor=actor,
        now=now,
    )


def seen_now(session: Session, conversation_id: uuid.UUID) -> Seen | None:
    """The conversation's running ladder as it stands, to be sent along with a press."""
    row = session.execute(
        select(Escalation.id, Escalation.ladder_started_at, Escalation.step).where(
            Escalation.conversation_id == conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
    ).one_or_none()
    return Seen(*row) if row is not None else None


def _refuse_if_stale(session: Session, conversation_id: uuid.UUID, seen: Seen | None) -> None:
    current = seen_now(session, conversation_id)
    if (current is None) != (seen is None) or (
        current is not None
        and seen is not None
        and (current.escalation_id, current.ladder_started_at)
        != (seen.escalation_id, seen.ladder_started_at)
    ):
        raise StaleVersion("people were called about this already: look at the escalation")


def _escalate(
    session: Session,
    conversation: LockedConversation,
    *,
    rule: OpeningRule,
    reason: str | None,
    opened_by: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> uuid.UUID:
    item = put_up(session, conversation, now=now, actor=actor, why=rule.value)
    escalate_item(
        session, item, now=now, actor=actor, opened_by=opened_by, reason=reason, rule=rule
    )
    seen = seen_now(session, conversation.id)
    assert seen is not None
    return seen.escalation_id

"""Everything about one decision, locked and loaded in few statements: its case."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from db.tables import Claim, Clinician, Decision, Draft, Escalation, ReviewItem, WorkingText
from oversight.domain.flags import Flag, Grade
from oversight.domain.lifecycle import EscalationStatus, ItemStatus
from oversight.domain.permissions import Action, ItemView, Role
from oversight.domain.policy import JurisdictionRule
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor
from oversight.services.escalating import open_escalation_of
from oversight.services.items import held_drafts
from oversight.services.locking import LockedConversation, lock_item


@dataclass(frozen=True)
class Request:
    """What a clinician asks for. ``client_decision_id`` is made when the form is first drawn."""

    item_id: uuid.UUID
    version: int
    clinician_id: uuid.UUID
    client_decision_id: uuid.UUID
    action: Action
    text: str | None = None
    reason: str | None = None
    flags: Sequence[Flag] = ()
    own_severity: Severity | None = None


@dataclass(frozen=True)
class Case:
    """Everything locked and loaded for one decision.

    ``answered`` says that the record already holds a decision of this id; ``wording_kept`` that
    the reader has unfinished wording here. An audit never has a draft to decide.
    """

    request: Request
    conversation: LockedConversation
    item: ReviewItem
    draft: Draft | None
    escalation: Escalation | None
    role: Role
    holder: uuid.UUID | None
    wording_kept: bool
    answered: bool
    actor: Actor
    now: datetime


# Built once, and asked after the locks: what it sees cannot change before we commit.
_STANDING = select(
    func.oversight_now().label("now"),
    select(Clinician.role)
    .where(Clinician.id == bindparam("reader"), Clinician.deactivated_at.is_(None))
    .scalar_subquery()
    .label("role"),
    select(Claim.clinician_id)
    .where(Claim.item_id == bindparam("item"), Claim.ended_at.is_(None))
    .scalar_subquery()
    .label("holder"),
    select(Decision.id)
    .where(Decision.client_decision_id == bindparam("decision"))
    .exists()
    .label("answered"),
    select(Escalation.id)
    .where(
        Escalation.conversation_id == bindparam("conversation"),
        Escalation.status != EscalationStatus.RESOLVED,
    )
    .exists()
    .label("escalated"),
    select(WorkingText.item_id)
    .where(
        WorkingText.item_id == bindparam("item"), WorkingText.clinician_id == bindparam("reader")
    )
    .exists()
    .label("wording_kept"),
)


def open_case(session: Session, request: Request) -> Case:
    """Lock the conversation and the item, then see how they stand. NotFound without an item."""
    conversation, item = lock_item(session, request.item_id)
    asked = {
        "reader": request.clinician_id,
        "item": item.id,
        "decision": request.client_decision_id,
        "conversation": conversation.id,
    }
    standing = session.execute(_STANDING, asked).one()
    return Case(
        request=request,
        conversation=conversation,
        item=item,
        draft=_decidable(session, item),
        escalation=open_escalation_of(session, conversation.id) if standing.escalated else None,
        role=Role(standing.role or Role.ADMIN),
        holder=standing.holder,
        wording_kept=standing.wording_kept,
        answered=standing.answered,
        actor=Actor.clinician(request.clinician_id),
        now=standing.now,
    )


def view_of(session: Session, case: Case) -> ItemView:
    """The facts of a locked item that permissions depend on."""
    item, escalation = case.item, case.escalation
    policy = policy_of(session, item.policy_version_id)
    rule = policy.jurisdiction_rule(case.conversation.jurisdiction, case.conversation.rule)
    return ItemView(
        status=ItemStatus(item.status),
        severity=Severity(item.severity),
        claimed_by=str(case.holder) if case.holder else None,
        draft_held=case.draft is not None,
        reply_grade=Grade(case.draft.grade) if case.draft else Grade.H0,
        escalation_unowned=escalation is not None and escalation.owner_id is None,
        ai_blocked=rule is JurisdictionRule.BLOCK_AI,
        undelivered=item.undelivered_at is not None,
        escalated=escalation is not None,
    )


def _decidable(session: Session, item: ReviewItem) -> Draft | None:
    """The held draft that this item decides. An audit looks back and never decides a new draft."""
    if item.kind != ItemKind.REVIEW:
        return None
    return held_drafts(session, [item.conversation_id]).get(item.conversation_id)

"""A clinician's decision about a review item: approve, edit, replace, withhold, escalate, read.

One transaction: the decision, the draft's and item's moves, the delivery, the audit events. A
decision names its own id, so a second click or a resent form is answered with what happened the
first time.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import Claim, Clinician, Decision, Delivery, Draft, ReviewItem, WorkingText
from oversight.domain.closing import Closing, Disposition, reasons_open
from oversight.domain.errors import ClaimLost, Conflict, Incomplete, NotPermitted, StaleVersion
from oversight.domain.flags import Flag, Grade
from oversight.domain.lifecycle import DraftEvent, DraftStatus, ItemEvent, ItemStatus
from oversight.domain.permissions import (
    NEEDS_CURRENT_VERSION,
    NEEDS_REASON,
    Action,
    ItemView,
    Role,
    allowed_actions,
)
from oversight.domain.policy import JurisdictionRule
from oversight.domain.severity import Severity, at_least
from oversight.domain.words import ClaimEnd, DecisionKind, DeliveryKind, ItemKind
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor
from oversight.services.bridging import cover
from oversight.services.claiming import end_claim, give_back
from oversight.services.contacting import begin_contact
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.escalating import open_escalation_of
from oversight.services.items import escalate_item, held_drafts, refresh_items
from oversight.services.locking import LockedConversation, lock_item
from oversight.services.sendable import check_text
from oversight.services.transition import DRAFT, ITEM, move
from oversight.services.undelivered import answer_doubt

DISPOSITIONS = {
    Action.APPROVE: Disposition.APPROVED,
    Action.EDIT: Disposition.EDITED,
    Action.REPLACE: Disposition.REPLACED,
    Action.WITHHOLD: Disposition.WITHHELD,
    Action.MARK_READ: Disposition.READ,
    Action.RESEND: Disposition.RESENT,
    Action.REACHED: Disposition.REACHED,
}


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
class Result:
    """What came of it. ``still_open`` says in words what keeps the item open, if anything."""

    decision_id: uuid.UUID
    delivery_id: uuid.UUID | None
    send_at: datetime | None
    closed: bool
    still_open: tuple[str, ...] = ()
    repeated: bool = False


@dataclass(frozen=True)
class _Case:
    """Everything locked and loaded for one decision."""

    request: Request
    conversation: LockedConversation
    item: ReviewItem
    draft: Draft | None
    actor: Actor
    now: datetime


def decide(session: Session, request: Request) -> Result:
    """Carry out one decision, or raise a Refusal that changes nothing.

    Raises
    ------
    StaleVersion
        Something arrived since the version seen (approve, edit, replace, mark read only).
    ClaimLost
        The reader's hold on the item ended.
    NotPermitted
        The action is not among ``allowed_actions``.
    Incomplete
        A reason, a flag or a usable text is missing.
    Conflict
        The decision id was used before for something else.
    """
    repeated = _answered_before(session, request)
    if repeated is not None:
        return repeated
    conversation, item = lock_item(session, request.item_id)
    repeated = _answered_before(session, request)  # the lock may have waited for its twin
    if repeated is not None:
        return repeated
    case = _Case(
        request=request,
        conversation=conversation,
        item=item,
        draft=_decidable(session, item),
        actor=Actor.clinician(request.clinician_id),
        now=db_session.now(session),
    )
    _check(session, case)
    return _carry_out(session, case)


def view_of(session: Session, item: ReviewItem, conversation: LockedConversation) -> ItemView:
    """The facts of a locked item that permissions depend on."""
    draft = _decidable(session, item)
    escalation = open_escalation_of(session, item.conversation_id)
    claim = session.scalar(
        select(Claim.clinician_id).where(Claim.item_id == item.id, Claim.ended_at.is_(None))
    )
    policy = policy_of(session, item.policy_version_id)
    rule = policy.jurisdiction_rule(conversation.jurisdiction)
    return ItemView(
        status=ItemStatus(item.status),
        severity=Severity(item.severity),
        claimed_by=str(claim) if claim else None,
        draft_held=draft is not None,
        reply_grade=Grade(draft.grade) if draft else Grade.H0,
        escalation_unowned=escalation is not None and escalation.owner_id is None,
        ai_blocked=rule is JurisdictionRule.BLOCK_AI,
        undelivered=item.undelivered_at is not None,
    )


def _decidable(session: Session, item: ReviewItem) -> Draft | None:
    """The held draft that this item decides. An audit looks back and never decides a new draft."""
    if item.kind != ItemKind.REVIEW:
        return None
    return held_drafts(session, [item.conversation_id]).get(item.conversation_id)


def _check(session: Session, case: _Case) -> None:
    request, item = case.request, case.item
    if item.status == ItemStatus.CLOSED:
        raise StaleVersion("this item was already decided and closed", item_id=str(item.id))
    view = view_of(session, item, case.conversation)
    if view.claimed_by != str(request.clinician_id):
        raise ClaimLost(
            "your hold on this item ended; open it again to go on", item_id=str(item.id)
        )
    if request.action in NEEDS_CURRENT_VERSION and request.version != item.version:
        raise StaleVersion(
            "something new arrived while you were reading; look at it, then decide",
            item_id=str(item.id),
            seen=request.version,
            current=item.version,
        )
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == request.clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    allowed = allowed_actions(
        view, clinician_id=str(request.clinician_id), role=Role(role or Role.ADMIN)
    )
    if request.action not in allowed:
        raise NotPermitted(
            f"{request.action.value.replace('_', ' ')} is not possible for this item now",
            action=request.action.value,
        )
    _check_content(case)


def _check_content(case: _Case) -> None:
    request = case.request
    if request.action in NEEDS_REASON and not (request.reason or "").strip():
        raise Incomplete("write a reason first", field="reason")
    if request.action in (Action.EDIT, Action.REPLACE):
        check_text(request.text)
    if request.action is Action.EDIT:
        if not request.flags:
            raise Incomplete("choose a flag: what was wrong with the draft?", field="flags")
        if case.draft is not None and request.text == case.draft.text:
            raise Incomplete("the text is unchanged: approve it, or change it first", field="text")


def _carry_out(session: Session, case: _Case) -> Result:
    request, item, draft = case.request, case.item, case.draft
    decision = write_decision(session, case.conversation, _chosen(case), actor=case.actor)
    sent_again = answer_doubt(session, item, request.action, now=case.now, actor=case.actor)
    delivery = _send(session, case, decision)
    if request.action is Action.WITHHOLD and draft is not None:
        _move_draft(session, draft, DraftEvent.WITHHOLD, case)
    if request.action is Action.ESCALATE:
        return _escalate(session, case, decision)
    item.read_sequence = item.last_sequence
    if delivery is not None:
        item.covered_sequence, item.covered_severity = item.last_sequence, item.severity
    session.flush()
    mine = WorkingText.clinician_id == request.clinician_id  # a colleague keeps what they wrote
    session.execute(delete(WorkingText).where(WorkingText.item_id == item.id, mine))
    still_open = _close_or_keep(session, case)
    ring(session, Topic.LIVE, case.conversation.id)
    return Result(
        decision_id=decision.id,
        delivery_id=delivery.id if delivery else sent_again,
        send_at=delivery.not_before if delivery else None,
        closed=not still_open,
        still_open=still_open,
    )


def _chosen(case: _Case) -> Chosen:
    request, item, draft = case.request, case.item, case.draft
    text = {
        Action.APPROVE: draft.text if draft else None,
        Action.EDIT: request.text,
        Action.REPLACE: request.text,
    }.get(request.action)
    return Chosen(
        kind=DecisionKind(request.action.value),
        policy_version_id=item.policy_version_id,
        text=text,
        item_id=item.id,
        item_version=item.version,
        draft_id=draft.id if draft else None,
        clinician_id=request.clinician_id,
        client_decision_id=request.client_decision_id,
        request_digest=request_digest(request),
        reason=(request.reason or "").strip() or None,
        flags=[flag.value for flag in request.flags],
        own_severity=request.own_severity,
        severity=Severity(item.severity),
        read_sequence=None if request.action is Action.ESCALATE else item.last_sequence,
    )


def _send(session: Session, case: _Case, decision: Decision) -> Delivery | None:
    """Release the draft in the clinician's wording and queue it behind the undo window."""
    request, draft = case.request, case.draft
    if decision.text is None:
        return None
    if draft is not None:
        _move_draft(session, draft, DraftEvent.RELEASE, case)
    policy = policy_of(session, case.item.policy_version_id)
    own_words = request.action is Action.REPLACE
    if own_words or request.action is Action.EDIT:
        begin_contact(session, case.conversation.id, request.clinician_id, now=case.now)
    return queue_delivery(
        session,
        case.conversation,
        decision,
        DeliveryKind.CLINICIAN if own_words else DeliveryKind.REPLY,
        now=case.now,
        undo=policy.undo_window(Severity(case.item.severity)),
        draft_id=draft.id if draft else None,
        actor=case.actor,
    )


def _move_draft(session: Session, draft: Draft, event: DraftEvent, case: _Case) -> None:
    move(
        session,
        DRAFT,
        draft.id,
        DraftStatus.HELD,
        event,
        actor=case.actor,
        values={"status_at": case.now},
    )
    session.expire(draft)


def _escalate(session: Session, case: _Case, decision: Decision) -> Result:
    """Hand the item up: it stays in Triage, its draft stays held, and people are paged."""
    end_claim(session, case.item.id, case.request.clinician_id, ClaimEnd.ESCALATED)
    escalate_item(
        session,
        case.item,
        now=case.now,
        actor=case.actor,
        opened_by=case.request.clinician_id,
        reason=case.request.reason,
    )
    give_back(session, case.item.id, actor=case.actor, detail={"escalated": True})
    return Result(
        decision_id=decision.id,
        delivery_id=None,
        send_at=None,
        closed=False,
        still_open=("it is escalated and waits for an owner",),
    )


def _close_or_keep(session: Session, case: _Case) -> tuple[str, ...]:
    """Close the item when every rule agrees; otherwise say what keeps it open."""
    item, conversation = case.item, case.conversation
    escalation = open_escalation_of(session, conversation.id)
    held = _decidable(session, item)
    closing = Closing(
        severity=Severity(item.severity),
        all_turns_read=item.read_sequence >= item.last_sequence,
        draft_held=held is not None,
        escalation_open=escalation is not None,
        escalation_owned=escalation is not None and escalation.owner_id is not None,
        undelivered=item.undelivered_at is not None,
    )
    reasons = reasons_open(closing)
    if reasons:
        refresh_items(
            session, [item], {conversation.id: conversation}, now=case.now, actor=case.actor
        )
        return reasons
    uncovered = item.covered_sequence < item.last_sequence
    if at_least(Severity(item.severity), Severity.L3) and uncovered:
        cover(session, conversation, item, now=case.now)
    end_claim(session, item.id, case.request.clinician_id, ClaimEnd.DECIDED)
    move(
        session,
        ITEM,
        item.id,
        ItemStatus.CLAIMED,
        ItemEvent.CLOSE,
        actor=case.actor,
        values={
            "closed_at": case.now,
            "disposition": DISPOSITIONS[case.request.action].value,
            "bridge_due_at": None,
        },
    )
    return ()


def request_digest(request: Request) -> str:
    """What makes two requests the same decision."""
    content = [
        str(request.item_id),
        str(request.clinician_id),
        request.action.value,
        request.text,
        (request.reason or "").strip(),
        sorted(flag.value for flag in request.flags),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _answered_before(session: Session, request: Request) -> Result | None:
    decision = session.scalars(
        select(Decision).where(Decision.client_decision_id == request.client_decision_id)
    ).one_or_none()
    if decision is None:
        return None
    if decision.request_digest != request_digest(request):
        raise Conflict("this form was already used for another decision; open the item again")
    delivery = session.scalars(
        select(Delivery).where(Delivery.decision_id == decision.id)
    ).one_or_none()
    status = session.scalar(select(ReviewItem.status).where(ReviewItem.id == request.item_id))
    return Result(
        decision_id=decision.id,
        delivery_id=delivery.id if delivery else None,
        send_at=delivery.not_before if delivery else None,
        closed=status == ItemStatus.CLOSED,
        repeated=True,
    )

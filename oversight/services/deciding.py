"""A clinician's decision about a review item: approve, edit, replace, withhold, escalate, read.

One transaction: the decision, the draft's and item's moves, the delivery, the audit events. A
decision names its own id, so a second click or a resent form is answered with what happened the
first time.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import Decision, Delivery, Draft, ReviewItem, WorkingText
from oversight.domain.closing import Closing, Disposition, reasons_open
from oversight.domain.errors import ClaimLost, Conflict, Incomplete, NotPermitted, StaleVersion
from oversight.domain.lifecycle import DraftEvent, DraftStatus, ItemEvent, ItemStatus
from oversight.domain.permissions import (
    NEEDS_CURRENT_VERSION,
    NEEDS_FLAG,
    NEEDS_REASON,
    NEEDS_TEXT,
    Action,
    allowed_actions,
)
from oversight.domain.severity import Severity, at_least
from oversight.domain.templates import check_filled
from oversight.domain.texts import check_text
from oversight.domain.words import ClaimEnd, DecisionKind, DeliveryKind
from oversight.queries.policies import policy_of
from oversight.services.audit import together
from oversight.services.bridging import cover
from oversight.services.cases import Case, Request, open_case, view_of
from oversight.services.claiming import claim_next, end_claim_of_locked, give_back
from oversight.services.contacting import begin_contact
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.items import escalate_item, refresh_items
from oversight.services.transition import DRAFT, ITEM, move
from oversight.services.undelivered import answer_doubt

__all__ = ["Request", "Result", "decide", "decide_and_go_on", "request_digest"]

DISPOSITIONS = {
    Action.APPROVE: Disposition.APPROVED,
    Action.EDIT: Disposition.EDITED,
    Action.REPLACE: Disposition.REPLACED,
    Action.WITHHOLD: Disposition.WITHHELD,
    Action.MARK_READ: Disposition.READ,
    Action.RESEND: Disposition.RESENT,
    Action.REACHED: Disposition.REACHED,
}
ENDS_HOLD = frozenset({Action.APPROVE, Action.EDIT, Action.REPLACE, Action.WITHHOLD})
"""After these the draft that was held is so no longer."""


@dataclass(frozen=True)
class Result:
    """What came of it. ``still_open`` says in words what keeps the item open, if anything."""

    decision_id: uuid.UUID
    delivery_id: uuid.UUID | None
    send_at: datetime | None
    closed: bool
    still_open: tuple[str, ...] = ()
    repeated: bool = False


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
    case = open_case(session, request)
    if case.answered:
        return _answered_before(session, request)
    _check(session, case)
    with together(session):
        return _carry_out(session, case)


def decide_and_go_on(session: Session, request: Request) -> tuple[Result, uuid.UUID | None]:
    """Decide, and claim the next item unless this one still needs its reader."""
    result = decide(session, request)
    if not (result.closed or request.action is Action.ESCALATE):
        return result, None
    return result, claim_next(session, request.clinician_id)


def _check(session: Session, case: Case) -> None:
    request, item = case.request, case.item
    if item.status == ItemStatus.CLOSED:
        raise StaleVersion("this item was already decided and closed", item_id=str(item.id))
    view = view_of(session, case)
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
    allowed = allowed_actions(view, clinician_id=str(request.clinician_id), role=case.role)
    if request.action not in allowed:
        raise NotPermitted(
            f"{request.action.value.replace('_', ' ')} is not possible for this item now",
            action=request.action.value,
        )
    _check_content(case)


def _check_content(case: Case) -> None:
    request = case.request
    if request.action in NEEDS_REASON and not (request.reason or "").strip():
        raise Incomplete("write a reason first", field="reason")
    if request.action in NEEDS_TEXT:
        check_text(request.text)
    if request.action is Action.APPROVE and case.draft is not None:
        check_filled(case.draft.text)  # a bot has templates, too
    if request.action in NEEDS_FLAG and not request.flags:
        raise Incomplete("choose a flag: what was wrong with the draft?", field="flags")
    unchanged = case.draft is not None and request.text == case.draft.text
    if request.action is Action.EDIT and unchanged:
        raise Incomplete("the text is unchanged: approve it, or change it first", field="text")


def _carry_out(session: Session, case: Case) -> Result:
    request, draft = case.request, case.draft
    decision = write_decision(session, case.conversation, _chosen(case), actor=case.actor)
    sent_again = answer_doubt(session, case.item, request.action, now=case.now, actor=case.actor)
    delivery = _send(session, case, decision)
    if request.action is Action.WITHHOLD and draft is not None:
        _move_draft(session, draft, DraftEvent.WITHHOLD, case)
    if request.action is Action.ESCALATE:
        return _escalate(session, case, decision)
    if case.wording_kept:  # one's own: a colleague keeps what they wrote
        mine = WorkingText.clinician_id == request.clinician_id
        session.execute(delete(WorkingText).where(WorkingText.item_id == case.item.id, mine))
    still_open = _close_or_keep(session, case, answered=delivery is not None)
    ring(session, Topic.LIVE, case.conversation.id)
    return Result(
        decision_id=decision.id,
        delivery_id=delivery.id if delivery else sent_again,
        send_at=delivery.not_before if delivery else None,
        closed=not still_open,
        still_open=still_open,
    )


def _chosen(case: Case) -> Chosen:
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


def _send(session: Session, case: Case, decision: Decision) -> Delivery | None:
    """Release the draft in the clinician's wording and queue it behind the undo window."""
    request, draft = case.request, case.draft
    if decision.text is None:
        return None
    draft_id = draft.id if draft else None
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
        draft_id=draft_id,
        actor=case.actor,
    )


def _move_draft(session: Session, draft: Draft, event: DraftEvent, case: Case) -> None:
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


def _escalate(session: Session, case: Case, decision: Decision) -> Result:
    """Hand the item up: it stays in Triage, its draft stays held, and people are paged."""
    _end_claim(session, case, ClaimEnd.ESCALATED)
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


def _close_or_keep(session: Session, case: Case, *, answered: bool) -> tuple[str, ...]:
    """Close the item when every rule agrees; otherwise say what keeps it open."""
    item, conversation = case.item, case.conversation
    severity = Severity(item.severity)
    read: dict[str, object] = {"read_sequence": item.last_sequence}
    if answered:
        read |= {"covered_sequence": item.last_sequence, "covered_severity": item.severity}
        read |= {"covered_at": case.now}
    closing = Closing(
        severity=severity,
        all_turns_read=True,  # up to the version seen, which is the item's: we hold its lock
        draft_held=case.draft is not None and case.request.action not in ENDS_HOLD,
        escalation_open=case.escalation is not None,
        escalation_owned=case.escalation is not None and case.escalation.owner_id is not None,
        undelivered=item.undelivered_at is not None,
    )
    reasons = reasons_open(closing)
    covered = answered or item.covered_sequence >= item.last_sequence
    to_cover = at_least(severity, Severity.L3) and not covered
    if reasons or to_cover:
        for name, value in read.items():
            setattr(item, name, value)
        session.flush()
    if reasons:
        refresh_items(
            session, [item], {conversation.id: conversation}, now=case.now, actor=case.actor
        )
        return reasons
    if to_cover:
        cover(session, conversation, item, now=case.now)
        read = {}
    _end_claim(session, case, ClaimEnd.DECIDED)
    move(
        session,
        ITEM,
        item.id,
        ItemStatus.CLAIMED,
        ItemEvent.CLOSE,
        actor=case.actor,
        values={
            **read,
            "closed_at": case.now,
            "disposition": DISPOSITIONS[case.request.action].value,
            "bridge_due_at": None,
        },
    )
    session.expire(item)
    return ()


def _end_claim(session: Session, case: Case, how: ClaimEnd) -> None:
    end_claim_of_locked(session, case.item.id, case.request.clinician_id, how, now=case.now)


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


def _answered_before(session: Session, request: Request) -> Result:
    """What came of a decision that the record already holds: a second click, a resent form."""
    decision = session.scalars(
        select(Decision).where(Decision.client_decision_id == request.client_decision_id)
    ).one()
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

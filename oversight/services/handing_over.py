"""Handing a shift over: offered to a colleague by name, and theirs when they accept by name.

Until then everything stays with the giver. What somebody leaves behind all the same is put up, or
called about, again.
"""

import uuid
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import (
    Acknowledgement,
    Claim,
    Clinician,
    Conversation,
    Escalation,
    Handover,
    HandoverLine,
    ReviewItem,
    Snooze,
    new_id,
    table_of,
)
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.handover import HandedOver, named_right
from oversight.domain.lifecycle import EscalationEvent, EscalationStatus
from oversight.domain.permissions import names_next_owner
from oversight.domain.severity import Severity
from oversight.domain.snoozing import SnoozeEnd
from oversight.domain.words import ClaimEnd
from oversight.queries.handover import InHand, in_hand
from oversight.services.audit import Actor, Event, record
from oversight.services.claiming import ASSIGNED_FOR, end_claim_of_locked, give_back, hold_for
from oversight.services.locking import LockedConversation, lock_conversations
from oversight.services.offering import reader_of
from oversight.services.transition import ESCALATION, move
from oversight.services.waking import end_snooze, wake

LONGEST_NOTE = 4_000


def offer(
    session: Session, giver_id: uuid.UUID, *, taker_id: uuid.UUID, note: str = ""
) -> uuid.UUID:
    """Offer everything one has to a colleague; returns the handover.

    Raises Conflict while another offer waits for its answer, Incomplete where there is nothing to
    hand over, or the colleague is oneself.
    """
    reader_of(session, giver_id)
    if taker_id == giver_id:
        raise Incomplete("name somebody else", field="taker")
    reader_of(session, taker_id)
    waiting = session.scalars(_unanswered(giver_id)).one_or_none()
    if waiting is not None:
        if waiting.taker_id == taker_id:
            return waiting.id
        raise Conflict("your handover already waits for somebody's answer: withdraw it first")
    if not in_hand(session, giver_id):
        raise Incomplete("you have nothing in hand: there is nothing to hand over", field="taker")
    handover = Handover(
        id=new_id(),
        giver_id=giver_id,
        taker_id=taker_id,
        note=note.replace("\x00", "").strip()[:LONGEST_NOTE],
        offered_at=db_session.now(session),
    )
    session.add(handover)
    session.flush()
    _tell(session, "handover.offer", handover, giver_id, {"to": str(taker_id)})
    return handover.id


def accept(session: Session, handover_id: uuid.UUID, taker_id: uuid.UUID, *, name: str) -> int:
    """Take over everything the giver has at this moment; returns how many things that was.

    Signed with one's own name. Raises NotPermitted for anybody but the colleague it was offered
    to, Conflict when it was answered or withdrawn, Incomplete when the name is not theirs.
    """
    handover = _locked(session, handover_id)
    reader_of(session, taker_id)
    if handover.taker_id != taker_id:
        raise NotPermitted("this handover was offered to somebody else")
    if handover.accepted_at is not None:
        return _lines(session, handover_id)
    _refuse_answered(handover)
    taker = session.get_one(Clinician, taker_id)
    if not named_right(name, taker.name):
        raise Incomplete("sign with your own name as it stands in your account", field="name")
    now = db_session.now(session)
    looked = {one.conversation_id for one in in_hand(session, handover.giver_id)}
    conversations = lock_conversations(session, looked)
    # Asked again under the locks: what came or went meanwhile is not in them.
    moved = [one for one in in_hand(session, handover.giver_id) if one.conversation_id in looked]
    for one in moved:
        _hand_over(session, handover, one, conversations[one.conversation_id], now=now)
    handover.accepted_at = now
    session.flush()
    detail = {"from": str(handover.giver_id), "things": len(moved)}
    _tell(session, "handover.accept", handover, taker_id, detail)
    return len(moved)


def decline(session: Session, handover_id: uuid.UUID, taker_id: uuid.UUID, *, reason: str) -> None:
    """Say no, and why; everything stays with the giver."""
    if not reason.strip():
        raise Incomplete("say why you cannot take this over", field="reason")
    handover = _locked(session, handover_id)
    if handover.taker_id != taker_id:
        raise NotPermitted("this handover was offered to somebody else")
    _refuse_answered(handover)
    handover.declined_at, handover.decline_reason = db_session.now(session), reason.strip()
    session.flush()
    _tell(session, "handover.decline", handover, taker_id, {})


def withdraw(session: Session, handover_id: uuid.UUID, giver_id: uuid.UUID) -> None:
    """Take an offer back before it is answered."""
    handover = _locked(session, handover_id)
    if handover.giver_id != giver_id:
        raise NotPermitted("somebody else offered this")
    _refuse_answered(handover)
    handover.withdrawn_at = db_session.now(session)
    session.flush()
    _tell(session, "handover.withdraw", handover, giver_id, {})


def _hand_over(
    session: Session,
    handover: Handover,
    one: InHand,
    conversation: LockedConversation,
    *,
    now: datetime,
) -> None:
    give = {
        HandedOver.CLAIM: _give_claim,
        HandedOver.SNOOZE: _give_snooze,
        HandedOver.ESCALATION: _give_escalation,
        HandedOver.TAKE_OVER: _give_taken_over,
    }[one.kind]
    give(session, handover, one, now=now)
    session.add(
        HandoverLine(
            handover_id=handover.id,
            subject=one.subject,
            kind=one.kind,
            conversation_id=one.conversation_id,
            item_id=one.item_id,
        )
    )
    session.flush()
    event = Event(
        "handover.move",
        Actor.clinician(handover.taker_id),
        study_id=conversation.study_id,
        conversation_id=conversation.id,
        item_id=one.item_id,
        subject=one.subject,
        detail={"what": one.kind.value, "from": str(handover.giver_id)},
    )
    record(session, event)
    ring(session, Topic.LIVE, conversation.id)


def _give_claim(session: Session, handover: Handover, one: InHand, *, now: datetime) -> None:
    """Into the colleague's hands; who has another open finds it kept for them, for a while."""
    assert one.item_id is not None
    item = session.get_one(
        ReviewItem, one.item_id, populate_existing=True, with_for_update={"key_share": True}
    )
    end_claim_of_locked(session, item.id, handover.giver_id, ClaimEnd.HANDED_OVER, now=now)
    busy = session.scalar(
        select(Claim.id)
        .where(
            Claim.clinician_id == handover.taker_id,
            Claim.ended_at.is_(None),
            Claim.expires_at > now,
        )
        .limit(1)
    )
    if busy is None:
        hold_for(session, item, handover.taker_id, now=now)
        return
    item.assigned_to = handover.taker_id
    kept = ASSIGNED_FOR if names_next_owner(Severity(item.severity)) else 5 * ASSIGNED_FOR
    item.assigned_until = now + kept
    session.flush()
    actor = Actor.clinician(handover.taker_id)
    give_back(session, item.id, actor=actor, detail={"handed_over": True})


def _give_snooze(session: Session, handover: Handover, one: InHand, *, now: datetime) -> None:
    """The same time, the same reason, another owner."""
    assert one.item_id is not None
    old = session.get_one(Snooze, one.subject)
    if old.until_at <= now:
        taker = handover.taker_id
        actor = Actor.clinician(taker)
        wake(session, one.item_id, SnoozeEnd.DUE, kept_for=taker, now=now, actor=actor)
        return
    end_snooze(session, one.item_id, SnoozeEnd.HANDED_OVER, now=now)
    session.add(
        Snooze(
            id=new_id(),
            item_id=one.item_id,
            item_version=old.item_version,
            clinician_id=handover.taker_id,
            waits_for=old.waits_for,
            reason=old.reason,
            snoozed_at=now,
            until_at=old.until_at,
        )
    )
    session.flush()


def _give_escalation(session: Session, handover: Handover, one: InHand, *, now: datetime) -> None:
    """Another owner, and no more time than the first one had."""
    escalation = session.get_one(
        Escalation, one.subject, populate_existing=True, with_for_update={"key_share": True}
    )
    until = escalation.acknowledged_until
    if until is not None and until > now:
        had = insert(Acknowledgement).values(
            id=new_id(),
            escalation_id=escalation.id,
            clinician_id=handover.taker_id,
            ladder_started_at=escalation.ladder_started_at,
            at=now,
            until=until,
        )
        session.execute(had.on_conflict_do_nothing())
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus(escalation.status),
        EscalationEvent.ACKNOWLEDGE,
        actor=Actor.clinician(handover.taker_id),
        values={"owner_id": handover.taker_id, "acknowledged_at": now},
        detail={"handed_over_by": str(handover.giver_id)},
    )
    session.refresh(escalation)


def _give_taken_over(session: Session, handover: Handover, one: InHand, *, now: datetime) -> None:  # noqa: ARG001
    """Whoever speaks in the bot's place from now on."""
    table = table_of(Conversation)
    session.execute(
        update(table)
        .where(table.c.id == one.subject, table.c.taken_over_by == handover.giver_id)
        .values(taken_over_by=handover.taker_id)
    )


def _unanswered(giver_id: uuid.UUID) -> Select[Handover]:
    return (
        select(Handover)
        .where(
            Handover.giver_id == giver_id,
            Handover.accepted_at.is_(None),
            Handover.declined_at.is_(None),
            Handover.withdrawn_at.is_(None),
        )
        .with_for_update(key_share=True)
    )


def _locked(session: Session, handover_id: uuid.UUID) -> Handover:
    found = session.scalars(
        select(Handover)
        .where(Handover.id == handover_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("no such handover", handover_id=str(handover_id))
    return found


def _refuse_answered(handover: Handover) -> None:
    if handover.withdrawn_at is not None:
        raise Conflict("the handover was withdrawn: everything stays with whoever offered it")
    if handover.declined_at is not None or handover.accepted_at is not None:
        raise Conflict("the handover was answered already")


def _lines(session: Session, handover_id: uuid.UUID) -> int:
    rows = select(HandoverLine.subject).where(HandoverLine.handover_id == handover_id)
    return len(session.scalars(rows).all())


def _tell(
    session: Session,
    kind: str,
    handover: Handover,
    clinician_id: uuid.UUID,
    detail: dict[str, object],
) -> None:
    record(session, Event(kind, Actor.clinician(clinician_id), subject=handover.id, detail=detail))
    ring(session, Topic.LIVE)

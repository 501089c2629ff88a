"""After a decision: undo while unsent, correct or retract what was delivered, lower a level."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import (
    Claim,
    Clinician,
    Decision,
    Delivery,
    Draft,
    LevelChange,
    ReviewItem,
    new_id,
    table_of,
)
from oversight.domain.errors import ClaimLost, Incomplete, NotFound, NotPermitted, StaleVersion
from oversight.domain.flags import Flag, Grade, worst_grade
from oversight.domain.lifecycle import DeliveryStatus, DraftEvent, DraftStatus
from oversight.domain.lowering import confirm_due_at, levels_below
from oversight.domain.permissions import Role, reads_items
from oversight.domain.sending import CORRECTABLE
from oversight.domain.severity import Severity
from oversight.domain.texts import check_text
from oversight.domain.words import DecisionKind, DeliveryKind
from oversight.services.audit import Actor, Event, record
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.items import policy_version_for, refresh_items
from oversight.services.locking import lock_conversation, lock_item
from oversight.services.opening import harm_was_delivered
from oversight.services.recalling import put_back, recall_unsent
from oversight.services.transition import DRAFT, move
from oversight.services.undelivered import attend_one


def undo(session: Session, delivery_id: uuid.UUID, clinician_id: uuid.UUID) -> uuid.UUID:
    """Recall a release inside its undo window; returns the item that is open again.

    StaleVersion when the text was already handed out: then only a correction is possible.
    """
    found = session.execute(
        select(Delivery.conversation_id).where(Delivery.id == delivery_id)
    ).one_or_none()
    if found is None:
        raise NotFound("no such delivery", delivery_id=str(delivery_id))
    _reader(session, clinician_id)
    conversation = lock_conversation(session, found.conversation_id)
    now = db_session.now(session)
    actor = Actor.clinician(clinician_id)
    status = session.scalar(select(Delivery.status).where(Delivery.id == delivery_id))
    if status != DeliveryStatus.QUEUED:
        raise StaleVersion(
            "too late to undo: the reply is already on its way", delivery_id=str(delivery_id)
        )
    conversations = {conversation.id: conversation}
    back = recall_unsent(session, conversations, now=now, actor=actor, why="undone")
    recalled = session.scalar(select(Delivery.status).where(Delivery.id == delivery_id))
    if recalled != DeliveryStatus.RECALLED:
        raise StaleVersion(
            "too late to undo: the reply is already on its way", delivery_id=str(delivery_id)
        )
    item = put_back(
        session, conversation, back[conversation.id], now=now, actor=actor, why="undone"
    )
    return item.id


def correct(
    session: Session,
    delivery_id: uuid.UUID,
    clinician_id: uuid.UUID,
    client_decision_id: uuid.UUID,
    *,
    text: str,
    reason: str,
    retract: bool = False,
    flags: Sequence[Flag] = (),
) -> uuid.UUID:
    """Send a person's correction (or retraction) of a text that arrived or may have; it is kept.

    ``flags`` say what was wrong with it; without any, the classifier's stand. What must never have
    been delivered (H3) calls people, too.
    Returns the new delivery's id. The words go out at once: harm may be on the screen already.
    """
    if not text.strip() or not reason.strip():
        raise Incomplete("a correction needs its text and a reason", field="text")
    check_text(text)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound("no such delivery", delivery_id=str(delivery_id))
    _reader(session, clinician_id)
    conversation = lock_conversation(session, delivery.conversation_id)
    session.refresh(delivery)
    if delivery.status not in CORRECTABLE:
        raise NotPermitted("only a text that arrived, or may have, can be corrected or retracted")
    repeated = session.scalar(
        select(Delivery.id)
        .join(Decision, Decision.id == Delivery.decision_id)
        .where(Decision.client_decision_id == client_decision_id, Delivery.corrects == delivery_id)
    )
    if repeated is not None:
        return repeated
    now = db_session.now(session)
    actor = Actor.clinician(clinician_id)
    chosen = Chosen(
        kind=DecisionKind.RETRACT if retract else DecisionKind.CORRECT,
        policy_version_id=policy_version_for(session, conversation),
        text=text,
        draft_id=delivery.draft_id,
        clinician_id=clinician_id,
        client_decision_id=client_decision_id,
        reason=reason.strip(),
        flags=[flag.value for flag in flags],
    )
    decision = write_decision(session, conversation, chosen, actor=actor)
    if delivery.draft_id is not None:
        status = session.scalar(select(Draft.status).where(Draft.id == delivery.draft_id))
        if status == DraftStatus.DELIVERED:
            event = DraftEvent.RETRACT if retract else DraftEvent.CORRECT
            move(session, DRAFT, delivery.draft_id, DraftStatus.DELIVERED, event, actor=actor)
    sent = queue_delivery(
        session,
        conversation,
        decision,
        DeliveryKind.RETRACTION if retract else DeliveryKind.CORRECTION,
        now=now,
        draft_id=None,
        corrects=delivery.id,
        actor=actor,
    )
    attend_one(session, conversation, delivery.id, now=now, actor=actor)
    if _grade_of(session, delivery, flags) is Grade.H3:
        harm_was_delivered(session, conversation, now=now, actor=actor)
    return sent.id


def _grade_of(session: Session, delivery: Delivery, flags: Sequence[Flag]) -> Grade:
    """How harmful what arrived was: by the person who corrects it, else by the classifier."""
    if flags:
        return worst_grade(flags)
    known = session.scalar(select(Draft.grade).where(Draft.id == delivery.draft_id))
    return Grade(known or Grade.H0)


def lower_level(
    session: Session,
    item_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    to: Severity,
    reason: str,
) -> None:
    """A person lowers an item's level, with a reason. From L3 or L4 a second person must agree."""
    if not reason.strip():
        raise Incomplete("write why the level is lower than it was scored", field="reason")
    conversation, item = lock_item(session, item_id)
    holder = session.scalar(
        select(Claim.clinician_id).where(Claim.item_id == item_id, Claim.ended_at.is_(None))
    )
    if holder != clinician_id:
        raise ClaimLost("open the item before changing its level", item_id=str(item_id))
    before = Severity(item.severity)
    if to not in levels_below(before):
        raise Incomplete(f"choose a level below {before.label}", field="to")
    now = db_session.now(session)
    change = LevelChange(
        id=new_id(),
        item_id=item_id,
        clinician_id=clinician_id,
        from_severity=before,
        to_severity=to,
        reason=reason.strip(),
        at=now,
        confirm_due_at=confirm_due_at(before, now),
    )
    session.add(change)
    item.lowered_to, item.lowered_sequence = to.value, item.last_sequence
    item.notice = None
    if item.undelivered_severity and Severity(item.undelivered_severity).rank > to.rank:
        item.undelivered_severity = to.value
    session.flush()
    actor = Actor.clinician(clinician_id)
    record(session, _changed("level.lower", item, change, actor))
    refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=actor)


def confirm_lowering(session: Session, change_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """The second person agrees with a lowering from L3 or L4; never the one who lowered."""
    _reader(session, clinician_id)
    change = session.get(LevelChange, change_id)
    if change is None or change.confirm_due_at is None:
        raise NotFound("no lowered level waits for a second person there")
    if change.clinician_id == clinician_id:
        raise NotPermitted("a second person must confirm this: you lowered it yourself")
    if change.confirmed_at is not None:
        return
    session.execute(
        update(table_of(LevelChange))
        .where(table_of(LevelChange).c.id == change_id)
        .values(confirmed_by=clinician_id, confirmed_at=db_session.now(session))
    )
    item = session.get_one(ReviewItem, change.item_id)
    record(session, _changed("level.confirm", item, change, Actor.clinician(clinician_id)))


def _changed(kind: str, item: ReviewItem, change: LevelChange, actor: Actor) -> Event:
    return Event(
        kind,
        actor,
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        subject=change.id,
        detail={"from": change.from_severity, "to": change.to_severity},
    )


def _reader(session: Session, clinician_id: uuid.UUID) -> None:
    person = session.get(Clinician, clinician_id)
    if person is None or person.deactivated_at is not None or not reads_items(Role(person.role)):
        raise NotPermitted("only a clinician or supervisor on the team can do this")

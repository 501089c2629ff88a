"""Setting an item aside. Its holder goes on owning it, and its deadline goes on."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import Claim, Clinician, LevelChange, ReviewItem, Snooze, new_id
from oversight.domain.errors import ClaimLost, Incomplete, NotPermitted, StaleVersion
from oversight.domain.lifecycle import ItemEvent, ItemStatus
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.snoozing import SnoozeUntil, Waiting, latest_until, reasons_against
from oversight.domain.words import ClaimEnd
from oversight.services.audit import Actor
from oversight.services.claiming import end_claim_of_locked
from oversight.services.escalating import open_escalation_of
from oversight.services.locking import lock_item
from oversight.services.transition import ITEM, move


def snooze(
    session: Session,
    item_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    version: int,
    reason: str,
    until: datetime | None = None,
) -> datetime:
    """Set an item aside until a time, or (no time) until its participant writes again.

    Returns when it comes back at the latest: without a time, as late as its level allows.

    Raises
    ------
    ClaimLost
        Somebody else has the item, or nobody.
    StaleVersion
        Something arrived since the version seen.
    NotPermitted
        The item is too grave, is escalated, or waits for something else that cannot wait.
    Incomplete
        The reason is missing, or the time is not one at which it may come back.
    """
    if not reason.strip():
        raise Incomplete("say why this can wait", field="reason")
    _, item = lock_item(session, item_id)
    _check_holder(session, item, clinician_id)
    if item.version != version:
        raise StaleVersion(
            "something new arrived while you were reading; look at it, then decide",
            item_id=str(item.id),
            seen=version,
            current=item.version,
        )
    now = db_session.now(session)
    latest = _latest(session, item, clinician_id, now=now)
    until_at = until or latest
    if not now < until_at <= latest:
        raise Incomplete(
            f"choose a time from now until {latest:%d %b %H:%M} UTC: then it is due",
            field="until",
            latest=latest.isoformat(),
        )
    waits_for = SnoozeUntil.TIME if until else SnoozeUntil.MESSAGE
    actor = Actor.clinician(clinician_id)
    end_claim_of_locked(session, item_id, clinician_id, ClaimEnd.SNOOZED, now=now)
    detail = {"waits_for": waits_for.value, "until": until_at.isoformat()}
    move(session, ITEM, item_id, ItemStatus.CLAIMED, ItemEvent.SNOOZE, actor=actor, detail=detail)
    session.add(
        Snooze(
            id=new_id(),
            item_id=item_id,
            item_version=item.version,
            clinician_id=clinician_id,
            waits_for=waits_for,
            reason=reason.strip(),
            snoozed_at=now,
            until_at=until_at,
        )
    )
    session.flush()
    session.expire(item)
    ring(session, Topic.LIVE, item.conversation_id)
    return until_at


def _check_holder(session: Session, item: ReviewItem, clinician_id: uuid.UUID) -> None:
    held = select(Claim.clinician_id).where(Claim.item_id == item.id, Claim.ended_at.is_(None))
    if item.status != ItemStatus.CLAIMED or session.scalar(held) != clinician_id:
        raise ClaimLost(
            "your hold on this item ended; open it again to go on", item_id=str(item.id)
        )


def _latest(
    session: Session, item: ReviewItem, clinician_id: uuid.UUID, *, now: datetime
) -> datetime:
    """Until when this person may set it aside; NotPermitted says why not at all."""
    waiting = Waiting(
        severity=Severity(item.severity),
        deadline_at=item.deadline_at,
        escalated=open_escalation_of(session, item.conversation_id) is not None,
        undelivered=item.undelivered_at is not None,
        lowering_unconfirmed=_lowering_unconfirmed(session, item.id),
        supervisor=_role(session, clinician_id) is Role.SUPERVISOR,
    )
    reasons = reasons_against(waiting)
    latest = latest_until(waiting, now)
    if not reasons and latest <= now:
        reasons = ("it is overdue: decide it, pass it on, or ask a supervisor",)
    if reasons:
        raise NotPermitted(f"this cannot wait: {reasons[0]}", item_id=str(item.id))
    return latest


def _lowering_unconfirmed(session: Session, item_id: uuid.UUID) -> bool:
    found = session.scalar(
        select(LevelChange.id)
        .where(
            LevelChange.item_id == item_id,
            LevelChange.confirm_due_at.is_not(None),
            LevelChange.confirmed_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _role(session: Session, clinician_id: uuid.UUID) -> Role:
    """The reader's own role; whoever was deactivated meanwhile has none that allows more."""
    found = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if found is None:
        raise NotPermitted("only a clinician or supervisor on the team can do this")
    return Role(found)

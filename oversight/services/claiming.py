"""Claims: one person holds an item for a while, renewed while their page is open."""

import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, Uuid, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import session as db_session
from db.rows import insert_rows
from db.session import Topic, ring
from db.tables import Claim, Clinician, Escalation, ReviewItem, Skip, new_id, table_of
from oversight.domain.errors import (
    AlreadyClaimed,
    ClaimLost,
    Incomplete,
    NotFound,
)
from oversight.domain.lifecycle import EscalationStatus, ItemEvent, ItemStatus
from oversight.domain.permissions import names_next_owner
from oversight.domain.severity import Severity
from oversight.domain.snoozing import SnoozeEnd
from oversight.domain.words import ClaimEnd
from oversight.queries.exposure import others_for_heavy
from oversight.queries.policies import lease_of, policy_of
from oversight.services.audit import Actor
from oversight.services.offering import Heavy, next_offered, reader_of
from oversight.services.transition import ITEM, move, offered_move
from oversight.services.waking import end_snooze, wake_due

CLOCK, CLAIMING = Actor.system("clock"), Actor.system("claiming")
LAPSED_AT_ONCE = 20
ASSIGNED_FOR = timedelta(minutes=2)
"""How long an item is kept for the next owner named by a skip before anybody may take it."""


def claim_next(session: Session, clinician_id: uuid.UUID) -> uuid.UUID | None:
    """Claim the worst, then most overdue item this person may take; None when nothing waits.

    Somebody who already holds an item gets that one again: a reload never takes a second.
    """
    taken = _take(session, clinician_id, nothing_lapsed=True, heavy=Heavy.ASK)
    if taken is None:
        reader = reader_of(session, clinician_id)
        if reader.holds is not None or not (reader.any_lapsed or reader.resting):
            return reader.holds
        lapse_claims(session, now=reader.now, limit=LAPSED_AT_ONCE, noticed_by=CLAIMING)
        wake_due(session, now=reader.now, limit=LAPSED_AT_ONCE, noticed_by=CLAIMING)
        spared = reader.resting and others_for_heavy(session, clinician_id, now=reader.now)
        heavy = Heavy.TO_OTHERS if spared else Heavy.TO_ALL
        taken = _take(session, clinician_id, nothing_lapsed=False, heavy=heavy)
    return taken


def claim(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Claim one item chosen from the list; AlreadyClaimed names who has it."""
    now = reader_of(session, clinician_id).now
    status = session.scalar(
        select(ReviewItem.status).where(ReviewItem.id == item_id).with_for_update(key_share=True)
    )
    if status is None:
        raise NotFound("no such review item", item_id=str(item_id))
    if status == ItemStatus.CLAIMED:
        holder = _holder(session, item_id)
        if holder is not None and holder.expires_at <= now:
            lapse_claims(session, now=now, limit=1, noticed_by=CLAIMING, item_id=item_id)
            claim(session, item_id, clinician_id)
            return
        if holder is not None and holder.clinician_id == clinician_id:
            renew(session, item_id, clinician_id)
            return
        raise AlreadyClaimed(
            f"{_name(session, holder.clinician_id) if holder else 'Someone'} has this item",
            item_id=str(item_id),
        )
    _give_up_other(session, item_id, clinician_id)
    if status == ItemStatus.SNOOZED:
        end_snooze(session, item_id, SnoozeEnd.OPENED, now=now)
    claim_locked(session, item_id, ItemStatus(status), clinician_id, now=now)


def renew(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> datetime:
    """Extend one's own live claim by the policy's lease; ClaimLost when it is gone."""
    now = db_session.now(session)
    expires = now + _lease(session, item_id)
    row = session.execute(
        update(table_of(Claim))
        .where(
            table_of(Claim).c.item_id == item_id,
            table_of(Claim).c.clinician_id == clinician_id,
            table_of(Claim).c.ended_at.is_(None),
            table_of(Claim).c.expires_at > now,
        )
        .values(expires_at=expires)
        .returning(table_of(Claim).c.id)
    ).one_or_none()
    if row is None:
        raise ClaimLost(
            "your hold on this item ended; open it again to go on", item_id=str(item_id)
        )
    return expires


def unclaim(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Put an item back, undecided."""
    end_claim(session, item_id, clinician_id, ClaimEnd.RETURNED)
    give_back(session, item_id, actor=Actor.clinician(clinician_id))


def skip(
    session: Session,
    item_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    reason: str,
    next_owner_id: uuid.UUID | None = None,
) -> None:
    """Pass an item on. At L3 or above the skip must name who has it next."""
    if not reason.strip():
        raise Incomplete("say why you pass this on", field="reason")
    severity = session.scalar(select(ReviewItem.severity).where(ReviewItem.id == item_id))
    must_name = severity is not None and names_next_owner(Severity(severity))
    if must_name and next_owner_id is None:
        raise Incomplete("name who takes this next: it is high or imminent", field="next_owner")
    if next_owner_id == clinician_id:
        raise Incomplete("name somebody else as the next owner", field="next_owner")
    if next_owner_id is not None:
        reader_of(session, next_owner_id)
    now = db_session.now(session)
    end_claim(session, item_id, clinician_id, ClaimEnd.SKIPPED)
    session.add(
        Skip(
            id=new_id(),
            item_id=item_id,
            clinician_id=clinician_id,
            next_owner_id=next_owner_id,
            reason=reason.strip(),
        )
    )
    session.execute(
        update(table_of(ReviewItem))
        .where(table_of(ReviewItem).c.id == item_id)
        .values(
            assigned_to=next_owner_id,
            assigned_until=now + ASSIGNED_FOR if next_owner_id else None,
        )
    )
    give_back(session, item_id, actor=Actor.clinician(clinician_id), detail={"skipped": True})


def lapse_claims(
    session: Session,
    *,
    now: datetime,
    limit: int = 200,
    noticed_by: Actor = CLOCK,
    item_id: uuid.UUID | None = None,
) -> int:
    """Return items whose reader went away: their page no longer renews the lease.

    The clock does this every second. A reader who asks does it too, so that an item never waits
    for a clock; ``item_id`` looks at one item only.
    """
    only = [] if item_id is None else [Claim.item_id == item_id]
    lapsed = session.execute(
        select(Claim.id, Claim.item_id, Claim.clinician_id)
        .where(Claim.ended_at.is_(None), Claim.expires_at <= now, *only)
        .order_by(Claim.expires_at)
        .limit(limit)
    ).all()
    returned = 0
    for row in lapsed:
        locked = session.scalar(
            select(ReviewItem.id)
            .where(ReviewItem.id == row.item_id)
            .with_for_update(skip_locked=True, key_share=True)
        )
        ended = session.execute(
            update(table_of(Claim))
            .where(
                table_of(Claim).c.id == row.id,
                table_of(Claim).c.ended_at.is_(None),
                table_of(Claim).c.expires_at <= now,
                table_of(Claim).c.item_id == locked,
            )
            .values(ended_at=now, ended_how=ClaimEnd.LAPSED)
            .returning(table_of(Claim).c.id)
        ).one_or_none()
        if ended is not None:
            give_back(session, row.item_id, actor=noticed_by, detail={"lapsed": True})
            returned += 1
    return returned


def end_claim(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID, how: ClaimEnd) -> None:
    """Lock the item and end one's own live claim of it; ClaimLost when it was not there."""
    session.execute(
        select(ReviewItem.id).where(ReviewItem.id == item_id).with_for_update(key_share=True)
    )
    end_claim_of_locked(session, item_id, clinician_id, how, now=db_session.now(session))


def end_claim_of_locked(
    session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID, how: ClaimEnd, *, now: datetime
) -> None:
    """End one's own live claim of an item that is locked; ClaimLost when it was not there."""
    asked = {"item": item_id, "reader": clinician_id, "end": now, "how": how}
    if session.execute(_END_CLAIM, asked).one_or_none() is None:
        raise ClaimLost(
            "your hold on this item ended; open it again to go on", item_id=str(item_id)
        )


_END_CLAIM = (
    update(table_of(Claim))
    .where(
        table_of(Claim).c.item_id == bindparam("item"),
        table_of(Claim).c.clinician_id == bindparam("reader"),
        table_of(Claim).c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("end"), ended_how=bindparam("how"))
    .returning(table_of(Claim).c.id)
)


def give_back(
    session: Session,
    item_id: uuid.UUID,
    *,
    actor: Actor,
    detail: dict[str, object] | None = None,
) -> None:
    """Return a claimed item to where it belongs: escalated while an escalation is unresolved."""
    item = session.get_one(ReviewItem, item_id, populate_existing=True)
    escalated = session.scalar(
        select(Escalation.id)
        .where(
            Escalation.conversation_id == item.conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
        .limit(1)
    )
    event = ItemEvent.RETURN_ESCALATED if escalated else ItemEvent.RETURN
    move(session, ITEM, item_id, ItemStatus.CLAIMED, event, actor=actor, detail=detail)
    ring(session, Topic.LIVE, item.conversation_id)


def claim_locked(
    session: Session,
    item_id: uuid.UUID,
    status: ItemStatus,
    clinician_id: uuid.UUID,
    *,
    now: datetime,
) -> None:
    """Claim an item that is locked, beside whatever else this person has."""
    row = move(session, ITEM, item_id, status, ItemEvent.CLAIM, actor=Actor.clinician(clinician_id))
    hold_for(session, row, clinician_id, now=now)


def hold_for(
    session: Session,
    item: Row[*tuple[Any, ...]] | ReviewItem,
    clinician_id: uuid.UUID,
    *,
    now: datetime,
) -> None:
    """Write the claim of an item that is locked and claimed, for as long as its policy says."""
    lease = timedelta(seconds=policy_of(session, item.policy_version_id).lease_seconds)
    claimed = {
        "id": new_id(),
        "item_id": item.id,
        "clinician_id": clinician_id,
        "claimed_at": now,
        "expires_at": now + lease,
        "severity": item.severity,
    }
    try:
        insert_rows(session, Claim, [claimed])
    except IntegrityError as error:  # the database's own word that somebody else holds it
        raise AlreadyClaimed("someone has this item", item_id=str(item.id)) from error
    ring(session, Topic.LIVE, item.conversation_id)


def _give_up_other(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Opening another item puts the one in hand back: nobody blocks two conversations."""
    held = session.scalars(
        select(Claim.item_id).where(
            Claim.clinician_id == clinician_id, Claim.ended_at.is_(None), Claim.item_id != item_id
        )
    ).all()
    for other in held:
        unclaim(session, other, clinician_id)


def _lease(session: Session, item_id: uuid.UUID) -> timedelta:
    version_id = session.scalar(
        select(ReviewItem.policy_version_id).where(ReviewItem.id == item_id)
    )
    if version_id is None:
        raise NotFound("no such review item", item_id=str(item_id))
    return timedelta(seconds=policy_of(session, version_id).lease_seconds)


@cache
def _taking(*, nothing_lapsed: bool, heavy: Heavy) -> Select[Any]:
    """One statement that finds the next item, moves it, writes its claim and its event.

    Ten readers who ask at once wait for each answer in turn: one answer instead of three.
    """
    offered = next_offered(nothing_lapsed=nothing_lapsed, heavy=heavy)
    move = offered_move(ITEM, ItemEvent.CLAIM, offered)
    row = move.moved.c
    held = {
        "id": bindparam("claim_id", type_=Uuid()),
        "item_id": row.id,
        "clinician_id": bindparam("reader", type_=Uuid()),
        "claimed_at": row.now,
        "expires_at": row.now + lease_of(row.policy_version_id),
        "severity": row.severity,
    }
    hold = insert(table_of(Claim)).from_select(list(held), select(*held.values())).cte("held")
    return select(row.id, row.conversation_id).add_cte(move.told, hold)


def _take(
    session: Session, clinician_id: uuid.UUID, *, nothing_lapsed: bool, heavy: Heavy
) -> uuid.UUID | None:
    """Put the next item offered to this reader into their hands; its id."""
    actor = Actor.clinician(clinician_id)
    asked = {
        "reader": clinician_id,
        "claim_id": new_id(),
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
    }
    session.flush()
    try:
        # Through the connection: the session would look for objects to bring up to date.
        statement = _taking(nothing_lapsed=nothing_lapsed, heavy=heavy)
        taken = session.connection().execute(statement, asked)
        row = taken.one_or_none()
    except IntegrityError as error:  # the database's own word that somebody else holds it
        raise AlreadyClaimed("someone has this item") from error
    if row is None:
        return None
    ring(session, Topic.LIVE, row.conversation_id)
    item_id: uuid.UUID = row.id
    return item_id


def _holder(session: Session, item_id: uuid.UUID) -> Claim | None:
    return session.scalars(
        select(Claim).where(Claim.item_id == item_id, Claim.ended_at.is_(None))
    ).one_or_none()


def _name(session: Session, clinician_id: uuid.UUID) -> str:
    return session.scalar(select(Clinician.name).where(Clinician.id == clinician_id)) or "Someone"

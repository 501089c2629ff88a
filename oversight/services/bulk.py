"""Several harmless stretches decided with one key: each by itself, and only as it was shown.

The whole is one transaction; an item that cannot be decided is left as it is and named.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Batch, BatchDecision, Decision, Delivery, ReviewItem
from oversight.domain.bulk import REASONS, action_for, reasons_against
from oversight.domain.errors import (
    Conflict,
    Incomplete,
    NotFound,
    NotPermitted,
    Refusal,
    StaleVersion,
)
from oversight.domain.lifecycle import DeliveryStatus, ItemStatus
from oversight.queries.bulk import stretches
from oversight.queries.policies import policy_of
from oversight.services.audit import Actor, Event, record
from oversight.services.cases import Request
from oversight.services.claiming import claim_locked
from oversight.services.deciding import decide
from oversight.services.locking import lock_item
from oversight.services.offering import reader_of
from oversight.services.undoing import undo

MOST = 100


@dataclass(frozen=True)
class Shown:
    """An item as it stood on the screen."""

    item_id: uuid.UUID
    version: int


@dataclass(frozen=True)
class Left:
    """An item that was not decided, and why in words."""

    item_id: uuid.UUID
    reason: str


@dataclass(frozen=True)
class BulkResult:
    """What came of a batch."""

    batch_id: uuid.UUID
    done: Sequence[uuid.UUID]
    left: Sequence[Left]


@dataclass(frozen=True)
class BulkUndone:
    """What came of taking a batch back.

    ``recalled`` items are open again; ``gone`` texts had left already: only a correction reaches
    them. From ``read`` items nothing had been sent.
    """

    recalled: int
    gone: int
    read: int


def decide_together(
    session: Session, batch_id: uuid.UUID, clinician_id: uuid.UUID, shown: Sequence[Shown]
) -> BulkResult:
    """Approve the harmless replies shown, mark as read where there is none.

    Each item is held to the version shown and to the rule of ``domain/bulk.py``, asked under its
    lock. The same batch again is answered with what it did.

    Raises
    ------
    Incomplete
        Nothing was chosen, or more than the policy lets be decided at once.
    NotPermitted
        Whoever asks takes no items.
    Conflict
        The batch is somebody else's.
    """
    reader_of(session, clinician_id)
    if not 0 < len(shown) <= MOST:
        raise Incomplete(f"choose between one and {MOST} conversations", field="items")
    _begin(session, batch_id, clinician_id)
    done, left = [], []
    for one in _in_lock_order(session, shown):
        try:
            with session.begin_nested():
                _decide_one(session, batch_id, clinician_id, one, most=len(shown))
            done.append(one.item_id)
        except Refusal as refusal:
            session.expire_all()  # what was looked at may have been changed, and was not
            left.append(Left(one.item_id, refusal.message))
    detail = {"done": len(done), "left": len(left)}
    record(session, _event("batch.decide", batch_id, clinician_id, detail))
    return BulkResult(batch_id, done, left)


def undo_together(session: Session, batch_id: uuid.UUID, clinician_id: uuid.UUID) -> BulkUndone:
    """Recall every reply of a batch that has not left yet; their items are open again."""
    reader_of(session, clinician_id)
    batch = session.get(Batch, batch_id, with_for_update={"key_share": True})
    if batch is None:
        raise NotFound("there is no such batch", batch_id=str(batch_id))
    sent = session.execute(
        select(Delivery.id, Delivery.status)
        .select_from(BatchDecision)
        .outerjoin(Delivery, Delivery.decision_id == BatchDecision.decision_id)
        .where(BatchDecision.batch_id == batch_id)
        .order_by(Delivery.conversation_id)
    ).all()
    texts = [(one.id, one.status) for one in sent if one.id is not None]
    recalled = sum(_recalled(session, *text, clinician_id) for text in texts)
    if batch.undone_at is None:
        batch.undone_at, batch.undone_by = db_session.now(session), clinician_id
        session.flush()
    undone = BulkUndone(recalled, gone=len(texts) - recalled, read=len(sent) - len(texts))
    detail = {"recalled": undone.recalled, "gone": undone.gone, "read": undone.read}
    record(session, _event("batch.undo", batch_id, clinician_id, detail))
    return undone


def _recalled(
    session: Session, delivery_id: uuid.UUID, status: str, clinician_id: uuid.UUID
) -> bool:
    """Recall one text; whether it was, now or before."""
    try:
        with session.begin_nested():
            undo(session, delivery_id, clinician_id)
    except StaleVersion:
        session.expire_all()
        return status == DeliveryStatus.RECALLED
    return True


def _begin(session: Session, batch_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    batch = session.get(Batch, batch_id)
    if batch is None:
        session.add(Batch(id=batch_id, clinician_id=clinician_id))
        session.flush()
    elif batch.clinician_id != clinician_id:
        raise Conflict("this form was used by somebody else; open the list again")
    elif batch.undone_at is not None:
        raise Conflict("this was taken back already; open the list again")


def _in_lock_order(session: Session, shown: Sequence[Shown]) -> list[Shown]:
    """By conversation, as everybody locks them; each item once."""
    ids = [one.item_id for one in shown]
    rows = session.execute(
        select(ReviewItem.id, ReviewItem.conversation_id).where(ReviewItem.id.in_(ids))
    )
    places = {row.id: row.conversation_id for row in rows}
    once = {one.item_id: one for one in reversed(shown)}.values()
    return sorted(once, key=lambda one: (places.get(one.item_id, one.item_id), one.item_id))


def _decide_one(
    session: Session,
    batch_id: uuid.UUID,
    clinician_id: uuid.UUID,
    shown: Shown,
    *,
    most: int,
) -> None:
    client_decision_id = uuid.uuid5(batch_id, str(shown.item_id))
    answered = select(Decision.id).where(Decision.client_decision_id == client_decision_id)
    _, item = lock_item(session, shown.item_id)
    if session.scalar(answered) is not None:
        return
    if item.status == ItemStatus.CLOSED:
        raise StaleVersion("somebody else decided it", item_id=str(item.id))
    if item.version != shown.version:
        raise StaleVersion(
            "something new arrived since it was shown",
            item_id=str(item.id),
            seen=shown.version,
            current=item.version,
        )
    stretch = stretches(session, [item.id])[item.id]
    reasons = reasons_against(stretch)
    if reasons:
        raise NotPermitted(REASONS[reasons[0]], item_id=str(item.id), reasons=reasons)
    limit = policy_of(session, item.policy_version_id).bulk_limit
    if most > limit:
        raise NotPermitted(f"its policy lets {limit} be decided at once", item_id=str(item.id))
    now = db_session.now(session)
    claim_locked(session, item.id, ItemStatus(item.status), clinician_id, now=now)
    request = Request(
        item_id=item.id,
        version=shown.version,
        clinician_id=clinician_id,
        client_decision_id=client_decision_id,
        action=action_for(stretch),
    )
    result = decide(session, request)
    if not result.closed:
        raise NotPermitted(result.still_open[0], item_id=str(item.id))
    session.add(
        BatchDecision(decision_id=result.decision_id, batch_id=batch_id, item_id=shown.item_id)
    )
    session.flush()


def _event(
    kind: str, batch_id: uuid.UUID, clinician_id: uuid.UUID, detail: Mapping[str, object]
) -> Event:
    return Event(kind, Actor.clinician(clinician_id), subject=batch_id, detail=detail)

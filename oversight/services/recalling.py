"""Taking back what was released but not yet handed out: an undo, or a new message in between."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.rows import listed
from db.session import Topic, ring
from db.tables import Conversation, Decision, Delivery, Draft, WorkingText, new_id, table_of
from oversight.domain.lifecycle import DeliveryEvent, DeliveryStatus, DraftEvent, DraftStatus
from oversight.domain.words import DeliveryKind
from oversight.services.audit import Actor
from oversight.services.locking import LockedConversation
from oversight.services.transition import DELIVERY, DRAFT, move, move_all

RECALLABLE = (DeliveryKind.REPLY, DeliveryKind.CLINICIAN)
_UNSENT = select(Delivery.id).where(
    listed(Delivery.conversation_id, "conversations"),
    Delivery.status == DeliveryStatus.QUEUED,
    Delivery.kind.in_(RECALLABLE),
    Delivery.attempts == 0,
)
"""Asked first: almost always there is nothing to recall, and asking is cheaper than an update."""


def recall_unsent(
    session: Session,
    conversations: Mapping[uuid.UUID, LockedConversation],
    *,
    now: datetime,
    actor: Actor,
    why: str,
) -> dict[uuid.UUID, list[Draft]]:
    """Recall every reply of these conversations that nobody has been given yet.

    The bot's draft comes back as a new held revision under the same reply id, and a clinician's
    own wording goes back to their unfinished text, so nothing that was written is lost. Returns
    the new revisions by conversation; the caller gives them an item and a place in the order.
    """
    unsent = session.scalars(_UNSENT, {"conversations": list(conversations)}).all()
    if not unsent:
        return {}
    table = table_of(Delivery)
    recalled = move_all(
        session,
        DELIVERY,
        DeliveryStatus.QUEUED,
        DeliveryEvent.RECALL,
        where=[
            table.c.id.in_(unsent),
            table.c.kind.in_([kind.value for kind in RECALLABLE]),
            table.c.attempts == 0,
        ],
        actor=actor,
        values={"settled_at": now},
        detail={"why": why},
    )
    revisions: dict[uuid.UUID, list[Draft]] = {}
    for delivery in recalled:
        _keep_wording(session, delivery, now=now)
        if delivery.draft_id is not None:
            revision = _revise(session, delivery, now=now, actor=actor)
            revisions.setdefault(delivery.conversation_id, []).append(revision)
        ring(session, Topic.LIVE, delivery.conversation_id)
    return revisions


def _keep_wording(session: Session, delivery: Row[*tuple[Any, ...]], *, now: datetime) -> None:
    decision = session.get_one(Decision, delivery.decision_id)
    if decision.clinician_id is None or decision.item_id is None:
        return
    statement = insert(WorkingText).values(
        item_id=decision.item_id,
        clinician_id=decision.clinician_id,
        text=delivery.text,
        saved_at=now,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["item_id", "clinician_id"],
            set_={"text": delivery.text, "saved_at": now},
        )
    )


def _revise(
    session: Session, delivery: Row[*tuple[Any, ...]], *, now: datetime, actor: Actor
) -> Draft:
    old = move(
        session,
        DRAFT,
        delivery.draft_id,
        DraftStatus.RELEASED,
        DraftEvent.RECALL,
        actor=actor,
        values={"status_at": now},
    )
    kept = {column.name: getattr(old, column.name) for column in table_of(Draft).columns}
    fresh = kept | {
        "id": new_id(),
        "revision": old.revision + 1,
        "status": DraftStatus.HELD,
        "sequence": _next_sequence(session, old.conversation_id),
        "item_id": None,
        "status_at": now,
    }
    draft = Draft(**fresh)
    session.add(draft)
    session.flush()
    return draft


def _next_sequence(session: Session, conversation_id: uuid.UUID) -> int:
    number = session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_sequence=Conversation.last_sequence + 1)
        .returning(Conversation.last_sequence)
    )
    return int(number or 0)


def newest_sequence(session: Session, conversation_id: uuid.UUID) -> int:
    """The number of the newest turn, read again after revisions were added."""
    found = session.scalar(
        select(Conversation.last_sequence).where(Conversation.id == conversation_id)
    )
    return int(found or 0)


def superseded_by_new_draft(
    session: Session, conversation_ids: Sequence[uuid.UUID], *, now: datetime, actor: Actor
) -> None:
    """An undelivered draft gives way to the next one."""
    table = table_of(Draft)
    move_all(
        session,
        DRAFT,
        DraftStatus.HELD,
        DraftEvent.SUPERSEDE,
        where=[table.c.conversation_id.in_(list(conversation_ids))],
        actor=actor,
        values={"status_at": now},
    )

"""Taking back what was released but not yet handed out: an undo, or a new message in between."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.rows import listed
from db.session import Topic, ring
from db.tables import (
    Conversation,
    Decision,
    Delivery,
    Draft,
    ReviewItem,
    WorkingText,
    new_id,
    table_of,
)
from oversight.domain.lifecycle import DeliveryEvent, DeliveryStatus, DraftEvent, DraftStatus
from oversight.domain.severity import Severity
from oversight.domain.words import DeliveryKind
from oversight.services.audit import Actor
from oversight.services.gathering import cover_again, gather
from oversight.services.items import held_drafts, open_item, refresh_items
from oversight.services.locking import LockedConversation, lock_open_items
from oversight.services.transition import DELIVERY, DRAFT, move, move_all

RECALLABLE = (DeliveryKind.REPLY, DeliveryKind.CLINICIAN)
_UNSENT = select(Delivery.id).where(
    listed(Delivery.conversation_id, "conversations"),
    Delivery.status == DeliveryStatus.QUEUED,
    Delivery.kind.in_(RECALLABLE),
)
"""Asked first: almost always there is nothing to recall, and asking is cheaper than an update."""


@dataclass
class Recalled:
    """What came back in a conversation: the bot's draft, held again, and people's own wordings."""

    draft: Draft | None = None
    wordings: dict[uuid.UUID, str] = field(default_factory=dict)


def recall_unsent(
    session: Session,
    conversations: Mapping[uuid.UUID, LockedConversation],
    *,
    now: datetime,
    actor: Actor,
    why: str,
    kinds: Sequence[DeliveryKind] = RECALLABLE,
) -> dict[uuid.UUID, Recalled]:
    """Recall every reply of these conversations that nobody has been given yet, or that failed.

    The bot's newest draft comes back as a new held revision under the same reply id, unless a
    newer one is held already, and a clinician's own wording goes back to their unfinished text, so
    nothing that was written is lost. The caller brings what is returned into an open item.
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
            table.c.kind.in_([kind.value for kind in kinds]),
        ],
        actor=actor,
        values={"settled_at": now},
        detail={"why": why},
    )
    found: dict[uuid.UUID, Recalled] = {}
    for delivery in sorted(recalled, key=lambda row: row.queued_at):
        back = found.setdefault(delivery.conversation_id, Recalled())
        decision = session.get_one(Decision, delivery.decision_id)
        if decision.clinician_id is not None:
            back.wordings[decision.clinician_id] = delivery.text
        ring(session, Topic.LIVE, delivery.conversation_id)
    drafts = [
        _recall(session, row.draft_id, now=now, actor=actor) for row in recalled if row.draft_id
    ]
    held = held_drafts(session, list(found))
    for draft in sorted(drafts, key=lambda row: row.sequence, reverse=True):
        back = found[draft.conversation_id]
        if back.draft is None and draft.conversation_id not in held:
            back.draft = _revise(session, draft, now=now)
    return found


def put_back(
    session: Session,
    conversation: LockedConversation,
    back: Recalled,
    *,
    now: datetime,
    actor: Actor,
    why: str,
) -> ReviewItem:
    """Bring what was recalled into the conversation's open item, opened where there is none."""
    items = lock_open_items(session, [conversation.id])
    item = items[0] if items else None
    newest = newest_sequence(session, conversation.id)
    if item is None:
        item = open_item(
            session,
            conversation,
            first_sequence=newest,
            last_sequence=newest,
            now=now,
            actor=actor,
            floor=Severity.L0,
            why=why,
        )
    else:
        item.last_sequence, item.version = newest, item.version + 1
    bring_back(session, item, back, now=now)
    refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=actor)
    return item


def bring_back(session: Session, item: ReviewItem, back: Recalled, *, now: datetime) -> None:
    """Put what was recalled, and what it had answered, into an open item; a refresh must follow."""
    if back.draft is not None:
        back.draft.item_id = item.id
    for clinician_id, words in back.wordings.items():
        _keep_wording(session, item.id, clinician_id, words, now=now)
    session.flush()
    gather(session, item)
    cover_again(session, item)


def _keep_wording(
    session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID, words: str, *, now: datetime
) -> None:
    statement = insert(WorkingText).values(
        item_id=item_id, clinician_id=clinician_id, text=words, saved_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["item_id", "clinician_id"], set_={"text": words, "saved_at": now}
        )
    )


def _recall(
    session: Session, draft_id: uuid.UUID, *, now: datetime, actor: Actor
) -> Row[*tuple[Any, ...]]:
    return move(
        session,
        DRAFT,
        draft_id,
        DraftStatus.RELEASED,
        DraftEvent.RECALL,
        actor=actor,
        values={"status_at": now},
    )


def _revise(session: Session, old: Row[*tuple[Any, ...]], *, now: datetime) -> Draft:
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

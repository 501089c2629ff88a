"""A refused message must not hide a person: its conversation goes up as LU, once a minute."""

import uuid
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Conversation
from oversight.domain.severity import Severity
from oversight.services.audit import Actor, Event, record
from oversight.services.items import open_item, refresh_items
from oversight.services.locking import lock_conversation, lock_open_items

ONCE_IN = timedelta(minutes=1)


def hold_for_refused(
    session: Session, study_id: uuid.UUID, conversation: str, *, reason: str
) -> bool:
    """Put a known conversation up because a message of it was refused for ``reason`` (a code).

    Returns whether an item was opened or raised; an unknown conversation, or one put up less
    than a minute ago, changes nothing.
    """
    conversation_id = session.scalar(
        select(Conversation.id).where(
            Conversation.study_id == study_id, Conversation.external_id == conversation
        )
    )
    if conversation_id is None:
        return False
    now = db_session.now(session)
    gateway = Actor.system("gateway")
    locked = lock_conversation(session, conversation_id)
    items = lock_open_items(session, [conversation_id])
    item = items[0] if items else None
    if item is not None and item.notice_at is not None and now - item.notice_at < ONCE_IN:
        return False
    if item is None:
        item = open_item(
            session,
            locked,
            first_sequence=locked.last_sequence + 1,
            last_sequence=locked.last_sequence,
            now=now,
            actor=gateway,
            floor=Severity.LU,
            why="refused",
        )
    item.notice, item.notice_at, item.version = reason, now, item.version + 1
    session.flush()
    refresh_items(session, [item], {conversation_id: locked}, now=now, actor=gateway)
    record(
        session,
        Event(
            "message.refuse",
            gateway,
            study_id=study_id,
            conversation_id=conversation_id,
            item_id=item.id,
            detail={"reason": reason},
        ),
    )
    return True

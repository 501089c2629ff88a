"""Unfinished wording: saved while somebody types, theirs alone to send, lost by nobody's crash."""

import uuid

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import WorkingText, table_of
from oversight.domain.texts import LONGEST_TEXT


def keep_wording(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID, text: str) -> None:
    """Save what is in the editor; an empty editor forgets it. Never sends anything."""
    table = table_of(WorkingText)
    if not text.strip():
        session.execute(
            delete(table).where(table.c.item_id == item_id, table.c.clinician_id == clinician_id)
        )
        return
    words = text.replace("\x00", "")[:LONGEST_TEXT]
    now = db_session.now(session)
    statement = insert(table).values(
        item_id=item_id, clinician_id=clinician_id, text=words, saved_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["item_id", "clinician_id"], set_={"text": words, "saved_at": now}
        )
    )

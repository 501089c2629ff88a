"""Going through a refresher drill. Private practice: nothing of it enters the audit record."""

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Drill, DrillAnswer, new_id
from oversight.domain.drill import Feedback, feedback, score
from oversight.domain.errors import Conflict, NotFound
from oversight.queries.drill import drill_items
from oversight.services.offering import reader_of


def begin_drill(session: Session, clinician_id: uuid.UUID) -> uuid.UUID:
    """Begin a drill, or go on with the one that was begun."""
    reader_of(session, clinician_id)
    going_on = session.scalar(
        select(Drill.id).where(
            Drill.clinician_id == clinician_id,
            Drill.finished_at.is_(None),
            Drill.left_at.is_(None),
        )
    )
    if going_on is not None:
        return going_on
    drill = Drill(id=new_id(), clinician_id=clinician_id, started_at=db_session.now(session))
    session.add(drill)
    session.flush()
    return drill.id


def answer_drill(
    session: Session, drill_id: uuid.UUID, clinician_id: uuid.UUID, item_id: str, *, raised: bool
) -> Feedback:
    """Raise an item or leave it, and hear at once what was right. The first answer counts.

    The drill ends with its last item. Raises NotFound for anybody else's drill, Conflict for one
    that was left.
    """
    drill = _own(session, drill_id, clinician_id)
    item = next((one for one in drill_items() if one.id == item_id), None)
    if item is None:
        raise NotFound("no such item in the drill", item=item_id)
    if drill.left_at is not None:
        raise Conflict("you left this drill; begin a new one")
    told = insert(DrillAnswer).values(
        drill_id=drill_id, item=item_id, raised=raised, answered_at=db_session.now(session)
    )
    session.execute(told.on_conflict_do_nothing())
    rows = session.execute(
        select(DrillAnswer.item, DrillAnswer.raised).where(DrillAnswer.drill_id == drill_id)
    )
    answers = {row.item: row.raised for row in rows}
    if drill.finished_at is None and score(drill_items(), answers).finished:
        drill.finished_at = db_session.now(session)
        session.flush()
    return feedback(item, raised=answers[item_id])


def leave_drill(session: Session, drill_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """End a drill before its end; nobody asks why."""
    drill = _own(session, drill_id, clinician_id)
    if drill.finished_at is None and drill.left_at is None:
        drill.left_at = db_session.now(session)
        session.flush()


def _own(session: Session, drill_id: uuid.UUID, clinician_id: uuid.UUID) -> Drill:
    drill = session.scalars(
        select(Drill)
        .where(Drill.id == drill_id, Drill.clinician_id == clinician_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if drill is None:
        raise NotFound("you have no such drill", drill_id=str(drill_id))
    return drill

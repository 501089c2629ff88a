"""The drill's items, and how somebody did: told to nobody but themselves."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Drill, DrillAnswer
from oversight.domain.drill import DrillItem, DrillScore, in_order, score
from oversight.domain.errors import NotFound
from oversight.domain.severity import Severity

ITEMS = Path(__file__).parents[1] / "drill" / "items.yaml"


@dataclass(frozen=True)
class DrillState:
    """Where somebody is in a drill. ``item`` is the next to answer, None at the end."""

    drill_id: uuid.UUID
    item: DrillItem | None
    score: DrillScore
    started_at: datetime
    finished_at: datetime | None


@cache
def drill_items() -> tuple[DrillItem, ...]:
    """The items as they ship, read once."""
    rows = yaml.safe_load(ITEMS.read_text(encoding="utf-8"))
    return tuple(
        DrillItem(
            id=row["id"],
            said=tuple(row["said"]),
            reply=row["reply"],
            risky=row["raise"],
            severity=Severity(row["level"]),
            why=row["why"],
        )
        for row in rows
    )


def own_drill(session: Session, drill_id: uuid.UUID, clinician_id: uuid.UUID) -> DrillState:
    """One's own drill. Anybody else's is not there: NotFound, for every role."""
    drill = session.scalars(
        select(Drill).where(Drill.id == drill_id, Drill.clinician_id == clinician_id)
    ).one_or_none()
    if drill is None:
        raise NotFound("you have no such drill", drill_id=str(drill_id))
    return _state(session, drill)


def own_drills(
    session: Session, clinician_id: uuid.UUID, *, limit: int = 20
) -> Sequence[DrillState]:
    """One's own drills, the newest first."""
    drills = session.scalars(
        select(Drill)
        .where(Drill.clinician_id == clinician_id)
        .order_by(Drill.started_at.desc(), Drill.id.desc())
        .limit(limit)
    ).all()
    return [_state(session, drill) for drill in drills]


def _state(session: Session, drill: Drill) -> DrillState:
    rows = session.execute(
        select(DrillAnswer.item, DrillAnswer.raised).where(DrillAnswer.drill_id == drill.id)
    )
    answers = {row.item: row.raised for row in rows}
    open_items = [one for one in in_order(drill_items(), drill.id) if one.id not in answers]
    going_on = drill.finished_at is None and drill.left_at is None
    return DrillState(
        drill_id=drill.id,
        item=open_items[0] if open_items and going_on else None,
        score=score(drill_items(), answers),
        started_at=drill.started_at,
        finished_at=drill.finished_at,
    )

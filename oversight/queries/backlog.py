"""How much waits, and whether somebody is there: for operators' eyes and their alarms."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Delivery, ReviewItem, ScoringWork
from oversight.domain.lifecycle import DeliveryStatus, ItemStatus
from oversight.queries.on_call import on_call


@dataclass(frozen=True)
class Backlog:
    """Work that waits at one moment."""

    unscored: int
    oldest_unscored_seconds: float
    open_items: int
    queued_deliveries: int


def backlog(session: Session) -> Backlog:
    """Count what waits. Reads small, indexed parts of the tables only."""
    unscored, oldest = session.execute(
        select(func.count(), func.min(ScoringWork.created_at)).select_from(ScoringWork)
    ).one()
    age = None
    if oldest is not None:
        age = session.scalar(select(func.extract("epoch", func.oversight_now() - oldest)))
    return Backlog(
        unscored=unscored,
        oldest_unscored_seconds=max(0.0, float(age or 0)),
        open_items=_count(session, ReviewItem.status != ItemStatus.CLOSED),
        queued_deliveries=_count(session, Delivery.status == DeliveryStatus.QUEUED),
    )


def somebody_on_call(session: Session) -> bool:
    """Whether a clinician who may still sign in is on shift now."""
    return bool(on_call(session, ["shift"], now=db_session.now(session)))


def _count(session: Session, condition: object) -> int:
    number: int | None = session.scalar(select(func.count()).where(condition))  # type: ignore[arg-type]
    return number or 0

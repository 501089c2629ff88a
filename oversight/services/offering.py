"""Which item is offered to whom, and who may ask."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from db.rows import spelled
from db.tables import Claim, Clinician, HeavyRest, ReviewItem, Skip, Snooze
from oversight.domain.errors import NotPermitted
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Role, reads_items
from oversight.domain.severity import Severity

SKIPPED_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Reader:
    """Somebody who may take items, the moment at which they ask, and what they hold then."""

    now: datetime
    holds: uuid.UUID | None
    any_lapsed: bool
    resting: bool


class Heavy(StrEnum):
    """Whether high and imminent items are offered to this reader.

    ``ASK``: to somebody who rests from them nothing is offered yet, for it has to be found out
    whether anybody else can take them; then to all, or, until they are past their time, to others.
    """

    ASK = "ask"
    TO_ALL = "to_all"
    TO_OTHERS = "to_others"


# Built once: building a statement anew takes longer than executing it.
_ASKING = bindparam("reader", type_=Uuid())
_NOW = select(func.oversight_now()).scalar_subquery()
_HELD = select(Claim.item_id).where(
    Claim.clinician_id == _ASKING, Claim.ended_at.is_(None), Claim.expires_at > _NOW
)
_LAPSED = or_(
    select(Claim.id).where(Claim.ended_at.is_(None), Claim.expires_at <= _NOW).exists(),
    select(Snooze.id).where(Snooze.ended_at.is_(None), Snooze.until_at <= _NOW).exists(),
)
"""Something is to be returned first: a claim that nobody renewed, an item set aside until now."""

_RESTS = select(HeavyRest.id).where(HeavyRest.clinician_id == _ASKING, HeavyRest.ends_at > _NOW)
_READER = select(
    Clinician.role,
    func.oversight_now().label("now"),
    _HELD.order_by(Claim.claimed_at.desc()).limit(1).scalar_subquery().label("holds"),
    _LAPSED.label("any_lapsed"),
    _RESTS.exists().label("resting"),
).where(Clinician.id == _ASKING, Clinician.deactivated_at.is_(None))


def reader_of(session: Session, clinician_id: uuid.UUID) -> Reader:
    """The reader as they stand now; NotPermitted for anybody who takes no items."""
    found = session.execute(_READER, {"reader": clinician_id}).one_or_none()
    if found is None or not reads_items(Role(found.role)):
        raise NotPermitted("only a clinician or supervisor on the team can take an item")
    return Reader(found.now, found.holds, found.any_lapsed, found.resting)


_HEAVY = ReviewItem.priority >= Severity.L3.rank * 1000
_RESTING: Mapping[Heavy, Sequence[ColumnElement[bool]]] = {
    Heavy.ASK: [~_RESTS.exists()],
    Heavy.TO_ALL: [],
    Heavy.TO_OTHERS: [or_(~_HEAVY, ReviewItem.deadline_at <= _NOW)],
}


@cache
def next_offered(*, nothing_lapsed: bool, heavy: Heavy) -> Select[uuid.UUID, str]:
    """Not what they just skipped, not what is kept for another, and a language they read.

    High and imminent items are offered to everyone: nobody at risk waits for a translator. Nothing
    is offered to somebody who holds an item, or may not take any, nor while somebody's lapsed claim
    is to be returned first, where that is asked. All this refers to no item, so PostgreSQL asks
    it once, not for each item.
    """
    reader = select(Clinician).where(Clinician.id == _ASKING, Clinician.deactivated_at.is_(None))
    role = reader.with_only_columns(Clinician.role).scalar_subquery()
    languages = reader.with_only_columns(Clinician.languages).scalar_subquery()
    skipped = select(Skip.id).where(
        Skip.item_id == ReviewItem.id,
        Skip.clinician_id == _ASKING,
        Skip.at > _NOW - literal(SKIPPED_FOR),
    )
    kept = and_(
        ReviewItem.assigned_to.is_not(None),
        ReviewItem.assigned_to != _ASKING,
        ReviewItem.assigned_until > _NOW,
    )
    readable = or_(
        ReviewItem.language.is_(None),
        _HEAVY,
        languages.op("?")(ReviewItem.language),
        role == Role.SUPERVISOR,
    )
    return (
        select(ReviewItem.id, ReviewItem.status)
        .where(
            ReviewItem.status.in_(spelled(ItemStatus.WAITING, ItemStatus.ESCALATED)),
            role.in_(spelled(*(one for one in Role if reads_items(one)))),
            ~_HELD.exists(),
            *([~_LAPSED] if nothing_lapsed else []),
            *_RESTING[heavy],
            ~skipped.exists(),
            kept.is_not(True),
            readable,
        )
        .order_by(ReviewItem.priority.desc(), ReviewItem.deadline_at, ReviewItem.id)
        .limit(literal_column("1"))
        .with_for_update(skip_locked=True, key_share=True)
    )

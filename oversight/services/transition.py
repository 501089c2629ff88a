"""The one writer of status. It asks the table, updates with a guard, and records the event."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session

from db.rows import spelled
from db.tables import (
    AuditEvent,
    Delivery,
    Draft,
    Escalation,
    OutgoingPage,
    ReviewItem,
    table_of,
)
from oversight.domain import lifecycle, pages
from oversight.domain.errors import StaleVersion
from oversight.domain.lifecycle import next_status
from oversight.services.audit import Actor, Event, record_all

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class Lifecycle(Generic[S, E]):
    """A table of rows, the moves they may make, and what the record calls them."""

    name: str
    table: Table
    moves: Mapping[tuple[S, E], S]


ITEM = Lifecycle("item", table_of(ReviewItem), lifecycle.ITEM)
DRAFT = Lifecycle("draft", table_of(Draft), lifecycle.DRAFT)
DELIVERY = Lifecycle("delivery", table_of(Delivery), lifecycle.DELIVERY)
ESCALATION = Lifecycle("escalation", table_of(Escalation), lifecycle.ESCALATION)
PAGE = Lifecycle("page", table_of(OutgoingPage), pages.PAGE)


def move(
    session: Session,
    kind: Lifecycle[S, E],
    subject_id: uuid.UUID,
    status: S,
    event: E,
    *,
    actor: Actor,
    values: Mapping[str, object] | None = None,
    detail: Mapping[str, object] | None = None,
) -> Row[*tuple[Any, ...]]:
    """Move one row that is in ``status``; StaleVersion when somebody else was faster."""
    where = [kind.table.c.id == subject_id]
    rows = move_all(
        session, kind, status, event, where=where, actor=actor, values=values, detail=detail
    )
    if not rows:
        raise StaleVersion(
            f"this {kind.name} is no longer {status.value}: someone was faster",
            subject=str(subject_id),
            expected=status.value,
        )
    return rows[0]


def move_all(
    session: Session,
    kind: Lifecycle[S, E],
    status: S,
    event: E,
    *,
    where: Sequence[ColumnElement[bool]],
    actor: Actor,
    values: Mapping[str, object] | None = None,
    detail: Mapping[str, object] | None = None,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Move every row in ``status`` that ``where`` names; returns the rows as they are now.

    Raises IllegalTransition when the lifecycle has no such move at all.
    """
    target = next_status(kind.moves, status, event)
    columns = kind.table.c
    rows = session.execute(
        update(kind.table)
        .where(columns.status == status.value, *where)
        .values(status=target.value, **dict(values or {}))
        .returning(kind.table)
    ).all()
    record_all(session, [_event(kind, row, status, event, target, actor, detail) for row in rows])
    return rows


@dataclass(frozen=True)
class OfferedMove:
    """Parts of one statement: the row that moves, with ``now``, and the event that it leaves."""

    moved: CTE
    told: CTE


def offered_move(kind: Lifecycle[S, E], event: E, offered: Select[uuid.UUID, str]) -> OfferedMove:
    """The move of the row which ``offered`` finds and locks, for a statement built once.

    ``offered`` selects an id and a status. The row moves from any status that knows the event.
    The statement asks for ``actor_kind`` and ``actor_id``; without a row it writes nothing.
    """
    known = [status for status, known_event in kind.moves if known_event is event]
    (target,) = {next_status(kind.moves, status, event) for status in known}
    found = offered.cte("offered")
    columns = kind.table.c
    moved = (
        update(kind.table)
        .where(columns.id == found.c.id, columns.status.in_(spelled(*known)))
        .values(status=target.value)
        .returning(
            *columns, found.c.status.label("status_before"), func.oversight_now().label("now")
        )
        .cte("moved")
    )
    return OfferedMove(moved, _told(kind, event, moved))


def _told(kind: Lifecycle[S, E], event: E, moved: CTE) -> CTE:
    """What ``_event`` says, said by the statement that moves the row."""
    row = moved.c
    said = {
        "study_id": row.study_id,
        "conversation_id": row.conversation_id,
        "item_id": row.id if kind.name == "item" else row.item_id,
        "subject": row.id,
        "actor_kind": bindparam("actor_kind", type_=String()),
        "actor_id": bindparam("actor_id", type_=String()),
        "kind": literal(f"{kind.name}.{event.value}"),
        "detail": func.jsonb_build_object("from", row.status_before, "to", row.status),
    }
    return insert(table_of(AuditEvent)).from_select(list(said), select(*said.values())).cte("told")


def _event(
    kind: Lifecycle[S, E],
    row: Row[*tuple[Any, ...]],
    status: str,
    event: E,
    target: str,
    actor: Actor,
    detail: Mapping[str, object] | None,
) -> Event:
    return Event(
        kind=f"{kind.name}.{event.value}",
        actor=actor,
        study_id=row.study_id,
        conversation_id=row.conversation_id,
        item_id=row.id if kind.name == "item" else getattr(row, "item_id", None),
        subject=row.id,
        detail={"from": str(status), "to": str(target), **dict(detail or {})},
    )

"""Statements over many rows at once, for the hot path.

Their text does not depend on how many rows they carry, so PostgreSQL plans each of them once a
connection; one statement a row costs ten times as much on both sides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    TextClause,
    any_,
    bindparam,
    literal,
    literal_column,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from db.base import Base, table_of


@dataclass(frozen=True)
class Part:
    """Rows that one statement puts into a table, or changes there by their ids."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, object]]
    changes: bool = False


def inserted(model: type[Base], rows: Sequence[Mapping[str, object]]) -> Part:
    """New rows, in order. Each has the same columns; a column that none has gets its default."""
    return Part(table_of(model).name, tuple(rows[0]) if rows else (), rows)


def changed(model: type[Base], rows: Sequence[Mapping[str, object]]) -> Part:
    """New values of rows that are there already: each names its ``id`` and the same columns."""
    columns = tuple(name for name in rows[0] if name != "id") if rows else ()
    return Part(table_of(model).name, columns, rows, changes=True)


def write(session: Session, *parts: Part) -> None:
    """Write all parts in one statement: a whole batch of arrivals is one round trip.

    What rows refer to may stand in another part; the database checks that at the end of the
    statement. Flushes nothing. Raises when a row to be changed is not in its table.
    """
    filled = [part for part in parts if part.rows]
    if not filled:
        return
    statement = _write(tuple((part.table, part.columns, part.changes) for part in filled))
    told = {f"rows_{number}": _json(part.rows) for number, part in enumerate(filled)}
    written = session.connection().execute(statement, told).one()
    for part, count in zip(filled, written, strict=True):
        if count != len(part.rows):
            raise LookupError(f"{len(part.rows)} rows for {part.table}, {count} written")


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one table. Flushes nothing: what they refer to must be there already."""
    write(session, inserted(model, rows))


def as_loaded(session: Session, written: Sequence[Base]) -> None:
    """Take rows that were inserted into the session, as if loaded; what they left out is null."""
    for one in written:
        for name in table_of(type(one)).columns.keys() - one.__dict__.keys():
            set_committed_value(one, name, None)
        make_transient_to_detached(one)
    session.add_all(written)


def keep(loaded: Base, **values: object) -> None:
    """Set values that the caller writes to the table itself: no flush will look at them."""
    for name, value in values.items():
        set_committed_value(loaded, name, value)


def values_of(loaded: Sequence[Base], columns: Sequence[str]) -> list[dict[str, object]]:
    """These columns of loaded rows, with their ids, as ``changed`` takes them."""
    names = ("id", *columns)
    return [{name: getattr(one, name) for name in names} for one in loaded]


def save_together(session: Session, loaded: Sequence[Base], columns: Sequence[str]) -> None:
    """Write these columns of rows that the session has loaded, in one statement.

    What a flush would do, one statement a row. Raises when a row is not in the table yet.
    """
    if loaded:
        rows = values_of(loaded, columns)
        write(session, changed(type(loaded[0]), rows))
        for one, row in zip(loaded, rows, strict=True):
            keep(one, **row)


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column's value is one of ``values`` (Any: of the column's own type)."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def listed(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Whether a column's value is in the list that is bound to ``name`` at execution.

    For statements built once, at import: building one anew takes longer than executing it.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def spelled(*words: StrEnum) -> list[ColumnElement[str]]:
    """Words of our vocabulary as they stand in a statement, not as values bound to it.

    PostgreSQL keeps the plan of a prepared statement only if it suits every value: with bound
    words it cannot know that a partial index holds all that is asked for, and plans anew each time.
    """
    return [literal_column(f"'{word.value}'", String) for word in words]


@cache
def _write(parts: tuple[tuple[str, tuple[str, ...], bool], ...]) -> TextClause:
    wrote = [
        f"p{number} AS ({_change(number, *part)} RETURNING 1)" for number, part in enumerate(parts)
    ]
    counts = [f"(SELECT count(*) FROM p{number})" for number in range(len(parts))]  # noqa: S608
    return text(f"WITH {', '.join(wrote)} SELECT {', '.join(counts)}")


def _change(number: int, table: str, columns: tuple[str, ...], changes: bool) -> str:  # noqa: FBT001
    told = f"json_populate_recordset(CAST(NULL AS {table}), CAST(:rows_{number} AS json))"
    names = ", ".join(columns)
    if not changes:
        return f"INSERT INTO {table} ({names}) SELECT {names} FROM {told}"  # noqa: S608
    sets = ", ".join(f"{name} = told.{name}" for name in columns)
    return f"UPDATE {table} SET {sets} FROM {told} AS told WHERE {table}.id = told.id"  # noqa: S608


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return to_json(rows).decode()

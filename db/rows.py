"""Statements over many rows at once, for the hot path.

Their text does not depend on how many rows they carry, so PostgreSQL plans each of them once a
connection; one statement a row costs ten times as much on both sides.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, TextClause, any_, bindparam, literal, text
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import set_committed_value

from db.base import Base, table_of


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, in order. Each has the same columns; a column that none has gets its default.

    Flushes nothing: a row that these refer to must be in its table already.
    """
    if rows:
        told = json.dumps(rows, default=_plain, ensure_ascii=False)
        statement = _insert(table_of(model).name, tuple(rows[0]))
        session.connection().execute(statement, {"rows": told})


def save_together(session: Session, loaded: Sequence[Base], columns: Sequence[str]) -> None:
    """Write these columns of rows that the session has loaded, in one statement.

    What a flush would do, one statement a row. Raises when a row is not in the table yet.
    """
    if not loaded:
        return
    names = ("id", *columns)
    rows = [{name: getattr(one, name) for name in names} for one in loaded]
    told = json.dumps(rows, default=_plain, ensure_ascii=False)
    statement = _update(table_of(type(loaded[0])).name, tuple(columns))
    saved = session.connection().execute(statement, {"rows": told})
    if saved.rowcount != len(loaded):
        raise LookupError(f"{len(loaded)} rows to save, {saved.rowcount} found")
    for one in loaded:
        for name in columns:
            set_committed_value(one, name, getattr(one, name))


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column's value is one of ``values`` (Any: of the column's own type)."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def listed(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """Whether a column's value is in the list that is bound to ``name`` at execution.

    For statements built once, at import: building one anew takes longer than executing it.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


@cache
def _insert(table: str, columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(columns)
    return text(
        f"INSERT INTO {table} ({names}) SELECT {names}"  # noqa: S608 (names from our own tables)
        f" FROM json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"
    )


@cache
def _update(table: str, columns: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f"{name} = told.{name}" for name in columns)
    return text(
        f"UPDATE {table} SET {changes}"  # noqa: S608 (names from our own tables)
        f" FROM json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json)) AS told"
        f" WHERE {table}.id = told.id"
    )


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")

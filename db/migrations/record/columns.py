"""What the tables of the first migration have in common."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def identity() -> sa.Column[object]:
    """A row's own id, made by us and not by the database."""
    return sa.Column("id", sa.UUID(), nullable=False)


def known_by_id(table: str) -> sa.PrimaryKeyConstraint:
    """The primary key of most tables."""
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def stamped(name: str) -> sa.Column[object]:
    """A time that the database's clock gives, unless told."""
    now = sa.text("oversight_now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=now, nullable=False)


def refers(table: str, column: str, *, to: str) -> sa.ForeignKeyConstraint:
    """The row that ``column`` names must stand in ``to``, and cannot be deleted while it does."""
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def a_level(table: str, column: str) -> sa.CheckConstraint:
    """A severity, or nothing where the column may be null."""
    known = f"{column} IN ('L0', 'L1', 'L2', 'L3', 'L4', 'LU')"
    return sa.CheckConstraint(known, name=op.f(f"ck_{table}_{column}_known"))


def a_list(name: str) -> sa.Column[object]:
    """A JSON list, empty unless told."""
    return _json(name, "'[]'::jsonb")


def an_object(name: str) -> sa.Column[object]:
    """A JSON object, empty unless told."""
    return _json(name, "'{}'::jsonb")


def _json(name: str, default: str) -> sa.Column[object]:
    kind = postgresql.JSONB(astext_type=sa.Text())
    return sa.Column(name, kind, server_default=sa.text(default), nullable=False)

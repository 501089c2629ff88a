"""The declarative base, and the column kinds every table shares."""

import os
import time
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, cast

from sqlalchemy import CheckConstraint, DateTime, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[uuid.UUID, mapped_column(UUID(as_uuid=True), primary_key=True)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[
    datetime, mapped_column(DateTime(timezone=True), server_default=text("oversight_now()"))
]
Word = Annotated[str, mapped_column(String(128))]
Json = Annotated[Any, mapped_column(JSONB)]  # Any: JSON documents have no narrower type


class Base(DeclarativeBase):
    """Every table of the record."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> Table:
    """The Core table behind a model, for statements on the hot path."""
    return cast(Table, model.__table__)


def new_id() -> uuid.UUID:
    """A time-ordered UUID (version 7, RFC 9562): new rows land at the end of every index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return uuid.UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Refuses any status or kind that the vocabulary does not name."""
    allowed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")

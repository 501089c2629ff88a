"""Refresher drills: private practice, apart from the record of the study."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Moment, Word


class Drill(Base):
    """One run of one person through the items; at most one is going on. Theirs alone to see."""

    __tablename__ = "drills"
    __table_args__ = (
        Index(
            "uq_drills_one_open",
            "clinician_id",
            unique=True,
            postgresql_where=sql("finished_at IS NULL AND left_at IS NULL"),
        ),
        CheckConstraint("num_nonnulls(finished_at, left_at) <= 1", name="one_end"),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    started_at: Mapped[Created]
    finished_at: Mapped[Moment | None]
    left_at: Mapped[Moment | None]


class DrillAnswer(Base):
    """Whether somebody raised one item. The first answer counts."""

    __tablename__ = "drill_answers"

    drill_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("drills.id"), primary_key=True)
    item: Mapped[Word] = mapped_column(primary_key=True)
    raised: Mapped[bool]
    answered_at: Mapped[Created]

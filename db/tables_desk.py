"""What people do with items beside deciding them: set aside, ask, hand over."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Moment, one_of
from oversight.domain.exposure import RestReason
from oversight.domain.snoozing import SnoozeEnd, SnoozeUntil


class Snooze(Base):
    """Somebody set an item aside and goes on owning it. At most one is live a time.

    ``item_version`` is what they had seen: anything beyond it brings the item back.
    """

    __tablename__ = "snoozes"
    __table_args__ = (
        Index(
            "uq_snoozes_one_live", "item_id", unique=True, postgresql_where=sql("ended_at IS NULL")
        ),
        Index("ix_snoozes_live", "until_at", postgresql_where=sql("ended_at IS NULL")),
        Index("ix_snoozes_clinician_id", "clinician_id", "snoozed_at"),
        one_of("waits_for", SnoozeUntil),
        one_of("ended_how", SnoozeEnd),
        CheckConstraint("until_at > snoozed_at", name="until_later"),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="end_says_how"),
        CheckConstraint("btrim(reason) <> ''", name="has_reason"),
    )

    id: Mapped[Id]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    item_version: Mapped[int]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    waits_for: Mapped[str]
    reason: Mapped[str]
    snoozed_at: Mapped[Created]
    until_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_how: Mapped[str | None]


class Batch(Base):
    """Several items decided with one key. The form made its id, so a second press is none."""

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    created_at: Mapped[Created]
    undone_at: Mapped[Moment | None]
    undone_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))


class BatchDecision(Base):
    """One decision of a batch: a decision like any other, and where it came from."""

    __tablename__ = "batch_decisions"
    __table_args__ = (Index("ix_batch_decisions_batch_id", "batch_id"),)

    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))


class HeavyRest(Base):
    """From when until when heavy items go to others before this person."""

    __tablename__ = "heavy_rests"
    __table_args__ = (
        one_of("reason", RestReason),
        CheckConstraint("ends_at >= starts_at", name="ends_later"),
        Index("ix_heavy_rests_clinician_id", "clinician_id", "ends_at"),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    reason: Mapped[str]
    starts_at: Mapped[Created]
    ends_at: Mapped[Moment]

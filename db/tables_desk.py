"""What people do with items beside deciding them: set aside, ask, hand over."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Moment, one_of
from oversight.domain.exposure import RestReason
from oversight.domain.handover import HandedOver
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


class Question(Base):
    """Somebody asks a colleague about an item they go on holding. What was asked stays as asked."""

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint("asked_of <> asked_by", name="of_another"),
        CheckConstraint("btrim(text) <> ''", name="has_text"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer_has_time"),
        CheckConstraint("answered_at IS NULL OR seen_at IS NOT NULL", name="answered_was_seen"),
        CheckConstraint("num_nonnulls(answered_at, withdrawn_at) <= 1", name="one_end"),
        Index(
            "uq_questions_one_open",
            "item_id",
            "asked_by",
            "asked_of",
            unique=True,
            postgresql_where=sql("answered_at IS NULL AND withdrawn_at IS NULL"),
        ),
        Index("ix_questions_asked_of", "asked_of", "asked_at"),
        Index("ix_questions_asked_by", "asked_by", "asked_at"),
    )

    id: Mapped[Id]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    asked_of: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    text: Mapped[str]
    asked_at: Mapped[Created]
    seen_at: Mapped[Moment | None]
    answer: Mapped[str | None]
    answered_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None]


class Handover(Base):
    """Somebody offers a colleague everything they have; theirs until it is accepted by name."""

    __tablename__ = "handovers"
    __table_args__ = (
        CheckConstraint("taker_id <> giver_id", name="to_another"),
        CheckConstraint(
            "num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1", name="one_end"
        ),
        CheckConstraint("(declined_at IS NULL) = (decline_reason IS NULL)", name="declined_why"),
        Index(
            "uq_handovers_one_open",
            "giver_id",
            unique=True,
            postgresql_where=sql(
                "accepted_at IS NULL AND declined_at IS NULL AND withdrawn_at IS NULL"
            ),
        ),
        Index("ix_handovers_taker_id", "taker_id", "offered_at"),
    )

    id: Mapped[Id]
    giver_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    taker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    note: Mapped[str] = mapped_column(server_default=sql("''"))
    offered_at: Mapped[Created]
    accepted_at: Mapped[Moment | None]
    declined_at: Mapped[Moment | None]
    decline_reason: Mapped[str | None]
    withdrawn_at: Mapped[Moment | None]


class HandoverLine(Base):
    """One thing that changed hands; ``subject`` is the claim's, snooze's, escalation's … id."""

    __tablename__ = "handover_lines"
    __table_args__ = (one_of("kind", HandedOver),)

    handover_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    subject: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    kind: Mapped[str]
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("review_items.id"))

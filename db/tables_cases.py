"""What is done for a participant at risk: attempts, forms, follow-ups, hand-offs, the record."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.contact import AttemptChannel, AttemptOutcome
from oversight.domain.severity import Severity


class ContactAttempt(Base):
    """Somebody tried to reach the participant. Append-only."""

    __tablename__ = "contact_attempts"
    __table_args__ = (
        one_of("channel", AttemptChannel),
        one_of("outcome", AttemptOutcome),
        Index("ix_contact_attempts_escalation_id", "escalation_id", "at"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    channel: Mapped[str]
    outcome: Mapped[str]
    words_left: Mapped[str | None]
    at: Mapped[Created]


class WelfareCheck(Base):
    """A welfare check, proposed by one person and decided by two; by one only with an attempt in
    progress."""

    __tablename__ = "welfare_checks"
    __table_args__ = (
        UniqueConstraint("escalation_id"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_whole"),
        CheckConstraint(
            "ordered_at IS NULL OR attempt_in_progress OR confirmed_by IS NOT NULL",
            name="ordered_by_two",
        ),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    proposed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    proposed_at: Mapped[Created]
    reason: Mapped[str]
    attempt_in_progress: Mapped[bool]
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    confirmed_at: Mapped[Moment | None]
    ordered_at: Mapped[Moment | None]


class CaseForm(Base):
    """A filled form (``screener``, ``safety_plan``, ``adverse_event``). Append-only: the newest
    of its kind counts."""

    __tablename__ = "case_forms"
    __table_args__ = (
        CheckConstraint("kind IN ('screener', 'safety_plan', 'adverse_event')", name="kind_known"),
        Index("ix_case_forms_escalation_id", "escalation_id", "kind", "at"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    kind: Mapped[str]
    content: Mapped[Json]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    at: Mapped[Created]


class CaseRecord(Base):
    """The closure record of one escalation: written on, then signed, then co-signed.

    Signed it is final: the database refuses to change it. ``digest`` is the SHA-256 of all that
    was signed.
    """

    __tablename__ = "case_records"
    __table_args__ = (
        UniqueConstraint("escalation_id"),
        one_of("assigned", Severity),
        CheckConstraint(
            "num_nonnulls(signed_by, signed_at, signed_meaning, digest) IN (0, 4)",
            name="signed_whole",
        ),
        CheckConstraint(
            "num_nonnulls(cosigned_by, cosigned_at, cosigned_meaning) IN (0, 3)",
            name="cosigned_whole",
        ),
        CheckConstraint("cosigned_by IS NULL OR signed_by IS NOT NULL", name="signed_first"),
        CheckConstraint("cosigned_by <> signed_by", name="two_people"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    fields: Mapped[Json] = mapped_column(server_default=sql("'{}'::jsonb"))
    assigned: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    opened_at: Mapped[Created]
    saved_at: Mapped[Created]
    signed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    signed_at: Mapped[Moment | None]
    signed_meaning: Mapped[str | None]
    digest: Mapped[str | None]
    cosigned_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    cosigned_at: Mapped[Moment | None]
    cosigned_meaning: Mapped[str | None]


class FollowUp(Base):
    """Something to do after a case, with an owner and a time; it pages when missed."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("escalation_id", "due_at"),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_by_somebody"),
        Index("ix_follow_ups_due", "due_at", postgresql_where=sql("done_at IS NULL")),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    due_at: Mapped[Moment]
    missed_at: Mapped[Moment | None]
    told_others_at: Mapped[Moment | None]
    done_at: Mapped[Moment | None]
    done_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    outcome: Mapped[str | None]


class Handoff(Base):
    """A warm handoff: one person asks another by name to take a case; it counts once accepted."""

    __tablename__ = "handoffs"
    __table_args__ = (
        CheckConstraint("to_id <> from_id", name="two_people"),
        CheckConstraint(
            "num_nonnulls(accepted_at, declined_at, withdrawn_at) < 2", name="one_answer"
        ),
        Index(
            "uq_handoffs_one_open",
            "escalation_id",
            unique=True,
            postgresql_where=sql("num_nonnulls(accepted_at, declined_at, withdrawn_at) = 0"),
        ),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    from_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    to_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    note: Mapped[str]
    asked_at: Mapped[Created]
    accepted_at: Mapped[Moment | None]
    declined_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None]


class ReportDeadline(Base):
    """A report to sponsor, board or authority that an adverse event demands, and when it went."""

    __tablename__ = "report_deadlines"
    __table_args__ = (
        UniqueConstraint("escalation_id", "rule"),
        CheckConstraint("(reported_at IS NULL) = (reported_by IS NULL)", name="by_somebody"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    rule: Mapped[Word]
    due_at: Mapped[Moment]
    reported_at: Mapped[Moment | None]
    reported_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))

"""What people (and policies) did about it: items, claims, decisions, deliveries."""

import uuid

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.closing import Disposition
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import DeliveryStatus, ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import (
    ActorKind,
    ClaimEnd,
    DecisionKind,
    DeliveryKind,
    ItemKind,
)

DIGEST_OF_TEXT = "text_digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')"


class ReviewItem(Base):
    """The stretch of one conversation that nobody has read or decided yet.

    ``version`` rises with each message, draft or raised severity. ``priority`` orders the queue
    (higher first, see domain/queue.py); ``read_sequence`` is the last turn read by a person,
    ``covered_sequence`` the last one answered or bridged, at ``covered_severity``.
    ``undelivered_at`` is since when a text to the participant is in doubt, if one is, and
    ``undelivered_severity`` the level that this gives or gave the item.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        Index(
            "uq_review_items_one_open",
            "conversation_id",
            unique=True,
            postgresql_where=sql("kind = 'review' AND status <> 'closed'"),
        ),
        Index(
            "ix_review_items_queue",
            sql("priority DESC"),
            "deadline_at",
            "id",
            postgresql_where=sql("status IN ('waiting', 'escalated')"),
        ),
        Index(
            "ix_review_items_open",
            sql("priority DESC"),
            "deadline_at",
            "id",
            postgresql_include=["severity"],
            postgresql_where=sql("status <> 'closed'"),
        ),
        Index(
            "ix_review_items_bridge",
            "bridge_due_at",
            postgresql_where=sql("bridge_due_at IS NOT NULL AND status <> 'closed'"),
        ),
        Index("ix_review_items_conversation_id", "conversation_id"),
        Index("ix_review_items_closed_at", "closed_at"),
        Index(
            "ix_review_items_undelivered",
            "conversation_id",
            postgresql_where=sql("undelivered_at IS NOT NULL AND status <> 'closed'"),
        ),
        one_of("kind", ItemKind),
        one_of("status", ItemStatus),
        one_of("severity", Severity),
        one_of("lowered_to", Severity),
        one_of("covered_severity", Severity),
        one_of("undelivered_severity", Severity),
        one_of("grade", Grade),
        one_of("disposition", Disposition),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint(
            "status <> 'snoozed' OR severity IN ('L0', 'L1', 'L2')", name="grave_never_snoozed"
        ),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    policy_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy_versions.id"))
    kind: Mapped[str] = mapped_column(server_default=sql("'review'"))
    status: Mapped[str] = mapped_column(server_default=sql("'waiting'"))
    severity: Mapped[str] = mapped_column(server_default=sql("'LU'"))
    lowered_to: Mapped[str | None]
    lowered_sequence: Mapped[int | None]
    grade: Mapped[str] = mapped_column(server_default=sql("'H0'"))
    priority: Mapped[int] = mapped_column(server_default=sql("3000"))
    language: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    first_sequence: Mapped[int]
    last_sequence: Mapped[int]
    read_sequence: Mapped[int] = mapped_column(server_default=sql("0"))
    opened_at: Mapped[Created]
    deadline_at: Mapped[Moment]
    bridge_due_at: Mapped[Moment | None]
    covered_sequence: Mapped[int] = mapped_column(server_default=sql("0"))
    covered_severity: Mapped[str | None]
    covered_at: Mapped[Moment | None]
    assigned_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    assigned_until: Mapped[Moment | None]
    notice: Mapped[str | None]
    notice_at: Mapped[Moment | None]
    undelivered_severity: Mapped[str | None]
    undelivered_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    disposition: Mapped[str | None]


class Claim(Base):
    """A timed, exclusive hold of an item. At most one is live: the database sees to it.

    ``severity`` is the item's level when it was opened.
    """

    __tablename__ = "claims"
    __table_args__ = (
        Index(
            "uq_claims_one_live", "item_id", unique=True, postgresql_where=sql("ended_at IS NULL")
        ),
        Index("ix_claims_live", "expires_at", postgresql_where=sql("ended_at IS NULL")),
        Index("ix_claims_clinician_id", "clinician_id", "claimed_at"),
        one_of("ended_how", ClaimEnd),
        one_of("severity", Severity),
    )

    id: Mapped[Id]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    severity: Mapped[str | None]
    claimed_at: Mapped[Created]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    ended_how: Mapped[str | None]


class Skip(Base):
    """Someone passed an item on, with a reason and a next owner; kept as data."""

    __tablename__ = "skips"
    __table_args__ = (Index("ix_skips_item_id", "item_id", "clinician_id"),)

    id: Mapped[Id]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    next_owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    reason: Mapped[str]
    at: Mapped[Created]


class WorkingText(Base):
    """Unfinished wording, saved every two seconds, so that a dead browser loses nothing."""

    __tablename__ = "working_texts"

    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"), primary_key=True)
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"), primary_key=True)
    text: Mapped[str]
    saved_at: Mapped[Created]


class Decision(Base):
    """What a clinician, or an active policy version (no clinician), chose. Append-only."""

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("client_decision_id"),
        UniqueConstraint("id", "text_digest"),
        one_of("kind", DecisionKind),
        one_of("own_severity", Severity),
        CheckConstraint(DIGEST_OF_TEXT, name="digest_of_text"),
        CheckConstraint("(text IS NULL) = (text_digest IS NULL)", name="text_has_digest"),
        CheckConstraint(
            "clinician_id IS NOT NULL OR kind IN ('release', 'bridge', 'recall')",
            name="person_or_policy",
        ),
        CheckConstraint(
            "clinician_id IS NULL OR client_decision_id IS NOT NULL", name="person_names_it_once"
        ),
        Index("ix_decisions_item_id", "item_id"),
        Index("ix_decisions_created_at", "created_at"),
        Index("ix_decisions_conversation_id", "conversation_id"),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    policy_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy_versions.id"))
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("review_items.id"))
    item_version: Mapped[int | None]
    draft_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("drafts.id"))
    clinician_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    client_decision_id: Mapped[uuid.UUID | None]
    request_digest: Mapped[str | None]
    kind: Mapped[str]
    text: Mapped[str | None]
    text_digest: Mapped[str | None]
    reason: Mapped[str | None]
    flags: Mapped[Json] = mapped_column(server_default=sql("'[]'::jsonb"))
    own_severity: Mapped[str | None]
    severity: Mapped[str | None]
    read_sequence: Mapped[int | None]
    created_at: Mapped[Created]


class Delivery(Base):
    """One text on its way to the participant; it must name the decision that named this text.

    ``not_before`` ends the undo window. ``feed_position`` is given when the text is first handed
    out, in order of commit within the study, so that a cursor never passes an unseen row.
    ``attended_at`` is when somebody answered for a failed or uncertain one.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["decision_id", "text_digest"],
            ["decisions.id", "decisions.text_digest"],
            name="fk_deliveries_decision_names_text",
        ),
        UniqueConstraint("decision_id"),
        UniqueConstraint("study_id", "feed_position"),
        one_of("kind", DeliveryKind),
        one_of("status", DeliveryStatus),
        CheckConstraint(DIGEST_OF_TEXT, name="digest_of_text"),
        Index(
            "ix_deliveries_due",
            "study_id",
            "not_before",
            postgresql_where=sql("status = 'queued'"),
        ),
        Index(
            "ix_deliveries_unconfirmed",
            "handed_out_at",
            postgresql_where=sql("status = 'sending'"),
        ),
        Index("ix_deliveries_conversation_id", "conversation_id"),
        Index("ix_deliveries_draft_id", "draft_id"),
        Index(
            "ix_deliveries_unattended",
            "conversation_id",
            postgresql_where=sql("status IN ('failed', 'uncertain') AND attended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    participant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("participants.id"))
    draft_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("drafts.id"))
    decision_id: Mapped[uuid.UUID]
    corrects: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    kind: Mapped[str]
    variant: Mapped[str | None]
    text: Mapped[str]
    text_digest: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=sql("'queued'"))
    queued_at: Mapped[Created]
    not_before: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))
    feed_position: Mapped[int | None] = mapped_column(BigInteger)
    handed_out_at: Mapped[Moment | None]
    settled_at: Mapped[Moment | None]
    reported_at: Mapped[Moment | None]
    read_at: Mapped[Moment | None]
    attended_at: Mapped[Moment | None]


class LevelChange(Base):
    """A person lowered a level; from L3 or L4 a second person must agree within 24 hours."""

    __tablename__ = "level_changes"
    __table_args__ = (
        one_of("from_severity", Severity),
        one_of("to_severity", Severity),
        CheckConstraint("confirmed_by <> clinician_id", name="second_person"),
    )

    id: Mapped[Id]
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    from_severity: Mapped[str]
    to_severity: Mapped[str]
    reason: Mapped[str]
    at: Mapped[Created]
    confirm_due_at: Mapped[Moment | None]
    overdue_at: Mapped[Moment | None]
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    confirmed_at: Mapped[Moment | None]


class Rating(Base):
    """A supervisor's reading of a decided item with the rubric Q1 to Q7 (domain/rubric.py).

    ``own_severity`` was given before the first reader's level was shown.
    """

    __tablename__ = "ratings"
    __table_args__ = (
        UniqueConstraint("decision_id", "rater_id"),
        one_of("own_severity", Severity),
    )

    id: Mapped[Id]
    decision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decisions.id"))
    rater_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    agrees: Mapped[bool]
    own_severity: Mapped[str | None]
    scores: Mapped[Json]
    comment: Mapped[str | None]
    created_at: Mapped[Created]


class AuditEvent(Base):
    """What happened, to what, by whom. Append-only; ids and values, never conversation text."""

    __tablename__ = "audit_events"
    __table_args__ = (
        one_of("actor_kind", ActorKind),
        Index("ix_audit_events_conversation_id", "conversation_id", "id"),
        Index("ix_audit_events_kind", "kind", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[Created]
    study_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID | None]
    item_id: Mapped[uuid.UUID | None]
    subject: Mapped[uuid.UUID | None]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    kind: Mapped[Word]
    detail: Mapped[Json] = mapped_column(server_default=sql("'{}'::jsonb"))

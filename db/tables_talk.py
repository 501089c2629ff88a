"""What was said and what the classifier made of it: conversations, messages, drafts, scores."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.severity import Severity
from oversight.domain.words import ModelState, Scoring


class Conversation(Base):
    """One thread of talk. ``last_sequence`` numbers its turns in order of our receipt."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("study_id", "external_id"),
        Index("ix_conversations_participant_id", "participant_id"),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    external_id: Mapped[Word]
    participant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("participants.id"))
    last_sequence: Mapped[int] = mapped_column(server_default=sql("0"))
    taken_over_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    created_at: Mapped[Created]


class Message(Base):
    """A participant's message, never edited. ``severity`` is the worst level given so far."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("study_id", "external_id"),
        UniqueConstraint("conversation_id", "sequence"),
        Index("ix_messages_item_id", "item_id", "sequence"),
        Index("ix_messages_failed", "item_id", postgresql_where=sql("scoring = 'failed'")),
        Index("ix_messages_unplaced", "received_at", postgresql_where=sql("item_id IS NULL")),
        one_of("severity", Severity),
        one_of("scoring", Scoring),
        CheckConstraint("length(text) BETWEEN 1 AND 20000", name="text_size"),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("review_items.id"))
    external_id: Mapped[Word]
    digest: Mapped[str]
    sequence: Mapped[int]
    text: Mapped[str]
    sent_at: Mapped[Moment | None]
    received_at: Mapped[Created]
    scoring: Mapped[str] = mapped_column(server_default=sql("'pending'"))
    severity: Mapped[str] = mapped_column(server_default=sql("'LU'"))
    categories: Mapped[Json] = mapped_column(server_default=sql("'[]'::jsonb"))
    language: Mapped[str | None]
    urgency: Mapped[float] = mapped_column(REAL, server_default=sql("0"))
    scored_at: Mapped[Moment | None]


class Draft(Base):
    """A draft reply. ``reply_id`` is its public name, shared by all its revisions."""

    __tablename__ = "drafts"
    __table_args__ = (
        UniqueConstraint("study_id", "external_id", "revision"),
        UniqueConstraint("reply_id", "revision"),
        UniqueConstraint("conversation_id", "sequence"),
        Index(
            "uq_drafts_one_held",
            "conversation_id",
            unique=True,
            postgresql_where=sql("status = 'held'"),
        ),
        Index("ix_drafts_item_id", "item_id"),
        Index(
            "ix_drafts_failed",
            "scored_at",
            postgresql_where=sql("scoring = 'failed' AND status = 'held'"),
        ),
        one_of("status", DraftStatus),
        one_of("scoring", Scoring),
        one_of("grade", Grade),
        CheckConstraint("length(text) BETWEEN 1 AND 20000", name="text_size"),
    )

    id: Mapped[Id]
    reply_id: Mapped[uuid.UUID]
    revision: Mapped[int] = mapped_column(server_default=sql("1"))
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    item_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("review_items.id"))
    external_id: Mapped[Word]
    digest: Mapped[str]
    sequence: Mapped[int]
    text: Mapped[str]
    model_name: Mapped[str | None]
    model_version: Mapped[str | None]
    prompt_version: Mapped[str | None]
    received_at: Mapped[Created]
    status: Mapped[str] = mapped_column(server_default=sql("'held'"))
    scoring: Mapped[str] = mapped_column(server_default=sql("'pending'"))
    grade: Mapped[str] = mapped_column(server_default=sql("'H0'"))
    flags: Mapped[Json] = mapped_column(server_default=sql("'[]'::jsonb"))
    scored_at: Mapped[Moment | None]
    status_at: Mapped[Created]


class RiskAssessment(Base):
    """One model version's view of one text; kept for ever, never the text itself."""

    __tablename__ = "risk_assessments"
    __table_args__ = (
        CheckConstraint("num_nonnulls(message_id, draft_id) = 1", name="one_subject"),
        CheckConstraint(
            "crisis_probability BETWEEN 0 AND 1 AND crisis_probability <> 'NaN'::real",
            name="crisis_probability_range",
        ),
        CheckConstraint(
            "reply_harm_probability BETWEEN 0 AND 1 AND reply_harm_probability <> 'NaN'::real",
            name="reply_harm_probability_range",
        ),
        Index("ix_risk_assessments_message_id", "message_id"),
        Index("ix_risk_assessments_draft_id", "draft_id"),
        Index("ix_risk_assessments_shadow", "model_version", "id", postgresql_where=sql("shadow")),
        one_of("severity", Severity),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("messages.id"))
    draft_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("drafts.id"))
    model_version: Mapped[Word]
    scored: Mapped[bool]
    unscored_reason: Mapped[str | None]
    severity: Mapped[str | None]
    crisis_probability: Mapped[float | None] = mapped_column(REAL)
    reply_harm_probability: Mapped[float | None] = mapped_column(REAL)
    category_probabilities: Mapped[Json | None]
    flag_probabilities: Mapped[Json | None]
    flags: Mapped[Json | None]
    phrase_hits: Mapped[Json] = mapped_column(server_default=sql("'[]'::jsonb"))
    language: Mapped[str | None]
    shadow: Mapped[bool] = mapped_column(server_default=sql("false"))
    created_at: Mapped[Created]


class Evidence(Base):
    """Which characters of a text moved one assessment most; append-only, never the text itself.

    ``spans`` is a list of [start, end, weight], heaviest first; empty when none stood out. A reply
    is explained for one flag.
    """

    __tablename__ = "evidence"

    assessment_id: Mapped[int] = mapped_column(
        ForeignKey("risk_assessments.id"), primary_key=True, autoincrement=False
    )
    model_version: Mapped[Word]
    flag: Mapped[str | None]
    spans: Mapped[Json]
    created_at: Mapped[Created]


class ScoringModel(Base):
    """A classifier other than the shipped one, and what it is used for: at most one a use.

    ``source`` is a model folder or a label mapping (YAML) and ``digest`` what was in it when it
    was named. In shadow, ``followed_to`` is the live assessment up to which it has read, and
    ``in_hand`` holds the ones it is reading: what is left there, it died of.
    """

    __tablename__ = "scoring_models"
    __table_args__ = (
        UniqueConstraint("version"),
        Index(
            "uq_scoring_models_one_a_use",
            "state",
            unique=True,
            postgresql_where=sql("state <> 'retired'"),
        ),
        one_of("state", ModelState),
    )

    id: Mapped[Id]
    version: Mapped[Word]
    source: Mapped[str]
    digest: Mapped[str]
    card: Mapped[str | None]
    thresholds: Mapped[Json] = mapped_column(server_default=sql("'{}'::jsonb"))
    state: Mapped[str]
    state_at: Mapped[Created]
    followed_to: Mapped[int] = mapped_column(server_default=sql("0"))
    in_hand: Mapped[Json] = mapped_column(server_default=sql("'[]'::jsonb"))
    trouble: Mapped[str | None]


class ScoringWork(Base):
    """The scorer's outbox: one row for each text without a score, gone once it has one.

    Small and hot on purpose. ``urgency`` (0 to 1) is the first stage's guess and orders the
    backlog; ``leased_until`` marks rows a scorer has taken; ``late`` rows were shown as LU.
    """

    __tablename__ = "scoring_work"
    __table_args__ = (
        CheckConstraint("num_nonnulls(message_id, draft_id) = 1", name="one_subject"),
        Index("ix_scoring_work_order", sql("urgency DESC"), "id"),
        Index("ix_scoring_work_waiting", "created_at", postgresql_where=sql("NOT late")),
        Index("uq_scoring_work_message_id", "message_id", unique=True),
        Index("uq_scoring_work_draft_id", "draft_id", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("messages.id"))
    draft_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("drafts.id"))
    urgency: Mapped[float] = mapped_column(REAL, server_default=sql("0"))
    length: Mapped[int] = mapped_column(server_default=sql("0"))
    created_at: Mapped[Created]
    leased_until: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))
    late: Mapped[bool] = mapped_column(server_default=sql("false"))

"""Studies, arms, policies, and the people: participants who talk, clinicians who answer."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.permissions import Role
from oversight.domain.policy import JurisdictionRule


class Study(Base):
    """One study. ``feed_position`` numbers what was handed out, in order of commit."""

    __tablename__ = "studies"

    id: Mapped[Id]
    name: Mapped[Word] = mapped_column(unique=True)
    feed_position: Mapped[int] = mapped_column(server_default=sql("0"))
    created_at: Mapped[Created]


class PolicyVersion(Base):
    """An immutable, numbered set of rules; ``document`` is the validated YAML as JSON."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("study_id", "name", "number"),)

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    name: Mapped[Word]
    number: Mapped[int]
    document: Mapped[Json]
    created_at: Mapped[Created]


class Arm(Base):
    """A study arm and the policy version in force for it."""

    __tablename__ = "arms"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    name: Mapped[Word]
    policy_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy_versions.id"))


class StudyKey(Base):
    """A bot's key to the HTTP API. Only its SHA-256 is kept."""

    __tablename__ = "study_keys"

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    label: Mapped[Word]
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Created]
    revoked_at: Mapped[Moment | None]


class Participant(Base):
    """Who talks to the bot. ``card`` holds contacts, consent, measures and safety plan.

    ``rule`` is a hard switch of their own: the bot is blocked, or everything is read first.
    """

    __tablename__ = "participants"
    __table_args__ = (
        UniqueConstraint("study_id", "external_id"),
        one_of("rule", JurisdictionRule),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    external_id: Mapped[Word]
    arm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("arms.id"))
    language: Mapped[str | None]
    jurisdiction: Mapped[str | None]
    timezone: Mapped[str | None]
    rule: Mapped[str | None]
    card: Mapped[Json] = mapped_column(server_default=sql("'{}'::jsonb"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]


class Clinician(Base):
    """Someone who signs in. Deactivated, never deleted: the record keeps naming them."""

    __tablename__ = "clinicians"
    __table_args__ = (one_of("role", Role),)

    id: Mapped[Id]
    username: Mapped[Word] = mapped_column(unique=True)
    name: Mapped[Word]
    role: Mapped[str]
    languages: Mapped[Json] = mapped_column(server_default=sql("'[\"en\"]'::jsonb"))
    password_hash: Mapped[str]
    created_at: Mapped[Created]
    deactivated_at: Mapped[Moment | None]


class SignIn(Base):
    """A revocable console session; the cookie carries a token of which we keep the SHA-256."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("ix_sign_ins_clinician_id", "clinician_id"),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Created]
    seen_at: Mapped[Created]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]


class SignInFailure(Base):
    """A failed attempt, counted to slow down guessing."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_username_at", "username", "at"),)

    id: Mapped[Id]
    username: Mapped[Word]
    at: Mapped[Created]

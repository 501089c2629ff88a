"""What keeps a bot from speaking, who agreed to what, and whether anybody watches over it all."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.stopping import StopCause, StopScope


class BotStop(Base):
    """Nothing of the bot is released within a scope until it is lifted. Never deleted.

    A stop by nobody is the system's: a consent withdrawn, nobody on call.
    """

    __tablename__ = "bot_stops"
    __table_args__ = (
        one_of("scope", StopScope),
        one_of("cause", StopCause),
        CheckConstraint(
            "(scope = 'arm') = (arm_id IS NOT NULL)"
            " AND (scope = 'participant') = (participant_id IS NOT NULL)"
            " AND (scope = 'bot') = (bot IS NOT NULL)",
            name="scope_names_its_target",
        ),
        CheckConstraint(
            "cause <> 'emergency' OR stopped_by IS NOT NULL", name="emergency_by_somebody"
        ),
        Index(
            "uq_bot_stops_one_open",
            "study_id",
            "scope",
            "cause",
            sql("coalesce(arm_id::text, participant_id::text, bot, '')"),
            unique=True,
            postgresql_where=sql("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    scope: Mapped[str]
    arm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("arms.id"))
    participant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("participants.id"))
    bot: Mapped[Word | None]
    cause: Mapped[str]
    reason: Mapped[str]
    stopped_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    stopped_at: Mapped[Created]
    lifted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    lifted_at: Mapped[Moment | None]
    lift_reason: Mapped[str | None]


class Consent(Base):
    """A participant agreed to a version of what they were told, and perhaps took it back."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_participant_id", "participant_id", "given_at"),)

    id: Mapped[Id]
    participant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("participants.id"))
    version: Mapped[Word]
    given_at: Mapped[Created]
    withdrawn_at: Mapped[Moment | None]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))


class Heartbeat(Base):
    """When a process last said that it works, and what it had to say."""

    __tablename__ = "heartbeats"

    process: Mapped[Word] = mapped_column(primary_key=True)
    beat_at: Mapped[Created]
    detail: Mapped[Json] = mapped_column(server_default=sql("'{}'::jsonb"))


class CoverageLapse(Base):
    """Nobody who can be counted on was on call, from one moment to another."""

    __tablename__ = "coverage_lapses"
    __table_args__ = (
        CheckConstraint("reason IN ('nobody', 'unanswered')", name="reason_known"),
        Index(
            "uq_coverage_lapses_one_open",
            sql("coalesce(team_id::text, '')"),
            unique=True,
            postgresql_where=sql("ends_at IS NULL"),
        ),
        Index("ix_coverage_lapses_starts_at", "starts_at"),
    )

    id: Mapped[Id]
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id"))
    study_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("studies.id"))
    reason: Mapped[str]
    starts_at: Mapped[Created]
    ends_at: Mapped[Moment | None]

"""The rota: teams, rotations, leave, swaps, announced gaps, and how each person is reached.

Shifts, the single stretches of duty, stand in ``db/tables_calls.py``.
"""

import uuid
from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, Word, one_of
from oversight.domain.gaps import GapReason
from oversight.domain.pages import ChannelKind
from oversight.domain.words import ShiftPosition


class Team(Base):
    """People who answer for one study, or for all (no study). ``required`` lists the positions
    that must never be empty."""

    __tablename__ = "teams"

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("studies.id"))
    name: Mapped[Word] = mapped_column(unique=True)
    timezone: Mapped[Word]
    required: Mapped[Json] = mapped_column(server_default=sql("'[\"primary\"]'::jsonb"))
    created_at: Mapped[Created]
    closed_at: Mapped[Moment | None]


class Rotation(Base):
    """Turns of ``turn_days`` from ``first_day`` on, at wall-clock times of ``timezone``.

    Never edited: ended, and followed by a new one, so that the past keeps saying who was on.
    ``opens`` and ``closes`` limit it to hours of the days in ``weekdays`` (0 is Monday).
    """

    __tablename__ = "rotations"
    __table_args__ = (
        one_of("position", ShiftPosition),
        CheckConstraint("turn_days BETWEEN 1 AND 366", name="turn_days_range"),
        CheckConstraint("(opens IS NULL) = (closes IS NULL)", name="window_has_both_ends"),
        Index("ix_rotations_team_id", "team_id"),
    )

    id: Mapped[Id]
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id"))
    position: Mapped[str]
    timezone: Mapped[Word]
    first_day: Mapped[date]
    hand_off: Mapped[time]
    turn_days: Mapped[int]
    opens: Mapped[time | None]
    closes: Mapped[time | None]
    weekdays: Mapped[Json] = mapped_column(server_default=sql("'[0, 1, 2, 3, 4, 5, 6]'::jsonb"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    created_at: Mapped[Created]
    ends_at: Mapped[Moment | None]


class RotationPerson(Base):
    """Whose turn comes when: places count from 0."""

    __tablename__ = "rotation_people"

    rotation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rotations.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))


class Leave(Base):
    """Somebody who cannot be called for a while; ``by_hand`` when they went off duty themselves."""

    __tablename__ = "leaves"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        Index("ix_leaves_ends_at", "ends_at"),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    by_hand: Mapped[bool] = mapped_column(server_default=sql("false"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    created_at: Mapped[Created]
    cancelled_at: Mapped[Moment | None]


class Swap(Base):
    """Somebody asks another to take their turns for a while; it counts once accepted."""

    __tablename__ = "swaps"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        CheckConstraint("gives_id <> takes_id", name="two_people"),
        CheckConstraint("num_nonnulls(accepted_at, declined_at) < 2", name="one_answer"),
        Index("ix_swaps_ends_at", "ends_at"),
    )

    id: Mapped[Id]
    gives_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    takes_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    asked_at: Mapped[Created]
    accepted_at: Mapped[Moment | None]
    declined_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None]


class GapNotice(Base):
    """A gap was announced, so many hours ahead: once each, whoever looks how often."""

    __tablename__ = "gap_notices"
    __table_args__ = (
        UniqueConstraint("team_id", "position", "gap_starts_at", "hours_ahead"),
        one_of("position", ShiftPosition),
        one_of("reason", GapReason),
    )

    id: Mapped[Id]
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id"))
    position: Mapped[str]
    reason: Mapped[str]
    gap_starts_at: Mapped[Moment]
    gap_ends_at: Mapped[Moment]
    hours_ahead: Mapped[int]
    announced_at: Mapped[Created]


class ContactMethod(Base):
    """One way to reach one person; ``place`` is their own order. ``address`` is never logged.

    It works once a test on it was answered (``verified_at``) and while nothing sent since failed
    (``failed_at``). ``secret`` signs webhooks.
    """

    __tablename__ = "contact_methods"
    __table_args__ = (
        one_of("channel", ChannelKind),
        Index(
            "uq_contact_methods_place",
            "clinician_id",
            "place",
            unique=True,
            postgresql_where=sql("removed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    place: Mapped[int]
    channel: Mapped[str]
    address: Mapped[str]
    secret: Mapped[str | None]
    created_at: Mapped[Created]
    verified_at: Mapped[Moment | None]
    failed_at: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]

"""Who is called, and who is there to be called: escalations, pagings, shifts."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Json, Moment, one_of
from oversight.domain.ladder import OpeningRule
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.rota import ShiftKind
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition


class Escalation(Base):
    """A call for a person that ends only in being resolved. ``steps`` are frozen at opening."""

    __tablename__ = "escalations"
    __table_args__ = (
        Index(
            "uq_escalations_one_open",
            "conversation_id",
            unique=True,
            postgresql_where=sql("status <> 'resolved'"),
        ),
        Index(
            "ix_escalations_next_page_at",
            "next_page_at",
            postgresql_where=sql("status <> 'resolved'"),
        ),
        Index("ix_escalations_item_id", "item_id"),
        one_of("status", EscalationStatus),
        one_of("rule", OpeningRule),
        CheckConstraint(
            "status <> 'open' OR (next_page_at IS NOT NULL AND owner_id IS NULL)",
            name="unowned_is_called_for",
        ),
        CheckConstraint(
            "status <> 'acknowledged' OR (owner_id IS NOT NULL"
            " AND (next_page_at IS NOT NULL OR contact_begun_at IS NOT NULL))",
            name="owned_until_contact",
        ),
        one_of("severity", Severity),
    )

    id: Mapped[Id]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversations.id"))
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("review_items.id"))
    policy_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("policy_versions.id"))
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=sql("'open'"))
    reason: Mapped[str | None]
    rule: Mapped[str] = mapped_column(server_default=sql("'severity'"))
    opened_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    opened_at: Mapped[Created]
    ladder_started_at: Mapped[Created]
    steps: Mapped[Json]
    step: Mapped[int] = mapped_column(server_default=sql("0"))
    next_page_at: Mapped[Moment | None]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    acknowledged_at: Mapped[Moment | None]
    acknowledged_until: Mapped[Moment | None]
    contact_begun_at: Mapped[Moment | None]
    resolved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    resolved_at: Mapped[Moment | None]
    resolution: Mapped[str | None]


class Acknowledgement(Base):
    """Somebody said "I have it". The first owns the escalation while their time lasts."""

    __tablename__ = "acknowledgements"
    __table_args__ = (
        UniqueConstraint("escalation_id", "clinician_id", "ladder_started_at"),
        CheckConstraint("until > at", name="lasts"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    ladder_started_at: Mapped[Moment]
    at: Mapped[Created]
    until: Mapped[Moment]


class Paging(Base):
    """One person called about one escalation; no clinician means nobody could be called."""

    __tablename__ = "pagings"
    __table_args__ = (
        Index("ix_pagings_escalation_id", "escalation_id"),
        Index("ix_pagings_clinician_id", "clinician_id", "at"),
    )

    id: Mapped[Id]
    escalation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("escalations.id"))
    step: Mapped[int]
    clinician_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    at: Mapped[Created]


class Shift(Base):
    """Somebody on duty between two times. Without a team it is for all studies.

    ``calendar_uid`` names the calendar entry it was imported from: once each.
    """

    __tablename__ = "shifts"
    __table_args__ = (
        one_of("position", ShiftPosition),
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        Index("ix_shifts_ends_at", "ends_at"),
        Index(
            "uq_shifts_imported_once",
            "calendar_uid",
            "starts_at",
            unique=True,
            postgresql_where=sql("calendar_uid IS NOT NULL AND cancelled_at IS NULL"),
        ),
        one_of("kind", ShiftKind),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    position: Mapped[str]
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("teams.id"))
    kind: Mapped[str] = mapped_column(server_default=sql("'by_hand'"))
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clinicians.id"))
    calendar_uid: Mapped[str | None]
    cancelled_at: Mapped[Moment | None]

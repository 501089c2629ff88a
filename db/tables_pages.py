"""What goes out when somebody is called, and what came of it."""

import uuid
from datetime import time

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Created, Id, Moment, Word, one_of
from oversight.domain.pages import ChannelKind, PageKind, PageStatus
from oversight.domain.severity import Severity


class OutgoingPage(Base):
    """One page to one person by one of their contact methods; the outbox of calls.

    ``subject`` is what it is about: an escalation, a test, a gap, a follow-up. ``why`` says why it
    was not sent, or what failed; never words of anybody. Its link works once (``link_used_at``).
    """

    __tablename__ = "outgoing_pages"
    __table_args__ = (
        UniqueConstraint("paging_id", "contact_method_id"),
        one_of("kind", PageKind),
        one_of("status", PageStatus),
        one_of("channel", ChannelKind),
        one_of("severity", Severity),
        CheckConstraint(
            "status = 'not_sent' OR (contact_method_id IS NOT NULL AND channel IS NOT NULL)",
            name="has_a_way",
        ),
        CheckConstraint("status <> 'not_sent' OR why IS NOT NULL", name="says_why_not"),
        CheckConstraint("kind <> 'escalation' OR escalation_id IS NOT NULL", name="names_the_call"),
        Index(
            "ix_outgoing_pages_due",
            "channel",
            "due_at",
            postgresql_where=sql("status IN ('queued', 'sending')"),
        ),
        Index("ix_outgoing_pages_queued_at", "queued_at"),
        Index("ix_outgoing_pages_escalation_id", "escalation_id"),
        Index("ix_outgoing_pages_clinician_id", "clinician_id", "queued_at"),
        Index("ix_outgoing_pages_subject", "subject"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=sql("'queued'"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    contact_method_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contact_methods.id"))
    channel: Mapped[str | None]
    severity: Mapped[str | None]
    step: Mapped[int | None]
    study_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("studies.id"))
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("conversations.id"))
    escalation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("escalations.id"))
    paging_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("pagings.id"))
    subject: Mapped[uuid.UUID | None]
    queued_at: Mapped[Created]
    due_at: Mapped[Created]
    attempts: Mapped[int] = mapped_column(server_default=sql("0"))
    leased_until: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]
    settled_at: Mapped[Moment | None]
    confirmed_at: Mapped[Moment | None]
    link_used_at: Mapped[Moment | None]
    why: Mapped[Word | None]


class InboxPage(Base):
    """What the channel ``inbox`` was given to send: the page as a person would have read it."""

    __tablename__ = "inbox_pages"
    __table_args__ = (Index("ix_inbox_pages_at", "at"),)

    id: Mapped[Id]
    page_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outgoing_pages.id"))
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    subject: Mapped[str]
    body: Mapped[str]
    at: Mapped[Created]


class Quiet(Base):
    """Hours in which somebody wishes not to be called below imminent."""

    __tablename__ = "quiet_hours"

    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"), primary_key=True)
    timezone: Mapped[Word]
    starts: Mapped[time]
    ends: Mapped[time]


class PagingTest(Base):
    """A test of somebody's pager, at the start of a shift (``shift_starts_at``) or on demand."""

    __tablename__ = "paging_tests"
    __table_args__ = (
        UniqueConstraint("clinician_id", "shift_starts_at"),
        CheckConstraint("num_nonnulls(answered_at, given_up_at) < 2", name="one_end"),
        Index(
            "ix_paging_tests_open",
            "sent_at",
            postgresql_where=sql("answered_at IS NULL AND given_up_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    clinician_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clinicians.id"))
    shift_starts_at: Mapped[Moment | None]
    sent_at: Mapped[Created]
    answered_at: Mapped[Moment | None]
    given_up_at: Mapped[Moment | None]


class SigningKey(Base):
    """What signs the links in pages. Made by the first that needs one; shared by all processes."""

    __tablename__ = "signing_keys"

    purpose: Mapped[Word] = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Created]

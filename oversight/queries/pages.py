"""Pages that were sent, and to whom they did not go: for the inbox of pages and for the pager."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.tables import Clinician, ContactMethod, InboxPage, OutgoingPage, PagingTest
from oversight.domain.pages import ChannelKind, NotTold, PageKind, PageStatus, reference_of
from oversight.domain.severity import Severity

WAITING = (PageStatus.QUEUED.value, PageStatus.SENDING.value)


@dataclass(frozen=True)
class PageLine:
    """One page in the inbox of pages. ``why`` says what failed, or why nobody was told."""

    id: uuid.UUID
    kind: PageKind
    status: PageStatus
    severity: Severity | None
    step: int | None
    person_id: uuid.UUID
    person: str
    channel: ChannelKind | None
    reference: str
    escalation_id: uuid.UUID | None
    queued_at: datetime
    sent_at: datetime | None
    confirmed_at: datetime | None
    attempts: int
    why: str | None


@dataclass(frozen=True)
class KeptPage:
    """A page as the channel ``inbox`` would have shown it, with its link."""

    page_id: uuid.UUID
    person: str
    subject: str
    body: str
    at: datetime


@dataclass(frozen=True)
class NotToldLine:
    """Somebody who was to be called and was not."""

    id: uuid.UUID
    clinician_id: uuid.UUID
    why: str | None
    subject: uuid.UUID | None


@dataclass(frozen=True)
class MethodLine:
    """One contact method of a person, its address shortened for screens that others see."""

    id: uuid.UUID
    channel: ChannelKind
    address: str
    works: bool
    verified_at: datetime | None
    failed_at: datetime | None


@dataclass(frozen=True)
class PagerState:
    """Whether somebody's pager works: their methods, and the last test and its answer."""

    methods: Sequence[MethodLine]
    tested_at: datetime | None
    answered_at: datetime | None
    given_up_at: datetime | None

    @property
    def works(self) -> bool:
        """Whether at least one method was tested with success and has not failed since."""
        return any(one.works for one in self.methods)


def pages(
    session: Session,
    *,
    limit: int = 100,
    escalation_id: uuid.UUID | None = None,
    clinician_id: uuid.UUID | None = None,
) -> Sequence[PageLine]:
    """The newest pages, those not sent included; of one escalation or person, if named."""
    question = (
        select(OutgoingPage, Clinician.name)
        .join(Clinician, Clinician.id == OutgoingPage.clinician_id)
        .order_by(OutgoingPage.queued_at.desc(), OutgoingPage.id.desc())
        .limit(limit)
    )
    if escalation_id is not None:
        question = question.where(OutgoingPage.escalation_id == escalation_id)
    if clinician_id is not None:
        question = question.where(OutgoingPage.clinician_id == clinician_id)
    return [_line(page, name) for page, name in session.execute(question)]


def kept_pages(session: Session, *, limit: int = 100) -> Sequence[KeptPage]:
    """What the channel ``inbox`` took in, newest first."""
    rows = session.execute(
        select(InboxPage.page_id, Clinician.name, InboxPage.subject, InboxPage.body, InboxPage.at)
        .join(Clinician, Clinician.id == InboxPage.clinician_id)
        .order_by(InboxPage.at.desc(), InboxPage.id.desc())
        .limit(limit)
    )
    return [KeptPage(*row) for row in rows]


def channels_due(session: Session) -> Sequence[ChannelKind]:
    """The channels with a page to send now."""
    now = func.oversight_now()
    rows = session.scalars(
        select(OutgoingPage.channel)
        .where(
            OutgoingPage.status.in_(WAITING),
            OutgoingPage.due_at <= now,
            or_(OutgoingPage.leased_until.is_(None), OutgoingPage.leased_until <= now),
        )
        .distinct()
    )
    return [ChannelKind(one) for one in rows if one]


def not_told_since(session: Session, moment: datetime) -> Sequence[NotToldLine]:
    """Who was not told from a moment on; a page that nobody needed any more is none."""
    rows = session.execute(
        select(
            OutgoingPage.id, OutgoingPage.clinician_id, OutgoingPage.why, OutgoingPage.subject
        ).where(
            OutgoingPage.status == PageStatus.NOT_SENT,
            OutgoingPage.queued_at >= moment,
            OutgoingPage.why != NotTold.NO_LONGER_NEEDED,
        )
    )
    return [NotToldLine(*row) for row in rows]


def pager_state(session: Session, clinician_id: uuid.UUID) -> PagerState:
    """Whether this person's pager works."""
    methods = session.scalars(
        select(ContactMethod)
        .where(ContactMethod.clinician_id == clinician_id, ContactMethod.removed_at.is_(None))
        .order_by(ContactMethod.place)
    )
    test = session.execute(
        select(PagingTest.sent_at, PagingTest.answered_at, PagingTest.given_up_at)
        .where(PagingTest.clinician_id == clinician_id)
        .order_by(PagingTest.sent_at.desc())
        .limit(1)
    ).one_or_none()
    lines = [
        MethodLine(
            id=one.id,
            channel=ChannelKind(one.channel),
            address=_shortened(one.address),
            works=one.verified_at is not None and one.failed_at is None,
            verified_at=one.verified_at,
            failed_at=one.failed_at,
        )
        for one in methods
    ]
    return PagerState(lines, *(test or (None, None, None)))


def _shortened(address: str) -> str:
    """Enough to recognise one's own, not enough to use it."""
    return address if len(address) <= 8 else f"{address[:6]}…{address[-2:]}"


def _line(page: OutgoingPage, name: str) -> PageLine:
    return PageLine(
        id=page.id,
        kind=PageKind(page.kind),
        status=PageStatus(page.status),
        severity=Severity(page.severity) if page.severity else None,
        step=page.step,
        person_id=page.clinician_id,
        person=name,
        channel=ChannelKind(page.channel) if page.channel else None,
        reference=reference_of(page.subject or page.id),
        escalation_id=page.escalation_id,
        queued_at=page.queued_at,
        sent_at=page.sent_at,
        confirmed_at=page.confirmed_at,
        attempts=page.attempts,
        why=page.why,
    )

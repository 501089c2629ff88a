"""Sending pages: take with a lease, send outside every transaction, record what came of it.

A page whose sender died is sent again: twice does no harm, never may. (Texts to participants are
the other way round.)
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import (
    Clinician,
    ContactMethod,
    Escalation,
    InboxPage,
    OutgoingPage,
    SigningKey,
    new_id,
    table_of,
)
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.links import SECRET_BYTES, sign
from oversight.domain.pages import (
    LEASE,
    LINK_HOURS,
    ChannelKind,
    NotTold,
    PageEvent,
    PageKind,
    PageStatus,
    PageWords,
    page_words,
    pause_before_retry,
    reference_of,
)
from oversight.domain.severity import Severity
from oversight.services.audit import Actor
from oversight.services.transition import PAGE, move, move_all

PAGER = Actor.system("pager")
PURPOSE = "page links"


@dataclass(frozen=True)
class Outgoing:
    """One page, taken: all its channel needs. ``address`` and ``secret`` are never logged."""

    page_id: uuid.UUID
    kind: PageKind
    severity: Severity | None
    clinician_id: uuid.UUID
    channel: ChannelKind
    address: str
    secret: str | None
    reference: str
    link: str
    words: PageWords


def take_pages(
    session: Session, channel: ChannelKind, *, base_url: str, now: datetime, limit: int = 20
) -> list[Outgoing]:
    """Lease the pages of one channel that are due; what nobody needs any more is dropped."""
    pages = table_of(OutgoingPage)
    due = session.scalars(
        select(OutgoingPage)
        .where(
            pages.c.status.in_([PageStatus.QUEUED.value, PageStatus.SENDING.value]),
            pages.c.channel == channel.value,
            pages.c.due_at <= now,
            or_(pages.c.leased_until.is_(None), pages.c.leased_until <= now),
        )
        .order_by(pages.c.severity.desc().nulls_last(), pages.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    secret = signing_secret(session) if due else b""
    return [
        taken
        for page in due
        if (taken := _take(session, page, secret, base_url=base_url, now=now)) is not None
    ]


def _take(
    session: Session, page: OutgoingPage, secret: bytes, *, base_url: str, now: datetime
) -> Outgoing | None:
    method = session.get_one(ContactMethod, page.contact_method_id)
    if (why := _needless(session, page, method)) is not None:
        values: dict[str, object] = {"why": why.value, "settled_at": now}
        _move(session, page, PageEvent.DROP, values)
        return None
    values = {"leased_until": now + LEASE, "attempts": page.attempts + 1}
    _move(session, page, PageEvent.TAKE, values)
    token = sign(secret, page.id, page.queued_at + timedelta(hours=LINK_HOURS))
    link = f"{base_url.rstrip('/')}/page/{token}"
    severity = Severity(page.severity) if page.severity else None
    reference = reference_of(page.subject or page.id)
    kind = PageKind(page.kind)
    return Outgoing(
        page_id=page.id,
        kind=kind,
        severity=severity,
        clinician_id=page.clinician_id,
        channel=ChannelKind(method.channel),
        address=method.address,
        secret=method.secret,
        reference=reference,
        link=link,
        words=page_words(kind, severity=severity, step=page.step, reference=reference, link=link),
    )


def _needless(session: Session, page: OutgoingPage, method: ContactMethod) -> NotTold | None:
    if method.removed_at is not None:
        return NotTold.METHOD_REMOVED
    gone = select(Clinician.deactivated_at).where(Clinician.id == page.clinician_id)
    if session.scalar(gone) is not None:
        return NotTold.DEACTIVATED
    if page.escalation_id is None:
        return None
    # A page that waited its turn, after the same person had it or the ladder began anew.
    escalation = session.execute(
        select(Escalation.status, Escalation.ladder_started_at).where(
            Escalation.id == page.escalation_id
        )
    ).one()
    waited = page.due_at > page.queued_at
    over = escalation.status != EscalationStatus.OPEN
    older = escalation.ladder_started_at > page.queued_at
    return NotTold.NO_LONGER_NEEDED if over or (waited and older) else None


def sent(session: Session, page_id: uuid.UUID, *, now: datetime) -> None:
    """The channel took the page. Whoever gets it may have followed its link already."""
    pages = table_of(OutgoingPage)
    rows = move_all(
        session,
        PAGE,
        PageStatus.SENDING,
        PageEvent.SEND,
        where=[pages.c.id == page_id],
        actor=PAGER,
        values={"sent_at": now, "settled_at": now, "leased_until": None, "why": None},
    )
    for row in rows:
        methods = table_of(ContactMethod)
        session.execute(
            update(methods).where(methods.c.id == row.contact_method_id).values(failed_at=None)
        )
        _show(session, row.conversation_id)


def failed(
    session: Session, page_id: uuid.UUID, *, why: str, now: datetime, final: bool = False
) -> PageStatus | None:
    """The channel did not take it: again in a moment, or the person's next method at once.

    When no page of a step can reach anybody any more, the ladder's next step is due now. ``why``
    is a word of ours, never what a server said. None: somebody was faster.
    """
    page = session.scalars(
        select(OutgoingPage)
        .where(OutgoingPage.id == page_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if page.status != PageStatus.SENDING:
        return None
    pause = None if final else pause_before_retry(page.attempts)
    if pause is not None:
        values: dict[str, object] = {"leased_until": None, "due_at": now + pause, "why": why}
        _move(session, page, PageEvent.RETRY, values)
        return PageStatus.QUEUED
    _move(session, page, PageEvent.FAIL, {"leased_until": None, "settled_at": now, "why": why})
    methods = table_of(ContactMethod)
    session.execute(
        update(methods).where(methods.c.id == page.contact_method_id).values(failed_at=now)
    )
    _next_method_now(session, page, now=now)
    if page.escalation_id is not None:
        _next_step_now(session, page, now=now)
    _show(session, page.conversation_id)
    return PageStatus.FAILED


def _next_method_now(session: Session, page: OutgoingPage, *, now: datetime) -> None:
    """Whoever could not be reached one way is not left to wait for the other."""
    pages = table_of(OutgoingPage)
    session.execute(
        update(pages)
        .where(
            pages.c.subject == page.subject,
            pages.c.clinician_id == page.clinician_id,
            pages.c.status == PageStatus.QUEUED.value,
            pages.c.paging_id.is_not_distinct_from(page.paging_id),
            pages.c.due_at > now,
        )
        .values(due_at=now)
    )
    ring(session, Topic.PAGE)


def _next_step_now(session: Session, page: OutgoingPage, *, now: datetime) -> None:
    """A step that reached nobody is over; beyond the last one, calls repeat at their own pace."""
    escalation = session.scalars(
        select(Escalation)
        .where(Escalation.id == page.escalation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    hopeful = session.scalar(
        select(OutgoingPage.id)
        .where(
            OutgoingPage.escalation_id == escalation.id,
            OutgoingPage.queued_at >= escalation.ladder_started_at,
            OutgoingPage.status.not_in([PageStatus.FAILED, PageStatus.NOT_SENT]),
        )
        .limit(1)
    )
    climbing = escalation.status == EscalationStatus.OPEN
    left = escalation.step < len(escalation.steps)
    due_at = escalation.next_page_at
    if hopeful is None and climbing and left and (due_at is None or due_at > now):
        escalation.next_page_at = now
        session.flush()


def keep_in_inbox(session: Session, page: Outgoing, *, now: datetime) -> None:
    """What the channel ``inbox`` does instead of sending."""
    row = InboxPage(
        id=new_id(),
        page_id=page.page_id,
        clinician_id=page.clinician_id,
        subject=page.words.subject,
        body=page.words.body,
        at=now,
    )
    session.add(row)
    session.flush()


def signing_secret(session: Session) -> bytes:
    """What signs the links in pages, made by the first that asks."""
    known = select(SigningKey.secret).where(SigningKey.purpose == PURPOSE)
    found = session.scalar(known)
    if found is None:
        fresh = insert(SigningKey).values(purpose=PURPOSE, secret=secrets.token_bytes(SECRET_BYTES))
        session.execute(fresh.on_conflict_do_nothing())
        found = session.scalar(known)
    assert found is not None
    return found


def _move(
    session: Session, page: OutgoingPage, event: PageEvent, values: dict[str, object]
) -> None:
    move(session, PAGE, page.id, PageStatus(page.status), event, actor=PAGER, values=values)


def _show(session: Session, conversation_id: uuid.UUID | None) -> None:
    if conversation_id is not None:
        ring(session, Topic.LIVE, conversation_id)


def drop_pages_of(
    session: Session, clinician_id: uuid.UUID, *, why: NotTold, now: datetime
) -> Sequence[uuid.UUID]:
    """Somebody left: what waits for them goes nowhere."""
    pages = table_of(OutgoingPage)
    rows = move_all(
        session,
        PAGE,
        PageStatus.QUEUED,
        PageEvent.DROP,
        where=[pages.c.clinician_id == clinician_id],
        actor=PAGER,
        values={"why": why.value, "settled_at": now},
    )
    return [row.id for row in rows]

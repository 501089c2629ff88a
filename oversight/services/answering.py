"""Following the link of a page: looking changes nothing, confirming works once.

Previews of links (mail scanners, chat) look; only the form's own button confirms.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.tables import Clinician, ContactMethod, Escalation, OutgoingPage, PagingTest, table_of
from oversight.domain.errors import NotFound, NotPermitted, Refusal, StaleVersion
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.links import page_of
from oversight.domain.pages import PageEvent, PageKind, PageStatus, reference_of
from oversight.domain.severity import Severity
from oversight.services.audit import Actor, Event, record
from oversight.services.escalating import acknowledge
from oversight.services.paging import signing_secret
from oversight.services.transition import PAGE, move


class LinkState(StrEnum):
    """What following the link can do now."""

    READY = "ready"
    USED = "used"
    TAKEN = "taken"
    OVER = "over"
    REPLACED = "replaced"


@dataclass(frozen=True)
class LinkView:
    """What the page behind a link may show: nothing about the participant.

    ``taken`` is somebody else's: confirming it says "I have it, too".
    """

    kind: PageKind
    severity: Severity | None
    reference: str
    state: LinkState
    escalation_id: uuid.UUID | None


def look(session: Session, token: str, *, now: datetime) -> LinkView:
    """What the link is for and whether it can still be confirmed. Changes nothing."""
    return _view(session, _page(session, token, now=now))


def confirm(session: Session, token: str, *, now: datetime) -> LinkView:
    """Confirm a page, once: take its escalation, or answer the test of one's pager.

    StaleVersion when the ladder has begun anew since: something graver was said, and whoever
    confirmed the older page does not know it.
    """
    page = _page(session, token, now=now, lock=True)
    state = _view(session, page).state
    if state is LinkState.USED:
        raise NotPermitted("this link was used already")
    if state is LinkState.REPLACED:
        raise StaleVersion(
            "something new was said since this page: open the console, or use the newer page"
        )
    if state is LinkState.OVER:
        raise StaleVersion("this is over already: nobody is called for it any more")
    if page.kind == PageKind.ESCALATION and page.escalation_id is not None:
        acknowledge(session, page.escalation_id, page.clinician_id, now=now)
    if page.kind == PageKind.TEST:
        _answer_test(session, page, now=now)
    _confirm_page(session, page, now=now)
    return _view(session, page)


def answer_in_console(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> int:
    """The person says in the console that a test page came; returns how many tests that ends.

    It proves no contact method: only following a page's link does.
    """
    tests = table_of(PagingTest)
    ended = session.execute(
        update(tests)
        .where(
            tests.c.clinician_id == clinician_id,
            tests.c.answered_at.is_(None),
            tests.c.given_up_at.is_(None),
        )
        .values(answered_at=now)
        .returning(tests.c.id)
    ).all()
    for test in ended:
        record(session, Event("pager.answer", Actor.clinician(clinician_id), subject=test.id))
    return len(ended)


def _page(session: Session, token: str, *, now: datetime, lock: bool = False) -> OutgoingPage:
    page_id = page_of(signing_secret(session), token, now=now)
    question = select(OutgoingPage).where(OutgoingPage.id == page_id)
    if lock:
        question = question.with_for_update().execution_options(populate_existing=True)
    page = session.scalars(question).one_or_none()
    if page is None:
        raise NotFound("no such page")
    gone = select(Clinician.deactivated_at).where(Clinician.id == page.clinician_id)
    if session.scalar(gone) is not None:
        raise NotPermitted("this person is not on the team any more")
    return page


def _view(session: Session, page: OutgoingPage) -> LinkView:
    return LinkView(
        kind=PageKind(page.kind),
        severity=Severity(page.severity) if page.severity else None,
        reference=reference_of(page.subject or page.id),
        state=_state(session, page),
        escalation_id=page.escalation_id,
    )


def _state(session: Session, page: OutgoingPage) -> LinkState:
    if page.link_used_at is not None:
        return LinkState.USED
    if page.escalation_id is None:
        return LinkState.READY
    escalation = session.scalars(
        select(Escalation)
        .where(Escalation.id == page.escalation_id)
        .execution_options(populate_existing=True)
    ).one()
    if escalation.status == EscalationStatus.RESOLVED:
        return LinkState.OVER
    if escalation.ladder_started_at > page.queued_at and escalation.severity != page.severity:
        return LinkState.REPLACED
    return LinkState.TAKEN if escalation.owner_id is not None else LinkState.READY


def _confirm_page(session: Session, page: OutgoingPage, *, now: datetime) -> None:
    values: dict[str, object] = {
        "confirmed_at": now,
        "settled_at": now,
        "link_used_at": now,
        "leased_until": None,
    }
    status = PageStatus(page.status)
    if (status, PageEvent.CONFIRM) not in PAGE.moves:
        raise Refusal("this page was never sent")
    actor = Actor.clinician(page.clinician_id)
    move(session, PAGE, page.id, status, PageEvent.CONFIRM, actor=actor, values=values)
    session.refresh(page)
    methods = table_of(ContactMethod)
    session.execute(
        update(methods)
        .where(methods.c.id == page.contact_method_id)
        .values(verified_at=now, failed_at=None)
    )


def _answer_test(session: Session, page: OutgoingPage, *, now: datetime) -> None:
    tests = table_of(PagingTest)
    session.execute(
        update(tests)
        .where(tests.c.id == page.subject, tests.c.answered_at.is_(None))
        .values(answered_at=now, given_up_at=None)
    )
    record(session, Event("pager.answer", Actor.clinician(page.clinician_id), subject=page.subject))

"""Pages: what leaves the house when somebody is called.

Ids, a level and a link; never words that were said, never a name.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from oversight.domain.severity import Severity


class ChannelKind(StrEnum):
    """A way to reach a person. ``apprise`` is every service that library speaks to (SMS, voice,
    push, chat); ``inbox`` keeps the page here, for rehearsals."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise"
    INBOX = "inbox"


class PageKind(StrEnum):
    """What somebody is called for."""

    ESCALATION = "escalation"
    TEST = "test"
    GAP = "gap"
    UNCOVERED = "uncovered"
    PAGER_SILENT = "pager_silent"
    FOLLOW_UP = "follow_up"
    HANDOFF = "handoff"
    LOWERED = "lowered"


class PageStatus(StrEnum):
    """Where one page stands. Sent means that the channel took it; only a person confirms it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    NOT_SENT = "not_sent"


class PageEvent(StrEnum):
    """What can happen to a page. ``TAKE`` again follows a sender that died: a page that comes
    twice does no harm, one that never comes may."""

    TAKE = "take"
    SEND = "send"
    RETRY = "retry"
    FAIL = "fail"
    DROP = "drop"
    CONFIRM = "confirm"


PAGE: Mapping[tuple[PageStatus, PageEvent], PageStatus] = {
    (PageStatus.QUEUED, PageEvent.TAKE): PageStatus.SENDING,
    (PageStatus.SENDING, PageEvent.TAKE): PageStatus.SENDING,
    (PageStatus.SENDING, PageEvent.SEND): PageStatus.SENT,
    (PageStatus.SENDING, PageEvent.RETRY): PageStatus.QUEUED,
    (PageStatus.SENDING, PageEvent.FAIL): PageStatus.FAILED,
    (PageStatus.QUEUED, PageEvent.DROP): PageStatus.NOT_SENT,
    (PageStatus.SENDING, PageEvent.DROP): PageStatus.NOT_SENT,
    (PageStatus.SENT, PageEvent.CONFIRM): PageStatus.CONFIRMED,
    # It came although we thought otherwise: whoever follows its link has it.
    (PageStatus.QUEUED, PageEvent.CONFIRM): PageStatus.CONFIRMED,
    (PageStatus.SENDING, PageEvent.CONFIRM): PageStatus.CONFIRMED,
    (PageStatus.FAILED, PageEvent.CONFIRM): PageStatus.CONFIRMED,
}


class NotTold(StrEnum):
    """Why somebody who was to be called was not."""

    NO_CONTACT_METHOD = "no_contact_method"
    QUIET_HOURS = "quiet_hours"
    NO_LONGER_NEEDED = "no_longer_needed"
    DEACTIVATED = "deactivated"
    METHOD_REMOVED = "method_removed"


NEXT_METHOD_AFTER = timedelta(seconds=60)
"""Below imminent, how long a person's next contact method waits for an answer to the one before."""

LEASE = timedelta(seconds=90)
"""Longer than any channel may take; a page whose sender died is free again after it."""

ATTEMPTS = 3
PAUSES = (timedelta(seconds=2), timedelta(seconds=10))
LINK_HOURS = 24
ANSWER_TEST_WITHIN = timedelta(minutes=10)
"""A paging test unanswered for so long: this person cannot be counted on."""


@dataclass(frozen=True)
class QuietHours:
    """Wall-clock hours in which somebody wishes not to be called below imminent."""

    zone: ZoneInfo
    starts: time
    ends: time

    def hold(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in them; they may pass midnight, equal ends mean none."""
        clock = moment.astimezone(self.zone).time()
        if self.starts <= self.ends:
            return self.starts <= clock < self.ends
        return clock >= self.starts or clock < self.ends


@dataclass(frozen=True)
class Callee:
    """One person to be called: their contact methods in their own order, and their quiet hours."""

    person: uuid.UUID
    methods: Sequence[uuid.UUID]
    quiet: QuietHours | None = None


@dataclass(frozen=True)
class PlannedPage:
    """One page: by which method and how long from now, or why none goes out."""

    person: uuid.UUID
    method: uuid.UUID | None
    after: timedelta = timedelta(0)
    not_told: NotTold | None = None


def plan_pages(
    callees: Sequence[Callee], severity: Severity | None, *, now: datetime
) -> tuple[PlannedPage, ...]:
    """The pages of one call. Imminent goes out by every method at once, and knows no quiet hours.

    Otherwise a person's methods follow each other by a minute. Quiet hours are kept only while
    somebody else who is called can be told: nobody at risk waits for somebody's sleep.
    """
    imminent = severity is Severity.L4
    quiet = {
        one.person
        for one in callees
        if not imminent and one.quiet is not None and one.quiet.hold(now)
    }
    if not any(one.methods and one.person not in quiet for one in callees):
        quiet = set()
    return tuple(page for one in callees for page in _pages_of(one, quiet, imminent=imminent))


def _pages_of(callee: Callee, quiet: set[uuid.UUID], *, imminent: bool) -> tuple[PlannedPage, ...]:
    if not callee.methods:
        return (PlannedPage(callee.person, None, not_told=NotTold.NO_CONTACT_METHOD),)
    if callee.person in quiet:
        return (PlannedPage(callee.person, None, not_told=NotTold.QUIET_HOURS),)
    pause = timedelta(0) if imminent else NEXT_METHOD_AFTER
    return tuple(
        PlannedPage(callee.person, method, after=number * pause)
        for number, method in enumerate(callee.methods)
    )


def pause_before_retry(attempts: int) -> timedelta | None:
    """How long after a failed attempt a page is tried again; None: it has failed."""
    return None if attempts >= ATTEMPTS else PAUSES[min(attempts, len(PAUSES)) - 1]


@dataclass(frozen=True)
class PageWords:
    """What a page says."""

    subject: str
    body: str


SAID: Mapping[PageKind, str] = {
    PageKind.ESCALATION: "You are called: somebody may be in danger",
    PageKind.TEST: "Test of your pager: please answer",
    PageKind.GAP: "Nobody is on call soon",
    PageKind.UNCOVERED: "Nobody is on call now",
    PageKind.PAGER_SILENT: "Somebody on call did not answer the test of their pager",
    PageKind.FOLLOW_UP: "A follow-up is due and nobody has done it",
    PageKind.HANDOFF: "A colleague asks you to take over a case",
    PageKind.LOWERED: "A lowered level waits for a second person for over 24 hours",
}


def page_words(
    kind: PageKind, *, severity: Severity | None, step: int | None, reference: str, link: str
) -> PageWords:
    """The words of a page. Everything that goes in is listed here; nothing else can.

    ``reference`` is a short id for the telephone, ``link`` opens a page of ours that asks once
    more before anything happens.
    """
    level = f" {severity.value} {severity.label}" if severity is not None else ""
    subject = f"Oversight{level}: {SAID[kind]} ({reference})"
    lines = [f"{SAID[kind]}."]
    if severity is not None:
        lines.append(f"Level: {severity.value} {severity.label}.")
    if step is not None:
        lines.append(f"Step {step + 1} of the calls.")
    lines += [f"Reference {reference}.", link, ""]
    return PageWords(subject, "\n".join(lines))


def reference_of(subject: uuid.UUID) -> str:
    """A short name for the telephone: the last eight characters of an id, as E-1A2B3C4D."""
    return f"E-{subject.hex[-8:].upper()}"

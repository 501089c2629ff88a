"""Calling people: who is rung by which of their contact methods, and who could not be told.

Only writes down what is to go out; the pager sends it, outside every transaction.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import insert_rows
from db.session import Topic, ring
from db.tables import ContactMethod, Escalation, OutgoingPage, Paging, Quiet, new_id
from oversight.domain.pages import (
    Callee,
    PageKind,
    PageStatus,
    PlannedPage,
    QuietHours,
    plan_pages,
)
from oversight.domain.severity import Severity
from oversight.services.audit import Actor, Event, record_all

LADDER = Actor.system("ladder")


@dataclass(frozen=True)
class Call:
    """One step of one ladder, and the people who answer for it now."""

    escalation: Escalation
    step: int
    people: Sequence[uuid.UUID]


@dataclass(frozen=True)
class Notice:
    """Something besides an escalation that people are told by page."""

    kind: PageKind
    subject: uuid.UUID
    study_id: uuid.UUID | None = None
    conversation_id: uuid.UUID | None = None
    severity: Severity | None = None


def call(session: Session, calls: Sequence[Call], *, now: datetime) -> None:
    """Note every call and queue its pages, many escalations in a few statements."""
    book = _AddressBook(session, {person for one in calls for person in one.people})
    pagings: list[dict[str, object]] = []
    pages: list[dict[str, object]] = []
    events: list[Event] = []
    for one in calls:
        nobody: list[uuid.UUID | None] = [None]
        rows = [_paging(one, person, now=now) for person in [*one.people] or nobody]
        pagings += rows
        severity = Severity(one.escalation.severity)
        planned = plan_pages([book.callee(person) for person in one.people], severity, now=now)
        by_person = {row["clinician_id"]: row["id"] for row in rows}
        pages += [
            _page(
                plan,
                book,
                now=now,
                kind=PageKind.ESCALATION,
                severity=severity,
                step=one.step,
                study_id=one.escalation.study_id,
                conversation_id=one.escalation.conversation_id,
                escalation_id=one.escalation.id,
                paging_id=by_person[plan.person],
                subject=one.escalation.id,
            )
            for plan in planned
        ]
        events += _events(one, planned)
        ring(session, Topic.PAGE, one.escalation.conversation_id)
        ring(session, Topic.LIVE, one.escalation.conversation_id)
    insert_rows(session, Paging, pagings)
    insert_rows(session, OutgoingPage, pages)
    record_all(session, events)


def tell(
    session: Session, people: Sequence[uuid.UUID], notice: Notice, *, now: datetime
) -> Sequence[PlannedPage]:
    """Page people about something that is no escalation. Tests ring every method at once."""
    book = _AddressBook(session, set(people))
    urgent = Severity.L4 if notice.kind is PageKind.TEST else notice.severity
    planned = plan_pages([book.callee(one) for one in dict.fromkeys(people)], urgent, now=now)
    rows = [
        _page(
            plan,
            book,
            now=now,
            kind=notice.kind,
            severity=notice.severity,
            step=None,
            study_id=notice.study_id,
            conversation_id=notice.conversation_id,
            escalation_id=None,
            paging_id=None,
            subject=notice.subject,
        )
        for plan in planned
    ]
    session.flush()
    insert_rows(session, OutgoingPage, rows)
    ring(session, Topic.PAGE)
    return planned


class _AddressBook:
    """How each of some people is reached, read once."""

    def __init__(self, session: Session, people: set[uuid.UUID]) -> None:
        self.channels: dict[uuid.UUID, str] = {}
        self._methods: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
        self._quiet: Mapping[uuid.UUID, QuietHours] = {}
        if not people:
            return
        for row in session.execute(
            select(ContactMethod.id, ContactMethod.clinician_id, ContactMethod.channel)
            .where(ContactMethod.clinician_id.in_(people), ContactMethod.removed_at.is_(None))
            .order_by(ContactMethod.clinician_id, ContactMethod.place)
        ):
            self.channels[row.id] = row.channel
            self._methods[row.clinician_id].append(row.id)
        self._quiet = {
            row.clinician_id: QuietHours(ZoneInfo(row.timezone), row.starts, row.ends)
            for row in session.scalars(select(Quiet).where(Quiet.clinician_id.in_(people)))
        }

    def callee(self, person: uuid.UUID) -> Callee:
        return Callee(person, self._methods.get(person, ()), self._quiet.get(person))


def _paging(one: Call, person: uuid.UUID | None, *, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "escalation_id": one.escalation.id,
        "step": one.step,
        "clinician_id": person,
        "at": now,
    }


def _page(
    plan: PlannedPage, book: _AddressBook, *, now: datetime, **about: object
) -> dict[str, object]:
    sent = plan.method is not None
    return about | {
        "id": new_id(),
        "status": PageStatus.QUEUED if sent else PageStatus.NOT_SENT,
        "clinician_id": plan.person,
        "contact_method_id": plan.method,
        "channel": book.channels[plan.method] if plan.method is not None else None,
        "queued_at": now,
        "due_at": now + plan.after,
        "attempts": 0,
        "settled_at": None if sent else now,
        "why": plan.not_told.value if plan.not_told is not None else None,
    }


def _events(one: Call, planned: Sequence[PlannedPage]) -> list[Event]:
    """What the record says of a call: how many were rung, and who was not told and why."""
    not_told = {str(plan.person): plan.not_told for plan in planned if plan.not_told is not None}
    page = _event("escalation.page", one, step=one.step, people=len(one.people), not_told=not_told)
    if one.people:
        return [page]
    return [_event("escalation.not_covered", one, step=one.step), page]


def _event(kind: str, one: Call, **detail: object) -> Event:
    return Event(
        kind=kind,
        actor=LADDER,
        study_id=one.escalation.study_id,
        conversation_id=one.escalation.conversation_id,
        item_id=one.escalation.item_id,
        subject=one.escalation.id,
        detail=detail,
    )

"""Tests of pagers: at the start of every shift, and on demand. Silence is told to others."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Clinician, ContactMethod, PagingTest, new_id, table_of
from oversight.domain.pages import ANSWER_TEST_WITHIN, ChannelKind, PageKind
from oversight.domain.permissions import Role
from oversight.domain.rota import coverage
from oversight.queries.rota import rotas
from oversight.services.audit import Actor, Event, record
from oversight.services.calling import Notice, tell

CLOCK = Actor.system("clock")
MISSED = timedelta(minutes=30)
"""A clock that was away this long still tests the shifts that began meanwhile."""


def ring_pager(
    session: Session,
    clinician_id: uuid.UUID,
    *,
    now: datetime,
    shift_starts_at: datetime | None = None,
) -> uuid.UUID | None:
    """Ring every contact method of one person. None: this shift's test was sent already."""
    row = insert(PagingTest).values(
        id=new_id(), clinician_id=clinician_id, shift_starts_at=shift_starts_at, sent_at=now
    )
    test_id: uuid.UUID | None = session.scalar(
        row.on_conflict_do_nothing().returning(PagingTest.id)
    )
    if test_id is None:
        return None
    tell(session, [clinician_id], Notice(PageKind.TEST, test_id), now=now)
    actor = CLOCK if shift_starts_at else Actor.clinician(clinician_id)
    record(session, Event("pager.test", actor, subject=test_id))
    return test_id


def ring_new_shifts(session: Session, *, now: datetime) -> int:
    """Send the tests of the shifts that have begun, to everybody with a way to be reached.

    The inbox is for rehearsals: whoever has nothing else has no pager to test.
    """
    able = set(
        session.scalars(
            select(ContactMethod.clinician_id).where(
                ContactMethod.removed_at.is_(None),
                ContactMethod.channel != ChannelKind.INBOX,
            )
        )
    )
    begun = [one for one in _begun(session, now=now) if one[0] in able]
    tests = [ring_pager(session, who, now=now, shift_starts_at=at) for who, at in begun]
    return sum(one is not None for one in tests)


def _begun(session: Session, *, now: datetime) -> list[tuple[uuid.UUID, datetime]]:
    """Who came on lately and is still on, and when; coming from another position is no start."""
    start = now - MISSED
    end = now + timedelta(microseconds=1)
    found: dict[uuid.UUID, datetime] = {}
    for team in rotas(session, start, end):
        stretches = coverage(team.rota, start, end)
        edges = sorted({one.starts_at for one in stretches})
        on = [
            {p for one in stretches if one.starts_at <= at < one.ends_at for p in one.people}
            for at in edges
        ]
        for number in range(1, len(edges)):
            for person in on[number] - on[number - 1]:
                if person in on[-1]:
                    found[person] = max(found.get(person, edges[number]), edges[number])
    return sorted(found.items(), key=lambda one: (one[1], one[0]))


def give_up_tests(session: Session, *, now: datetime) -> int:
    """A test unanswered for ten minutes: the supervisors and the study leads are told."""
    tests = table_of(PagingTest)
    silent = session.execute(
        update(tests)
        .where(
            tests.c.answered_at.is_(None),
            tests.c.given_up_at.is_(None),
            tests.c.sent_at <= now - ANSWER_TEST_WITHIN,
        )
        .values(given_up_at=now)
        .returning(tests.c.id, tests.c.clinician_id, tests.c.shift_starts_at)
    ).all()
    for test in silent:
        detail = {"clinician_id": str(test.clinician_id)}
        record(session, Event("pager.silent", CLOCK, subject=test.id, detail=detail))
        if test.shift_starts_at is not None:
            others = [one for one in in_charge(session) if one != test.clinician_id]
            tell(session, others, Notice(PageKind.PAGER_SILENT, test.id), now=now)
    return len(silent)


def in_charge(session: Session) -> list[uuid.UUID]:
    """Who hears of gaps and of pagers that do not answer: supervisors and study leads."""
    return list(
        session.scalars(
            select(Clinician.id)
            .where(
                Clinician.role.in_([Role.SUPERVISOR, Role.STUDY_LEAD]),
                Clinician.deactivated_at.is_(None),
            )
            .order_by(Clinician.role.desc(), Clinician.id)
        )
    )

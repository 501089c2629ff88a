"""Pages: written with the call, sent once the lease is taken, confirmed by their own link."""

import uuid
from datetime import time

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db.session import now
from db.tables import AuditEvent, ContactMethod, Escalation, OutgoingPage, PagingTest
from oversight.domain.errors import Incomplete, NotPermitted, StaleVersion
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.links import LinkRefused
from oversight.domain.pages import ATTEMPTS, LEASE, ChannelKind, PageStatus
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.pages import not_told_since, pager_state, pages
from oversight.queries.rota import reachable
from oversight.queries.strip import strip
from oversight.services import answering, climbing, duty, escalating, pager_tests, paging, people
from oversight.services.answering import LinkState
from oversight.services.reaching import (
    add_contact_method,
    order_contact_methods,
    remove_contact_method,
    set_quiet_hours,
)
from tests.services.clinic import Clinic

WORDS = "i cannot go on, my name is Ottoline Farthingale"


def method(clinic: Clinic, who: uuid.UUID, channel: ChannelKind = ChannelKind.EMAIL) -> uuid.UUID:
    address = {"email": f"{who.hex[:6]}@clinic.example", "webhook": "https://hook.example/x"}
    return add_contact_method(
        clinic.session, who, who, channel=channel, address=address.get(channel.value, "json://x")
    )


@pytest.fixture
def ana(clinic: Clinic) -> uuid.UUID:
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    method(clinic, who)
    return who


@pytest.fixture
def ben(clinic: Clinic) -> uuid.UUID:
    who = clinic.person(on_duty=ShiftPosition.SECONDARY)
    method(clinic, who)
    return who


def grave(clinic: Clinic, severity: Severity = Severity.L4) -> Escalation:
    clinic.say("c", WORDS, "a reply")
    clinic.score(severity)
    return escalation(clinic)


def escalation(clinic: Clinic) -> Escalation:
    return clinic.session.scalars(
        select(Escalation).execution_options(populate_existing=True)
    ).one()


def rows(clinic: Clinic) -> list[OutgoingPage]:
    return list(
        clinic.session.scalars(
            select(OutgoingPage)
            .order_by(OutgoingPage.queued_at, OutgoingPage.due_at, OutgoingPage.id)
            .execution_options(populate_existing=True)
        )
    )


def take(clinic: Clinic, channel: ChannelKind = ChannelKind.EMAIL) -> list[paging.Outgoing]:
    at = now(clinic.session)
    return paging.take_pages(clinic.session, channel, base_url="https://c.example", now=at)


def token(page: paging.Outgoing) -> str:
    return page.link.rsplit("/", 1)[1]


def send(clinic: Clinic) -> list[paging.Outgoing]:
    taken = take(clinic)
    for page in taken:
        paging.sent(clinic.session, page.page_id, now=now(clinic.session))
    return taken


def test_a_call_writes_its_pages_in_the_same_transaction(clinic: Clinic, ana):
    one = grave(clinic)
    (page,) = rows(clinic)
    assert (page.status, page.clinician_id, page.escalation_id) == ("queued", ana, one.id)


def test_a_page_holds_nothing_of_what_was_said_nor_a_name(clinic: Clinic, ana):
    grave(clinic)
    (page,) = take(clinic)
    told = f"{page.words.subject} {page.words.body} {page.link} {page.reference}"
    assert "Ottoline" not in told
    assert not [word for word in WORDS.split() if len(word) > 3 and word in told.split()]
    assert "Person" not in told
    assert "L4" in told


def test_what_is_taken_is_not_taken_twice_until_its_sender_died(clinic: Clinic, ana):
    grave(clinic)
    assert len(take(clinic)) == 1
    assert take(clinic) == []
    clinic.wait(LEASE.total_seconds() + 1)
    (again,) = take(clinic)
    paging.sent(clinic.session, again.page_id, now=now(clinic.session))
    clinic.wait(LEASE.total_seconds() + 1)
    assert take(clinic) == []


def test_a_page_that_failed_is_tried_again_and_then_the_next_method_at_once(clinic: Clinic, ana):
    second = method(clinic, ana, ChannelKind.WEBHOOK)
    grave(clinic, Severity.L3)
    assert [one.contact_method_id for one in rows(clinic)][1] == second
    assert take(clinic, ChannelKind.WEBHOOK) == [], "its turn comes in a minute"
    for attempt in range(1, ATTEMPTS + 1):
        (page,) = take(clinic)
        at = now(clinic.session)
        status = paging.failed(clinic.session, page.page_id, why="timeout", now=at)
        assert status is (PageStatus.FAILED if attempt == ATTEMPTS else PageStatus.QUEUED)
        clinic.wait(11)
    assert len(take(clinic, ChannelKind.WEBHOOK)) == 1
    assert not pager_state(clinic.session, ana).works


def test_a_step_that_reaches_nobody_is_over_at_once(clinic: Clinic, ana, ben):
    grave(clinic)
    (page,) = take(clinic)
    at = now(clinic.session)
    paging.failed(clinic.session, page.page_id, why="refused", now=at, final=True)
    climbing.climb_due(clinic.session, now=at)
    assert escalation(clinic).step == 2
    assert {one.clinician_id for one in rows(clinic)} == {ana, ben}


def test_after_the_last_step_failing_pages_do_not_call_in_circles(clinic: Clinic, ana):
    grave(clinic)
    clinic.wait(3600)
    climbing.climb_due(clinic.session, now=now(clinic.session))
    for page in take(clinic):
        paging.failed(
            clinic.session, page.page_id, why="refused", now=now(clinic.session), final=True
        )
    assert escalation(clinic).next_page_at > now(clinic.session)


def test_whoever_was_not_told_is_named_with_the_reason(clinic: Clinic):
    nobody = clinic.person(on_duty=ShiftPosition.PRIMARY)
    grave(clinic)
    (line,) = not_told_since(clinic.session, rows(clinic)[0].queued_at)
    assert (line.clinician_id, line.why) == (nobody, "no_contact_method")
    event = clinic.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == "escalation.page")
    ).one()
    assert event.detail["not_told"] == {str(nobody): "no_contact_method"}


def test_quiet_hours_are_never_kept_at_imminent(clinic: Clinic, ana):
    set_quiet_hours(clinic.session, ana, timezone="UTC", starts=time(0), ends=time(23, 59, 59))
    grave(clinic)
    assert [one.status for one in rows(clinic)] == ["queued"]


def test_once_somebody_has_it_waiting_pages_are_not_sent(clinic: Clinic, ana):
    method(clinic, ana, ChannelKind.WEBHOOK)
    one = grave(clinic, Severity.L3)
    send(clinic)
    escalating.acknowledge(clinic.session, one.id, ana, now=now(clinic.session))
    clinic.wait(61)
    assert take(clinic, ChannelKind.WEBHOOK) == []
    assert [page.why for page in rows(clinic)] == [None, "no_longer_needed"]


def test_looking_at_a_link_changes_nothing_and_confirming_it_takes_the_escalation(
    clinic: Clinic, ana
):
    one = grave(clinic)
    (page,) = send(clinic)
    for _ in range(3):
        view = answering.look(clinic.session, token(page), now=now(clinic.session))
        assert view.state is LinkState.READY
    assert escalation(clinic).owner_id is None
    answering.confirm(clinic.session, token(page), now=now(clinic.session))
    assert (escalation(clinic).owner_id, escalation(clinic).status) == (
        ana,
        EscalationStatus.ACKNOWLEDGED,
    )
    assert rows(clinic)[0].status == PageStatus.CONFIRMED
    assert pager_state(clinic.session, ana).works
    assert one.id == escalation(clinic).id


def test_a_link_works_once(clinic: Clinic, ana):
    grave(clinic)
    (page,) = send(clinic)
    answering.confirm(clinic.session, token(page), now=now(clinic.session))
    until = escalation(clinic).acknowledged_until
    clinic.wait(10)
    with pytest.raises(NotPermitted, match="used already"):
        answering.confirm(clinic.session, token(page), now=now(clinic.session))
    assert escalation(clinic).acknowledged_until == until


def test_a_link_ends_after_a_day_and_with_its_person(clinic: Clinic, ana, ben):
    grave(clinic)
    (page,) = send(clinic)
    clinic.wait(24 * 3600 + 1)
    with pytest.raises(LinkRefused):
        answering.confirm(clinic.session, token(page), now=now(clinic.session))
    clinic.wait(-24 * 3600)
    people.deactivate(clinic.session, ana)
    with pytest.raises(NotPermitted):
        answering.confirm(clinic.session, token(page), now=now(clinic.session))


def test_a_link_from_before_something_graver_does_not_take_it(clinic: Clinic, ana):
    grave(clinic, Severity.L3)
    (page,) = send(clinic)
    clinic.wait(30)
    clinic.say("c", "now", "hi")
    clinic.score(Severity.L4)
    with pytest.raises(StaleVersion):
        answering.confirm(clinic.session, token(page), now=now(clinic.session))
    assert escalation(clinic).owner_id is None


def test_a_link_of_what_is_over_takes_nothing(clinic: Clinic, ana):
    one = grave(clinic)
    (page,) = send(clinic)
    clinic.session.execute(
        text("UPDATE escalations SET status = 'resolved' WHERE id = :id"), {"id": one.id}
    )
    view = answering.look(clinic.session, token(page), now=now(clinic.session))
    assert view.state is LinkState.OVER
    with pytest.raises(StaleVersion):
        answering.confirm(clinic.session, token(page), now=now(clinic.session))


def test_a_method_works_once_its_test_was_answered(clinic: Clinic, ana):
    assert ana not in reachable(clinic.session)
    pager_tests.ring_pager(clinic.session, ana, now=now(clinic.session))
    (page,) = send(clinic)
    assert ana not in reachable(clinic.session), "sent is not answered"
    answering.confirm(clinic.session, token(page), now=now(clinic.session))
    assert ana in reachable(clinic.session)
    state = pager_state(clinic.session, ana)
    assert state.works
    assert state.answered_at is not None


def test_every_shift_is_opened_by_one_test(clinic: Clinic, ana, ben):
    for _ in range(3):
        pager_tests.ring_new_shifts(clinic.session, now=now(clinic.session))
        clinic.wait(5)
    tests = clinic.session.scalars(select(PagingTest.clinician_id)).all()
    assert sorted(tests) == sorted([ana, ben])
    duty.go_off_duty(clinic.session, ana)
    clinic.wait(5)
    duty.go_on_duty(clinic.session, ana)
    clinic.wait(5)
    pager_tests.ring_new_shifts(clinic.session, now=now(clinic.session))
    assert len(clinic.session.scalars(select(PagingTest.id)).all()) == 3


def test_a_pager_that_stays_silent_is_told_to_the_supervisors(clinic: Clinic, ana):
    chief = clinic.person(Role.SUPERVISOR)
    method(clinic, chief)
    pager_tests.ring_new_shifts(clinic.session, now=now(clinic.session))
    clinic.wait(599)
    assert pager_tests.give_up_tests(clinic.session, now=now(clinic.session)) == 0
    clinic.wait(2)
    assert pager_tests.give_up_tests(clinic.session, now=now(clinic.session)) == 1
    assert pager_tests.give_up_tests(clinic.session, now=now(clinic.session)) == 0
    told = [one.clinician_id for one in rows(clinic) if one.kind == "pager_silent"]
    assert told == [chief]


def test_pages_of_somebody_who_left_go_nowhere(clinic: Clinic, ana):
    grave(clinic)
    people.deactivate(clinic.session, ana)
    assert take(clinic) == []
    assert rows(clinic)[0].why == "deactivated"


def test_contact_methods_are_checked_ordered_and_only_ones_own(clinic: Clinic, ana, ben):
    first = pager_state(clinic.session, ana).methods[0].id
    second = method(clinic, ana, ChannelKind.WEBHOOK)
    order_contact_methods(clinic.session, ana, [second, first])
    assert [one.id for one in pager_state(clinic.session, ana).methods] == [second, first]
    with pytest.raises(Incomplete):
        order_contact_methods(clinic.session, ana, [second])
    remove_contact_method(clinic.session, ana, second)
    assert [one.id for one in pager_state(clinic.session, ana).methods] == [first]
    for channel, address in (
        (ChannelKind.EMAIL, "not an address"),
        (ChannelKind.EMAIL, "a@b.example\nBcc: c@d.example"),
        (ChannelKind.WEBHOOK, "file:///etc/passwd"),
        (ChannelKind.APPRISE, "no scheme"),
    ):
        with pytest.raises(Incomplete):
            add_contact_method(clinic.session, ana, ana, channel=channel, address=address)
    with pytest.raises(NotPermitted):
        add_contact_method(
            clinic.session, ben, ana, channel=ChannelKind.EMAIL, address="x@y.example"
        )


def test_the_database_refuses_a_page_without_a_way_and_without_a_reason(clinic: Clinic, ana):
    grave(clinic)
    for change in (
        "contact_method_id = NULL",
        "status = 'not_sent'",
        "escalation_id = NULL",
    ):
        with pytest.raises(IntegrityError), clinic.session.begin_nested():
            clinic.session.execute(text(f"UPDATE outgoing_pages SET {change}"))


def test_the_inbox_of_pages_shows_every_page_with_what_became_of_it(clinic: Clinic, ana, ben):
    one = grave(clinic)
    send(clinic)
    found = pages(clinic.session, escalation_id=one.id)
    assert [(line.status, line.channel, line.step) for line in found] == [
        (PageStatus.SENT, ChannelKind.EMAIL, 0)
    ]
    kept = clinic.session.scalars(select(ContactMethod.address)).all()
    shown = pager_state(clinic.session, ana).methods[0].address
    assert shown not in kept


def test_the_strip_says_who_is_on_and_whether_my_pager_works(clinic: Clinic, ana, ben):
    shown = strip(clinic.session, ana, now=now(clinic.session))
    assert shown.on_duty_until is not None
    assert not shown.pager.works
    assert [position for _, position in shown.others] == [ShiftPosition.SECONDARY]
    assert (list(shown.uncovered), list(shown.stops)) == ([], [])
    pager_tests.ring_pager(clinic.session, ana, now=now(clinic.session))
    assert answering.answer_in_console(clinic.session, ana, now=now(clinic.session)) == 1
    assert not strip(clinic.session, ana, now=now(clinic.session)).pager.works, "no way was proven"

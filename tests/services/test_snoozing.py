"""Set aside, owned by name, and back: at its time, with any news, and never lost."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db.session import now
from db.tables import AuditEvent, Clinician, Snooze
from oversight.domain.errors import ClaimLost, Incomplete, NotPermitted, StaleVersion
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, Role, allowed_actions
from oversight.domain.severity import Severity
from oversight.domain.snoozing import SnoozeEnd
from oversight.queries.backlog import backlog
from oversight.queries.queue import filtered_queue
from oversight.queries.queue_filter import QueueFilter
from oversight.queries.triage import card
from oversight.services import claiming, escalating, refusing, undoing
from oversight.services.snoozing import snooze
from oversight.services.waking import wake_due
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def set_aside(clinic: Clinic, who: uuid.UUID, name: str = "c", **options: object) -> uuid.UUID:
    item = clinic.claim(name, who)
    snooze(clinic.session, item.id, who, version=item.version, reason="later", **options)  # type: ignore[arg-type]
    return item.id


def said(clinic: Clinic, severity: Severity | None = Severity.L1, name: str = "c") -> None:
    clinic.say(name, "words", "hi")
    clinic.score(severity)


def sweep(clinic: Clinic) -> int:
    return wake_due(clinic.session, now=now(clinic.session))


def ends(clinic: Clinic) -> list[str | None]:
    rows = select(Snooze.ended_how).order_by(Snooze.snoozed_at, Snooze.id)
    return list(clinic.session.scalars(rows.execution_options(populate_existing=True)))


def test_what_is_set_aside_is_open_counted_and_offered_to_nobody(clinic: Clinic, me):
    said(clinic)
    before = clinic.open_item("c").deadline_at
    item_id = set_aside(clinic, me)
    item = clinic.open_item("c")
    assert (item.status, item.deadline_at) == (ItemStatus.SNOOZED, before)
    assert filtered_queue(clinic.session, me, QueueFilter()).counts.total == 1
    assert backlog(clinic.session).open_items == 1
    for who in (me, clinic.person(), clinic.person(Role.SUPERVISOR)):
        assert claiming.claim_next(clinic.session, who) is None
    owner = select(Snooze.clinician_id).where(Snooze.item_id == item_id)
    assert clinic.session.scalar(owner) == me


def test_it_comes_back_at_its_time_and_first_to_whoever_set_it_aside(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me, until=now(clinic.session) + timedelta(hours=1))
    clinic.wait(3599)
    assert sweep(clinic) == 0
    clinic.wait(2)
    assert sweep(clinic) == 1
    assert claiming.claim_next(clinic.session, clinic.person()) is None
    assert claiming.claim_next(clinic.session, me) == item_id
    assert ends(clinic) == [SnoozeEnd.DUE]


def test_without_a_clock_a_reader_who_asks_brings_it_back(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me, until=now(clinic.session) + timedelta(hours=1))
    clinic.wait(3601)
    assert claiming.claim_next(clinic.session, me) == item_id


def test_whoever_does_not_come_back_for_it_hides_nobody(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me, until=now(clinic.session) + timedelta(hours=1))
    clinic.wait(3601)
    sweep(clinic)
    clinic.wait(121)
    assert claiming.claim_next(clinic.session, clinic.person()) == item_id


def test_the_next_message_brings_it_back_at_once(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me)
    clinic.say("c", "one more thing")
    assert clinic.open_item("c").status == ItemStatus.WAITING
    assert ends(clinic) == [SnoozeEnd.NEWS]
    assert claiming.claim_next(clinic.session, me) == item_id


def test_a_grave_message_brings_it_back_to_everybody_and_calls(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me)
    clinic.say("c", "words", floor=Severity.L4)
    assert clinic.open_item("c").status == ItemStatus.ESCALATED
    assert claiming.claim_next(clinic.session, clinic.person()) == item_id


@pytest.mark.parametrize("news", ["draft", "refused", "raised"])
def test_any_other_news_brings_it_back_too(clinic: Clinic, me, news):
    said(clinic)
    set_aside(clinic, me)
    if news == "draft":
        answers = clinic.messages("c")[-1].external_id
        clinic.arrive("c", reply="another", answers=answers)
    elif news == "refused":
        refusing.hold_for_refused(clinic.session, clinic.study_id, "c", reason="text_too_long")
    else:
        clinic.say("c", "worse")
        clinic.score(Severity.L3)
    assert clinic.open_item("c").status != ItemStatus.SNOOZED


def test_a_bridge_is_no_news(clinic: Clinic, me):
    from oversight.services.bridging import bridge, due_bridges

    said(clinic)
    set_aside(clinic, me)
    clinic.wait(130)
    at = now(clinic.session)
    assert [
        bridge(clinic.session, item_id=one, now=at) for one in due_bridges(clinic.session, now=at)
    ]
    assert clinic.open_item("c").status == ItemStatus.SNOOZED


@pytest.mark.parametrize("severity", [Severity.L3, Severity.L4, None])
def test_the_grave_and_the_unscored_are_refused_and_not_offered(clinic: Clinic, severity):
    said(clinic, severity)
    who = clinic.person(Role.SUPERVISOR)
    item = clinic.claim("c", who)
    view = card(clinic.session, item.id, who).view
    assert Action.SNOOZE not in allowed_actions(view, clinician_id=str(who), role=Role.SUPERVISOR)
    with pytest.raises(NotPermitted):
        snooze(clinic.session, item.id, who, version=item.version, reason="later")


def test_what_was_lowered_from_high_waits_for_its_second_person_first(clinic: Clinic, me):
    said(clinic, Severity.L3)
    item = clinic.claim("c", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="a figure of speech")
    escalation = escalating.open_escalation_of(clinic.session, item.conversation_id)
    at = now(clinic.session)
    escalating.acknowledge(clinic.session, escalation.id, me, now=at)
    escalating.resolve(clinic.session, escalation.id, me, resolution="a film", now=at)
    version = clinic.open_item("c").version
    with pytest.raises(NotPermitted, match="second person"):
        snooze(clinic.session, item.id, me, version=version, reason="later")


def test_an_escalated_item_is_never_set_aside_whatever_its_level(clinic: Clinic, me):
    said(clinic)
    clinic.claim("c", me)
    clinic.decide("c", me, Action.ESCALATE, reason="I worry")
    item = clinic.claim("c", me)
    with pytest.raises(NotPermitted, match="escalated"):
        snooze(clinic.session, item.id, me, version=item.version, reason="later")


def test_nobody_sets_aside_beyond_the_deadline_but_a_supervisor(clinic: Clinic, me):
    said(clinic, Severity.L1)
    clinic.wait(20 * 3600)
    beyond = clinic.open_item("c").deadline_at + timedelta(hours=1)
    with pytest.raises(Incomplete, match="choose a time"):
        set_aside(clinic, me, until=beyond)
    item = clinic.open_item("c")
    claiming.unclaim(clinic.session, item.id, me)
    lead = clinic.person(Role.SUPERVISOR)
    set_aside(clinic, lead, until=beyond)
    assert clinic.open_item("c").status == ItemStatus.SNOOZED


def test_what_is_overdue_waits_no_longer(clinic: Clinic, me):
    said(clinic, Severity.L2)
    clinic.wait(5 * 3600)
    with pytest.raises(NotPermitted, match="overdue"):
        set_aside(clinic, me)


def test_the_deadline_goes_on_and_shows_as_late(clinic: Clinic):
    said(clinic, Severity.L1)
    clinic.wait(20 * 3600)
    lead = clinic.person(Role.SUPERVISOR)
    set_aside(clinic, lead, until=now(clinic.session) + timedelta(hours=10))
    clinic.wait(5 * 3600)
    assert filtered_queue(clinic.session, lead, QueueFilter()).counts.overdue == 1


def test_it_needs_a_reason_a_hold_and_the_version_seen(clinic: Clinic, me):
    said(clinic)
    item = clinic.claim("c", me)
    with pytest.raises(Incomplete):
        snooze(clinic.session, item.id, me, version=item.version, reason=" ")
    with pytest.raises(ClaimLost):
        snooze(clinic.session, item.id, clinic.person(), version=item.version, reason="later")
    seen = item.version
    clinic.say("c", "wait")
    with pytest.raises(StaleVersion):
        snooze(clinic.session, item.id, me, version=seen, reason="later")


def test_a_colleague_may_open_it_and_that_ends_the_snooze(clinic: Clinic, me):
    said(clinic)
    set_aside(clinic, me)
    other = clinic.person()
    clinic.claim("c", other)
    assert ends(clinic) == [SnoozeEnd.OPENED]
    assert clinic.open_item("c").status == ItemStatus.CLAIMED


def test_when_its_owner_leaves_the_team_it_comes_back_to_everybody(clinic: Clinic, me):
    said(clinic)
    item_id = set_aside(clinic, me)
    clinic.session.get_one(Clinician, me).deactivated_at = now(clinic.session)
    clinic.session.flush()
    assert sweep(clinic) == 1
    assert claiming.claim_next(clinic.session, clinic.person()) == item_id
    assert ends(clinic) == [SnoozeEnd.LEFT]


def test_set_aside_with_nobody_owning_it_comes_back(clinic: Clinic, me):
    said(clinic)
    set_aside(clinic, me)
    clinic.session.execute(text("UPDATE snoozes SET ended_at = now(), ended_how = 'left'"))
    assert sweep(clinic) == 1
    assert clinic.open_item("c").status == ItemStatus.WAITING


def test_the_database_refuses_a_grave_item_set_aside(clinic: Clinic, me):
    said(clinic)
    set_aside(clinic, me)
    grave = text("UPDATE review_items SET severity = 'L3' WHERE status = 'snoozed'")
    with pytest.raises(IntegrityError, match="grave_never_snoozed"):
        clinic.session.execute(grave)


def test_it_stands_in_the_record_without_its_words(clinic: Clinic, me):
    said(clinic)
    set_aside(clinic, me, until=now(clinic.session) + timedelta(hours=1))
    clinic.wait(3601)
    sweep(clinic)
    told = select(AuditEvent).where(AuditEvent.kind.in_(["item.snooze", "item.wake"]))
    events = clinic.session.scalars(told.order_by(AuditEvent.id)).all()
    assert [(one.kind, one.detail["from"], one.detail["to"]) for one in events] == [
        ("item.snooze", "claimed", "snoozed"),
        ("item.wake", "snoozed", "waiting"),
    ]
    assert events[0].actor_id == str(me)
    assert "later" not in str([one.detail for one in events])

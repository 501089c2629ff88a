"""A shift handed over: the giver's until it is accepted by name, then all of it the colleague's."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, Claim, Clinician, Conversation, HandoverLine, Paging, Snooze
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.handover import HandedOver, left_behind, named_right
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.handover import brief, in_hand, offered_handovers
from oversight.services import asking, claiming, duty, escalating, handing_over, taking_over
from oversight.services.climbing import climb_due
from oversight.services.left_behind import put_up_left_behind
from oversight.services.snoozing import snooze
from tests.services.clinic import Clinic

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


@pytest.fixture
def other(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.SECONDARY)


def name_of(clinic: Clinic, who: uuid.UUID) -> str:
    return clinic.session.get_one(Clinician, who).name


def said(clinic: Clinic, name: str, severity: Severity = Severity.L1) -> None:
    clinic.say(name, "words", "hi")
    clinic.score(severity)


def owned(clinic: Clinic, name: str, who: uuid.UUID) -> uuid.UUID:
    """An escalation that somebody has."""
    said(clinic, name, Severity.L3)
    found = escalating.open_escalation_of(clinic.session, clinic.open_item(name).conversation_id)
    escalating.acknowledge(clinic.session, found.id, who, now=now(clinic.session))
    return found.id


@pytest.fixture
def full(clinic: Clinic, me: uuid.UUID) -> Clinic:
    """Somebody with one of everything: set aside, escalated, taken over, and open in hand."""
    said(clinic, "aside")
    item = clinic.claim("aside", me)
    snooze(clinic.session, item.id, me, version=item.version, reason="waits for a call")
    owned(clinic, "grave", me)
    clinic.say("taken", "words")
    taking_over.take_over(clinic.session, clinic.open_item("taken").conversation_id, me)
    said(clinic, "open")
    clinic.claim("open", me)
    return clinic


def has(clinic: Clinic, who: uuid.UUID) -> dict[HandedOver, str]:
    return {one.kind: one.participant for one in in_hand(clinic.session, who)}


EVERYTHING = {
    HandedOver.CLAIM: "p-open",
    HandedOver.SNOOZE: "p-aside",
    HandedOver.ESCALATION: "p-grave",
    HandedOver.TAKE_OVER: "p-taken",
}


def test_until_it_is_accepted_everything_stays_with_the_giver(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other, note="call at six")
    assert has(full, me) == EVERYTHING
    assert has(full, other) == {}
    (seen,) = offered_handovers(full.session, other)
    assert (seen.id, seen.note, seen.giver) == (offered, "call at six", name_of(full, me))
    assert seen.brief == brief(full.session, me)
    assert [one.id for one in offered_handovers(full.session, me)] == [offered]


def test_accepted_by_name_everything_is_the_colleagues(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other)
    due = full.session.scalar(select(Snooze.until_at))
    moved = handing_over.accept(full.session, offered, other, name=name_of(full, other).upper())
    assert moved == 4
    assert has(full, me) == {}
    assert has(full, other) == EVERYTHING
    live = select(Snooze.until_at, Snooze.reason).where(Snooze.ended_at.is_(None))
    assert full.session.execute(live).one() == (due, "waits for a call")
    assert full.open_item("aside").status == ItemStatus.SNOOZED
    assert full.open_item("open").status == ItemStatus.CLAIMED
    full.decide("open", other, Action.APPROVE)
    lines = full.session.scalars(select(HandoverLine.kind)).all()
    assert sorted(lines) == sorted(HandedOver)
    assert handing_over.accept(full.session, offered, other, name="whatever") == 4
    assert offered_handovers(full.session, other) == []


def test_what_came_after_the_offer_changes_hands_too(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other)
    owned(full, "later", me)
    assert handing_over.accept(full.session, offered, other, name=name_of(full, other)) == 5


def test_a_colleague_who_has_an_item_open_finds_the_claim_kept_for_them(full: Clinic, me, other):
    said(full, "theirs")
    full.claim("theirs", other)
    offered = handing_over.offer(full.session, me, taker_id=other)
    handing_over.accept(full.session, offered, other, name=name_of(full, other))
    live = select(Claim.item_id).where(Claim.clinician_id == other, Claim.ended_at.is_(None))
    assert full.session.scalars(live).all() == [full.open_item("theirs").id]
    item = full.open_item("open")
    assert (item.status, item.assigned_to) == (ItemStatus.WAITING, other)
    full.wait(11 * 60)
    assert full.open_item("open").assigned_until < now(full.session)


def test_an_escalation_gains_no_time_by_changing_hands(clinic: Clinic, me, other):
    owned(clinic, "grave", me)
    clinic.wait(600)
    offered = handing_over.offer(clinic.session, me, taker_id=other)
    handing_over.accept(clinic.session, offered, other, name=name_of(clinic, other))
    clinic.wait(299)
    before = len(clinic.session.scalars(select(Paging.id)).all())
    climb_due(clinic.session, now=now(clinic.session))
    assert len(clinic.session.scalars(select(Paging.id)).all()) == before
    clinic.wait(2)
    climb_due(clinic.session, now=now(clinic.session))
    assert len(clinic.session.scalars(select(Paging.id)).all()) > before
    assert has(clinic, other) == {}


@pytest.mark.parametrize("name", ["", " ", "Somebody Else", "giver"])
def test_it_is_signed_with_the_takers_own_name(full: Clinic, me, other, name):
    offered = handing_over.offer(full.session, me, taker_id=other)
    typed = name_of(full, me) if name == "giver" else name
    with pytest.raises(Incomplete):
        handing_over.accept(full.session, offered, other, name=typed)
    assert has(full, me) == EVERYTHING


def test_nobody_else_accepts_declines_or_withdraws(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other)
    third = full.person()
    for who in (me, third):
        with pytest.raises(NotPermitted):
            handing_over.accept(full.session, offered, who, name=name_of(full, who))
        with pytest.raises(NotPermitted):
            handing_over.decline(full.session, offered, who, reason="x")
    with pytest.raises(NotPermitted):
        handing_over.withdraw(full.session, offered, other)
    with pytest.raises(NotFound):
        handing_over.accept(full.session, uuid.uuid4(), other, name="x")
    assert has(full, me) == EVERYTHING


@pytest.mark.parametrize("end", ["declined", "withdrawn"])
def test_declined_or_withdrawn_it_moves_nothing_and_can_be_offered_again(
    full: Clinic, me, other, end
):
    offered = handing_over.offer(full.session, me, taker_id=other)
    assert handing_over.offer(full.session, me, taker_id=other) == offered
    third = full.person()
    with pytest.raises(Conflict):
        handing_over.offer(full.session, me, taker_id=third)
    if end == "declined":
        with pytest.raises(Incomplete):
            handing_over.decline(full.session, offered, other, reason=" ")
        handing_over.decline(full.session, offered, other, reason="I am at home")
    else:
        handing_over.withdraw(full.session, offered, me)
    with pytest.raises(Conflict):
        handing_over.accept(full.session, offered, other, name=name_of(full, other))
    assert has(full, me) == EVERYTHING
    assert handing_over.offer(full.session, me, taker_id=third) != offered


def test_to_whom_and_what_can_be_handed_over(clinic: Clinic, me, other):
    with pytest.raises(Incomplete, match="nothing"):
        handing_over.offer(clinic.session, me, taker_id=other)
    owned(clinic, "grave", me)
    with pytest.raises(Incomplete):
        handing_over.offer(clinic.session, me, taker_id=me)
    with pytest.raises(NotPermitted):
        handing_over.offer(clinic.session, me, taker_id=clinic.person(Role.STUDY_LEAD))


def test_the_brief_is_one_page_about_the_shift(full: Clinic, me, other):
    said(full, "done")
    full.claim("done", me)
    full.decide("done", me, Action.APPROVE)
    item = full.claim("open", me)
    asking.ask(full.session, item.id, me, of=other, text="would you?")
    found = brief(full.session, me)
    assert found.gravest_first[0].kind in (HandedOver.ESCALATION, HandedOver.TAKE_OVER)
    assert found.gravest_first[-1].severity is Severity.L1
    assert found.decisions == {"approve": 1}
    assert [one.text for one in found.asked_by_them] == ["would you?"]
    assert found.shift_began_at <= found.at < found.shift_ends_at
    assert [one.text for one in brief(full.session, other).asked_of_them] == ["would you?"]
    with pytest.raises(NotFound):
        brief(full.session, uuid.uuid4())


def test_every_move_stands_in_the_record(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other, note="secret")
    handing_over.accept(full.session, offered, other, name=name_of(full, other))
    rows = select(AuditEvent).where(AuditEvent.kind.like("handover.%")).order_by(AuditEvent.id)
    told = full.session.scalars(rows).all()
    assert [one.kind for one in told] == [
        "handover.offer",
        *["handover.move"] * 4,
        "handover.accept",
    ]
    assert {one.detail.get("what") for one in told[1:5]} == {*map(str, HandedOver)}
    assert all(one.conversation_id for one in told[1:5])
    assert "secret" not in str([one.detail for one in told])


# What is left behind all the same


def test_after_a_shift_without_handover_people_are_called_again(clinic: Clinic, me):
    other = clinic.person(on_duty=ShiftPosition.SECONDARY)
    escalation = owned(clinic, "grave", me)
    clinic.claim("grave", me)
    clinic.decide("grave", me, Action.REPLACE, text="I am here")
    clinic.wait(60)
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 0
    duty.go_off_duty(clinic.session, me)
    clinic.wait(14 * 60)
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 0
    clinic.wait(61)
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 1
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 0
    climb_due(clinic.session, now=now(clinic.session))
    found = escalating.open_escalation_of(clinic.session, clinic.draft("grave").conversation_id)
    assert (found.id, found.owner_id, found.status) == (escalation, None, "open")
    clinic.wait(15 * 60)
    climb_due(clinic.session, now=now(clinic.session))
    called = select(Paging.clinician_id).where(
        Paging.at > now(clinic.session) - timedelta(minutes=1)
    )
    assert other in clinic.session.scalars(called).all()


def test_what_was_set_aside_comes_back_to_everybody(clinic: Clinic, me):
    said(clinic, "aside")
    item = clinic.claim("aside", me)
    snooze(clinic.session, item.id, me, version=item.version, reason="later")
    clinic.wait(60)
    duty.go_off_duty(clinic.session, me)
    clinic.wait(16 * 60)
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 1
    assert claiming.claim_next(clinic.session, clinic.person()) == item.id


def test_nobody_on_duty_or_never_on_duty_is_taken_for_gone(clinic: Clinic, me):
    without_a_shift = clinic.person()
    owned(clinic, "a", without_a_shift)
    owned(clinic, "b", me)
    clinic.wait(800)
    assert put_up_left_behind(clinic.session, now=now(clinic.session)) == 0


def test_what_was_handed_over_is_left_by_nobody(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other)
    handing_over.accept(full.session, offered, other, name=name_of(full, other))
    duty.go_off_duty(full.session, me)
    full.wait(16 * 60)
    assert put_up_left_behind(full.session, now=now(full.session)) == 0


@given(
    st.integers(-2_000, 0),
    st.one_of(st.none(), st.integers(-2_000, 0)),
)
def test_left_behind_only_after_a_shift_that_ended_a_while_ago(had, ended):
    had_since = AT + timedelta(minutes=had)
    shift_ended_at = None if ended is None else AT + timedelta(minutes=ended)
    left = left_behind(had_since=had_since, shift_ended_at=shift_ended_at, now=AT)
    assert left == (ended is not None and ended >= had and ended <= -15)


@pytest.mark.parametrize(
    ("typed", "name"), [*itertools.product([" kim  LEE ", "Kim Lee"], ["Kim Lee", "KIM LEE"])]
)
def test_a_name_is_a_name_whatever_the_capitals(typed, name):
    assert named_right(typed, name)
    assert not named_right(typed, "Kim Leo")


def test_taken_over_conversations_are_the_colleagues(full: Clinic, me, other):
    offered = handing_over.offer(full.session, me, taker_id=other)
    handing_over.accept(full.session, offered, other, name=name_of(full, other))
    holders = select(Conversation.taken_over_by).where(Conversation.taken_over_by.is_not(None))
    assert full.session.scalars(holders).all() == [other]

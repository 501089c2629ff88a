"""My shift: duty, what one carries, questions, handing over by name, practice."""

from __future__ import annotations

import uuid
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.session import now
from db.tables import Clinician, DrillAnswer, Question
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.drill import drill_items
from oversight.queries.exposure import rest_of
from oversight.queries.handover import in_hand, offered_handovers
from oversight.queries.rota import on_until
from oversight.queries.shift import own_duty
from oversight.services import asking, duty, escalating, handing_over
from oversight.services.snoozing import snooze
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words


@pytest.fixture
def page(clinic: Clinic, see: See) -> AppTest:
    return see("shift", Role.CLINICIAN)


@pytest.fixture
def me(page: AppTest, session: Session) -> uuid.UUID:
    return session.scalars(
        select(Clinician.id).where(Clinician.username == "clinician-looking")
    ).one()


@pytest.fixture
def other(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.SECONDARY)


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def named(session: Session, who: uuid.UUID) -> str:
    return session.get_one(Clinician, who).name


def held(clinic: Clinic, name: str, who: uuid.UUID, severity: Severity = Severity.L1) -> uuid.UUID:
    clinic.say(name, "words", "hi")
    clinic.score(severity)
    return clinic.claim(name, who).id


def read(clinic: Clinic, who: uuid.UUID, count: int) -> None:
    """Heavy items, each open for a minute and then passed up."""
    for number in range(count):
        held(clinic, f"heavy-{number}", who, Severity.L3)
        clinic.wait(60)
        clinic.decide(f"heavy-{number}", who, Action.ESCALATE, reason="a person is needed")


def test_going_on_duty_at_a_position_and_off_again(
    page: AppTest, me: uuid.UUID, session: Session
) -> None:
    assert "You are off duty: you will not be called." in words(page)
    page.selectbox(key="shift-position").set_value(ShiftPosition.SECONDARY)
    page.number_input(key="shift-hours").set_value(4)
    page = press(page, "Go on duty")
    assert "second to be called" in words(page)
    assert own_duty(session, me).positions == [("everybody", ShiftPosition.SECONDARY)]
    left = on_until(session, now=now(session))[me] - now(session)
    assert timedelta(hours=3.9) < left <= timedelta(hours=4)
    page = press(page, "Go off duty")
    assert "You are off duty" in words(page)


def test_a_clinician_is_not_offered_a_supervisors_position(page: AppTest) -> None:
    options = page.selectbox(key="shift-position").options
    assert options == ["first to be called", "second to be called"]


def test_the_soft_and_the_hard_limit_each_have_their_word(
    clinic: Clinic, page: AppTest, me: uuid.UUID
) -> None:
    duty.go_on_duty(clinic.session, me)
    clinic.wait(1)
    assert "<b>0 heavy items</b>" in words(page.run())
    assert "a lot for one shift" not in words(page)
    read(clinic, me, 8)
    page.run()
    assert "<b>8 heavy items</b>, 8 minutes with them" in words(page)
    assert "a lot for one shift" in words(page)
    for number in range(8, 12):
        held(clinic, f"more-{number}", me, Severity.L4)
        clinic.decide(f"more-{number}", me, Action.ESCALATE, reason="a person is needed")
    page.run()
    assert "as much as anybody should read" in words(page)
    assert "Heavy items still come to you" in words(page)
    page = press(page, "Take me off heavy items")
    assert "Heavy items go to others first now" in words(page)


def test_off_heavy_items_without_a_reason_and_back(
    clinic: Clinic, page: AppTest, me: uuid.UUID
) -> None:
    page = press(page, "Take me off heavy items")
    assert "as you asked" in words(page)
    assert rest_of(clinic.session, me, now=now(clinic.session)) is not None
    clinic.wait(1)
    page = press(page, "I can take heavy items again")
    assert "Heavy items come to you as to anybody." in page.success[0].value
    assert rest_of(clinic.session, me, now=now(clinic.session)) is None


def test_a_block_begins_with_reading_and_a_break_falls_due(
    clinic: Clinic, page: AppTest, me: uuid.UUID
) -> None:
    assert "No reading block goes on" in words(page)
    for number in range(8):
        held(clinic, f"calm-{number}", me)
        clinic.wait(4 * 60)
        clinic.decide(f"calm-{number}", me, Action.APPROVE)
        clinic.wait(3 * 60)
    page.run()
    assert "You have been reading for 56 minutes" in words(page)
    assert "A break is due: 10 minutes" in words(page)
    clinic.wait(10 * 60)
    assert "No reading block goes on" in words(page.run())


def test_a_question_is_seen_and_answered_in_place_once(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    item = held(clinic, "hard", other, Severity.L2)
    asked = asking.ask(session, item, other, of=me, text="<b>Is this</b> a plan?")
    page.run()
    assert "&lt;b&gt;Is this&lt;/b&gt; a plan?" in words(page)
    assert "Moderate" not in words(page)  # whoever is asked judges first
    question = session.get_one(Question, asked, populate_existing=True)
    assert question.seen_at is not None
    page = press(page, "Answer")
    assert "rite what you want to say" in page.warning[0].value
    page.text_area(key=f"answer-to-{asked}").set_value("To me it is.")
    page = press(page, "Answer")
    assert "Your answer is with" in page.success[0].value
    session.refresh(question)
    assert question.answer == "To me it is."
    assert "Nobody waits for an answer of yours." in words(page)


def test_an_answer_to_a_withdrawn_question_is_refused_and_said(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    item = held(clinic, "hard", other)
    asked = asking.ask(session, item, other, of=me, text="A plan?")
    page.run()
    page.text_area(key=f"answer-to-{asked}").set_value("Yes.")
    asking.withdraw(session, asked, other)
    page = press(page, "Answer")
    assert "withdrawn meanwhile" in page.warning[0].value
    assert session.get_one(Question, asked, populate_existing=True).answer is None


def test_answers_to_ones_own_questions_are_shown(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    item = held(clinic, "mine", me)
    first = asking.ask(session, item, me, of=other, text="What would you do?")
    assert "Not seen yet, not answered" in words(page.run())
    asking.answer(session, first, other, text="Call the clinic.")
    assert "Call the clinic." in words(page.run())
    asking.ask(session, item, me, of=other, text="And then?")
    page = press(page.run(), f"Withdraw the question to {named(session, other)}")
    assert "And then?" not in words(page)


@pytest.fixture
def full(clinic: Clinic, me: uuid.UUID, other: uuid.UUID) -> Clinic:
    """I have something set aside, a case, and something open on my screen."""
    item = held(clinic, "aside", me)
    version = clinic.open_item("aside").version
    snooze(clinic.session, item, me, version=version, reason="waits for a call")
    clinic.say("grave", "words", "hi")
    clinic.score(Severity.L3)
    conversation = clinic.open_item("grave").conversation_id
    case = escalating.open_escalation_of(clinic.session, conversation)
    assert case is not None
    escalating.acknowledge(clinic.session, case.id, me, now=now(clinic.session))
    held(clinic, "open", me, Severity.L2)
    return clinic


def test_a_shift_is_handed_over_to_a_named_colleague(
    full: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    page.run()
    told = words(page)
    for participant in ("p-aside", "p-grave", "p-open"):
        assert participant in told
    assert "waits for a call" in told
    assert "Moderate" not in told  # what is open on the screen is judged first
    assert "everything stays with you" in page.caption[-2].value + told
    page = press(page, "Offer the handover")
    assert "Choose the colleague" in page.warning[0].value
    assert offered_handovers(session, me) == []
    page.selectbox(key="handover-taker").set_value(other)
    page.text_area(key="handover-note").set_value("Call at six.")
    page = press(page, "Offer the handover")
    (offered,) = offered_handovers(session, other)
    assert (offered.giver_id, offered.note) == (me, "Call at six.")
    assert f"Offered to {named(session, other)}" in words(page)
    assert len(in_hand(session, me)) == 3
    handing_over.decline(session, offered.id, other, reason="I am leaving too.")
    page.run()
    assert "I am leaving too. It stays with you." in words(page)
    assert "Offer the handover" in [one.label for one in page.button]


def test_a_handover_is_taken_back_before_it_is_answered(
    full: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    handing_over.offer(session, me, taker_id=other)
    page = press(page.run(), "Withdraw the handover")
    assert "Everything stays with you" in page.success[0].value
    assert offered_handovers(session, me) == []


def test_an_offer_is_accepted_with_ones_own_name_only(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    held(clinic, "theirs", other, Severity.L3)
    offered = handing_over.offer(session, other, taker_id=me, note="Her mother calls at six.")
    page.run()
    told = words(page)
    assert "Her mother calls at six." in told
    assert "p-theirs" in told
    assert "High" in told
    page.text_input(key=f"name-{offered}").set_value("somebody")
    page = press(page, "Accept the handover")
    assert "our own name" in page.warning[0].value
    assert in_hand(session, me) == []
    page.text_input(key=f"name-{offered}").set_value("ines  halloran")
    page = press(page, "Accept the handover")
    assert "You took over 1 thing from" in page.success[0].value
    assert [one.participant for one in in_hand(session, me)] == ["p-theirs"]
    assert in_hand(session, other) == []


def test_declining_needs_a_word_and_leaves_everything_where_it_is(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    held(clinic, "theirs", other)
    offered = handing_over.offer(session, other, taker_id=me)
    page = press(page.run(), "Decline")
    assert "ay why" in page.warning[0].value
    page.text_input(key=f"why-{offered}").set_value("I read no Spanish.")
    page = press(page, "Decline")
    assert "It stays with them" in page.success[0].value
    assert len(in_hand(session, other)) == 1
    assert in_hand(session, me) == []


def test_what_became_of_a_case_one_raised(
    clinic: Clinic, page: AppTest, me: uuid.UUID, other: uuid.UUID, session: Session
) -> None:
    assert "You raised no case" in words(page)
    clinic.say("theirs", "words", "hi")
    clinic.score(Severity.L3)
    held(clinic, "raised", me, Severity.L1)
    clinic.decide("raised", me, Action.ESCALATE, reason="something is wrong")
    page.run()
    assert "p-raised" in words(page)
    assert "p-theirs" not in words(page)
    assert "Nobody has it yet" in words(page)
    conversation = clinic.open_item("raised").conversation_id
    case = escalating.open_escalation_of(session, conversation)
    assert case is not None
    escalating.acknowledge(session, case.id, other, now=now(session))
    assert f"{named(session, other)} has it" in words(page.run())


def test_the_drill_asks_first_and_tells_afterwards(
    page: AppTest, me: uuid.UUID, session: Session
) -> None:
    page = press(page, "Begin a refresher")
    item = next(one for one in drill_items() if one.reply in words_of(page))
    assert item.why not in words_of(page)
    page.radio(key=f"drill-level-{item.id}").set_value(Severity.L2)
    page = press(page, "Raise it")
    assert item.why in page.info[0].value
    assert "you said *◆ Moderate*" in page.info[0].value
    assert session.scalars(select(DrillAnswer.raised)).all() == [True]
    page = press(page, "Next")
    assert item.reply not in words_of(page)
    page = press(page, "Stop here")
    assert "You stopped here" in page.success[0].value


def words_of(page: AppTest) -> str:
    """What the page says, with its own escapes undone."""
    return unescape(words(page))


def test_a_press_in_a_role_that_lost_the_page_does_nothing_and_says_so(
    page: AppTest, me: uuid.UUID, session: Session
) -> None:
    session.execute(update(Clinician).where(Clinician.id == me).values(role=Role.STUDY_LEAD))
    page = press(page, "Take me off heavy items")
    assert rest_of(session, me, now=now(session)) is None
    assert "not part of your role" in page.error[0].value


def test_a_supervisor_sees_who_rests_by_name_without_a_figure(
    clinic: Clinic, see: See, other: uuid.UUID
) -> None:
    page = see("shift", Role.SUPERVISOR)
    team = next(one.value for one in page.markdown if named(clinic.session, other) in one.value)
    assert "on duty" in team
    assert "heavy item" not in team


def test_a_clinician_sees_nothing_of_how_others_stand(page: AppTest) -> None:
    assert "Your team" not in [one.value for one in page.header]


@pytest.mark.parametrize("role", [Role.STUDY_LEAD, Role.ADMIN])
def test_whoever_reads_no_items_has_no_such_page(clinic: Clinic, see: See, role: Role) -> None:
    page = see("shift", role)
    assert "not part of your role" in page.error[0].value
    assert not page.button

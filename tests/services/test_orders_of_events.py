"""Orders of events that nobody plans for, and what must hold after each of them."""

import uuid

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.session import now
from db.tables import Arm, Clinician, Escalation, Paging, WorkingText
from oversight.domain.errors import NotPermitted
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.services import (
    bridging,
    climbing,
    delivering,
    escalating,
    settling,
    undoing,
)
from oversight.services.arrivals import Outcome
from tests.services.clinic import Clinic


def pages(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Paging)) or 0


def second_reply(clinic: Clinic, conversation: str) -> None:
    answer = clinic.arrive(
        conversation, reply="a second reply", answers=clinic.messages(conversation)[-1].external_id
    )
    assert isinstance(answer, Outcome), answer


def approved_and_a_second_reply(clinic: Clinic) -> uuid.UUID:
    """The first reply waits behind its undo window while a second one is held."""
    who = clinic.person()
    clinic.say("c", "hello", "a reply")
    clinic.score()
    clinic.approve("c", who)
    second_reply(clinic, "c")
    return who


def test_a_message_is_kept_when_it_recalls_a_reply_beside_a_newer_one(clinic: Clinic):
    approved_and_a_second_reply(clinic)
    clinic.say("c", "wait")
    assert [one.status for one in clinic.deliveries("c")] == ["recalled"]
    assert clinic.draft("c").text == "a second reply"
    assert clinic.draft("c").status == "held"


def test_two_replies_waiting_to_be_sent_are_both_recalled(clinic: Clinic):
    who = approved_and_a_second_reply(clinic)
    clinic.score()
    clinic.approve("c", who)
    clinic.say("c", "wait")
    assert [one.status for one in clinic.deliveries("c")] == ["recalled", "recalled"]
    assert (clinic.draft("c").text, clinic.draft("c").status) == ("a second reply", "held")


def test_undo_works_beside_a_newer_reply(clinic: Clinic):
    who = approved_and_a_second_reply(clinic)
    undoing.undo(clinic.session, clinic.deliveries("c")[0].id, who)
    assert clinic.deliveries("c")[0].status == "recalled"
    assert clinic.draft("c").text == "a second reply"


def test_a_message_before_a_phrase_hit_joins_its_item(clinic: Clinic):
    clinic.say("c", "first", arm="flagged")
    clinic.say("c", "second", floor=Severity.L3)
    clinic.score(Severity.L4)
    item = clinic.open_item("c")
    assert {one.item_id for one in clinic.messages("c")} == {item.id}
    assert item.severity == Severity.L4
    assert (item.first_sequence, item.read_sequence) == (1, 0)


def test_a_message_whose_arm_turns_to_hold_all_before_its_score_is_put_up(clinic: Clinic):
    clinic.say("c", "first", "a reply", arm="flagged")
    clinic.say("d", "else", arm="flagged")
    clinic.arm("strict")
    clinic.say("d", "more", arm="strict")

    default = select(Arm.policy_version_id).where(
        Arm.study_id == clinic.study_id, Arm.name == "default"
    )
    clinic.session.execute(
        update(Arm)
        .where(Arm.study_id == clinic.study_id, Arm.name == "flagged")
        .values(policy_version_id=default.scalar_subquery())
    )
    clinic.score(Severity.L3)
    for name in ("c", "d"):
        item = clinic.open_item(name)
        assert {one.item_id for one in clinic.messages(name)} == {item.id}
        assert item.severity == Severity.L3


def test_an_unscored_message_beside_an_open_item_joins_it_when_late(clinic: Clinic):
    clinic.say("c", "first", arm="flagged")
    clinic.say("c", "second", floor=Severity.L3)
    clinic.wait(6)
    settling.put_up_late(clinic.session, now=now(clinic.session))
    item = clinic.open_item("c")
    assert {one.item_id for one in clinic.messages("c")} == {item.id}


def closed_with_own_words(clinic: Clinic, level: Severity, *, arm: str | None = None) -> uuid.UUID:
    who = clinic.person()
    clinic.say("c", "hello", arm=arm)
    clinic.score(level)
    clinic.claim("c", who)
    clinic.decide("c", who, Action.REPLACE, text="my own words")
    assert clinic.item("c") is None
    return who


def test_undone_words_leave_the_level_and_the_bridge_of_what_they_answered(clinic: Clinic):
    who = closed_with_own_words(clinic, Severity.L2)
    undoing.undo(clinic.session, clinic.deliveries("c")[0].id, who)
    item = clinic.open_item("c")
    assert item.severity == Severity.L2
    assert item.bridge_due_at is not None
    clinic.wait(61)
    assert bridging.bridge(clinic.session, item.id, now=now(clinic.session))


def test_undone_words_are_on_the_card_that_opens(clinic: Clinic):
    who = closed_with_own_words(clinic, Severity.L2)
    undoing.undo(clinic.session, clinic.deliveries("c")[0].id, who)
    kept = select(WorkingText.text).where(WorkingText.item_id == clinic.open_item("c").id)
    assert clinic.session.scalar(kept) == "my own words"


def test_a_message_that_recalls_a_persons_words_brings_back_what_they_answered(clinic: Clinic):
    closed_with_own_words(clinic, Severity.L2, arm="flagged")
    clinic.say("c", "and one more")
    clinic.score(Severity.L0)
    item = clinic.open_item("c")
    assert item.severity == Severity.L2
    kept = select(WorkingText.text).where(WorkingText.item_id == item.id)
    assert clinic.session.scalar(kept) == "my own words"


def test_an_undone_reply_of_an_open_item_owes_its_bridge_again(clinic: Clinic):
    who = clinic.person()
    clinic.say("c", "hello", "a reply")
    clinic.score(Severity.L3)
    clinic.approve("c", who)
    assert clinic.open_item("c").bridge_due_at is None
    undoing.undo(clinic.session, clinic.deliveries("c")[0].id, who)
    assert clinic.open_item("c").bridge_due_at is not None


def test_an_undone_reply_after_a_bridge_owes_no_second_one(clinic: Clinic):
    who = clinic.person()
    clinic.say("c", "hello", "a reply")
    clinic.score(Severity.L2)
    clinic.wait(61)
    bridging.bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))
    clinic.approve("c", who)
    undoing.undo(clinic.session, clinic.deliveries("c")[-1].id, who)
    assert clinic.open_item("c").bridge_due_at is None
    assert clinic.open_item("c").severity == Severity.L2


def test_imminent_after_an_acknowledgement_pages_in_every_arm(clinic: Clinic):
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.say("c", "first", arm="flagged")
    clinic.score(Severity.L4)
    found = clinic.session.scalars(select(Escalation)).one()
    clinic.claim("c", who)
    escalating.acknowledge(clinic.session, found.id, who, now=now(clinic.session))
    clinic.decide("c", who, Action.MARK_READ)
    assert clinic.item("c") is None
    before = pages(clinic.session)
    clinic.say("c", "second")
    clinic.score(Severity.L4)
    assert pages(clinic.session) > before
    assert clinic.session.scalars(select(Escalation)).one().status == "open"


def test_a_score_above_what_a_person_lowered_raises_it_again(clinic: Clinic):
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.say("c", "hello")
    item = clinic.claim("c", who)
    undoing.lower_level(clinic.session, item.id, who, to=Severity.L0, reason="a song")
    clinic.score(Severity.L4)
    assert clinic.open_item("c").severity == Severity.L4
    assert pages(clinic.session) == 1


def test_a_late_reply_to_a_message_at_risk_is_never_released_unread(clinic: Clinic):
    who = clinic.person()
    clinic.say("c", "hello", arm="flagged")
    clinic.score(Severity.L2)
    clinic.claim("c", who)
    clinic.decide("c", who, Action.MARK_READ)
    second_reply(clinic, "c")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == "held"
    assert clinic.open_item("c").severity == Severity.L2


def test_a_failed_text_is_not_sent_again_once_the_participant_wrote_again(clinic: Clinic):
    who = clinic.person()
    sent = clinic.send("c", who)
    clinic.wait(1)
    clinic.say("c", "something new")
    clinic.confirm(sent, delivered=False)
    assert clinic.draft("c").status == "held"
    assert clinic.draft("c").item_id == clinic.open_item("c").id
    clinic.wait(60)
    assert clinic.hand_out() == 0


def test_a_text_waiting_for_its_retry_is_recalled_by_a_new_message(clinic: Clinic):
    who = clinic.person()
    clinic.confirm(clinic.send("c", who), delivered=False)
    clinic.say("c", "something new")
    clinic.wait(60)
    assert clinic.hand_out() == 0


def test_a_recalled_draft_gets_the_score_that_was_still_to_come(clinic: Clinic):
    who = clinic.person()
    clinic.say("c", "hello", "a reply")
    clinic.approve("c", who)
    undoing.undo(clinic.session, clinic.deliveries("c")[0].id, who)
    clinic.score(flags=[Flag.F02])
    assert clinic.draft("c").status == "held"
    assert clinic.draft("c").grade == "H3"


def test_a_message_read_unscored_that_turns_out_grave_is_put_up_again(clinic: Clinic):
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.say("c", "hello", "a reply")
    clinic.approve("c", who)
    assert clinic.item("c") is None
    clinic.score(Severity.L4)
    assert clinic.open_item("c").severity == Severity.L4
    assert pages(clinic.session) == 1


def test_what_a_later_reply_answered_is_not_put_up_with_what_follows(clinic: Clinic):
    clinic.say("c", "one", arm="flagged")
    clinic.say("c", "two", "a reply")
    clinic.score()
    clinic.hand_out()
    assert clinic.draft("c").status == "released"
    clinic.wait(1000)
    clinic.say("c", "three")
    clinic.score(Severity.L2)
    assert clinic.open_item("c").first_sequence == clinic.messages("c")[-1].sequence


def test_only_readers_send_again(clinic: Clinic):
    who = clinic.person()
    sent = clinic.send("c", who)
    clinic.wait(100)
    delivering.lose_sight(clinic.session, now=now(clinic.session))
    with pytest.raises(NotPermitted):
        delivering.resend(clinic.session, sent.id, clinic.person(Role.STUDY_LEAD))


def test_handing_up_again_never_sets_a_running_ladder_back(clinic: Clinic):
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.say("c", "hello")
    clinic.score(Severity.L4)
    clinic.wait(301)
    climbing.climb_due(clinic.session, now=now(clinic.session))
    clinic.claim("c", who)
    clinic.decide("c", who, Action.ESCALATE, reason="needs a supervisor")
    found = clinic.session.scalars(
        select(Escalation).execution_options(populate_existing=True)
    ).one()
    assert found.step == 3


def test_a_correction_asked_for_twice_is_sent_once(clinic: Clinic):
    who = clinic.person()
    sent = clinic.send("c", who)
    clinic.confirm(sent)
    name = uuid.uuid4()
    first, again = (
        undoing.correct(clinic.session, sent.id, who, name, text="sorry", reason="wrong")
        for _ in range(2)
    )
    assert first == again
    assert len(clinic.deliveries("c")) == 2


def test_who_left_the_team_decides_nothing_more(clinic: Clinic):
    who = clinic.person()
    clinic.say("c", "hello", "a reply")
    clinic.score()
    clinic.claim("c", who)
    person = clinic.session.get_one(Clinician, who)
    person.deactivated_at = now(clinic.session)
    clinic.session.flush()
    with pytest.raises(NotPermitted):
        clinic.decide("c", who, Action.APPROVE)

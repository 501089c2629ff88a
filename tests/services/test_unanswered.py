"""A message that the bot never answers is seen by somebody, in whatever arm."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.services import settling
from tests.services.clinic import Clinic


def look(clinic: Clinic, seconds: float) -> int:
    clinic.wait(seconds)
    return settling.put_up_unanswered(clinic.session, now=now(clinic.session))


@pytest.mark.parametrize("severity", [Severity.L0, Severity.L1])
def test_a_low_message_without_a_reply_comes_up_after_the_policys_time(clinic: Clinic, severity):
    clinic.say("c", "slept badly", arm="flagged")
    clinic.score(severity)
    assert clinic.item("c") is None
    assert look(clinic, 599) == 0
    assert clinic.item("c") is None
    assert look(clinic, 2) == 1
    item = clinic.open_item("c")
    assert (item.status, item.severity) == (ItemStatus.WAITING, severity)
    assert clinic.messages("c")[0].item_id == item.id
    opened = clinic.session.scalars(select(AuditEvent).where(AuditEvent.kind == "item.open")).one()
    assert opened.detail["why"] == "no reply came"
    assert look(clinic, 600) == 0


def test_its_clock_runs_from_its_receipt(clinic: Clinic):
    clinic.say("c", "slept badly", arm="flagged")
    clinic.score(Severity.L1)
    look(clinic, 601)
    message = clinic.messages("c")[0]
    waited = clinic.open_item("c").deadline_at - message.received_at
    assert waited.total_seconds() == 86_400


def test_an_answered_one_opens_nothing(clinic: Clinic):
    clinic.say("c", "slept well", "good", arm="flagged")
    clinic.score()
    assert clinic.deliveries("c")
    assert look(clinic, 3600) == 0
    assert clinic.item("c") is None


def test_several_messages_may_have_one_answer(clinic: Clinic):
    clinic.say("c", "well", arm="flagged")
    clinic.say("c", "slept well", "good", arm="flagged")
    clinic.score()
    assert look(clinic, 3600) == 0


def test_what_comes_after_the_answer_waits_again(clinic: Clinic):
    clinic.say("c", "slept well", "good", arm="flagged")
    clinic.score()
    clinic.hand_out()
    clinic.confirm(clinic.deliveries("c")[0])
    clinic.say("c", "thanks", arm="flagged")
    clinic.score()
    assert look(clinic, 601) == 1
    assert clinic.messages("c")[0].item_id is None
    assert clinic.messages("c")[1].item_id == clinic.open_item("c").id


def test_an_arm_may_wait_for_longer(clinic: Clinic):
    clinic.arm("slow", mode=Mode.HOLD_FLAGGED, automatic_release=True, unanswered_seconds=3600)
    clinic.say("c", "slept badly", arm="slow")
    clinic.say("d", "slept badly", arm="flagged")
    clinic.score()
    assert look(clinic, 601) == 1
    assert (clinic.item("c"), clinic.open_item("d").severity) == (None, Severity.L0)
    assert look(clinic, 3000) == 1


def test_a_reply_that_comes_after_it_was_put_up_can_still_be_released(clinic: Clinic):
    clinic.say("c", "slept badly", arm="flagged")
    clinic.score()
    look(clinic, 601)
    answers = clinic.messages("c")[0].external_id
    clinic.arrive("c", reply="tell me more", answers=answers)
    clinic.score()
    assert clinic.item("c") is not None, "and the message is still read by a person"


def test_the_wait_is_measured_from_when_it_was_sent_not_from_when_it_reached_us(clinic: Clinic):
    """Our gateway was away for three minutes; the bot reports afterwards what was said."""
    sent_at = now(clinic.session) - timedelta(minutes=3)
    clinic.say("c", "i took them", "hi", sent_at=sent_at)
    clinic.score(Severity.L4)
    item, (message,) = clinic.open_item("c"), clinic.messages("c")
    assert item.deadline_at == sent_at + timedelta(minutes=2)
    assert item.deadline_at < message.received_at, "over its time when it reached us, and shown so"

"""Handing out and receipts: order, once each, and honesty about what nobody knows."""

import uuid

import pytest

from db.session import now
from oversight.domain.errors import Conflict, NotFound
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus
from oversight.queries.outgoing import feed, reply_state
from oversight.services import delivering
from oversight.services.delivering import Receipt
from tests.services.clinic import Clinic


@pytest.fixture
def sent(clinic: Clinic):
    clinic.say("c", "hello", "hi", arm="flagged")
    clinic.score()
    clinic.hand_out()
    return clinic.deliveries("c")[0]


def receipt(clinic: Clinic, delivery, *, delivered: bool = True):
    told = Receipt(delivered=delivered, at=now(clinic.session))
    status = delivering.take_receipt(clinic.session, clinic.study_id, delivery.id, told)
    clinic.session.expire_all()
    return status


def test_only_a_receipt_means_delivered(clinic: Clinic, sent):
    assert sent.status == DeliveryStatus.SENDING
    assert clinic.draft("c").status == DraftStatus.RELEASED
    assert receipt(clinic, sent) is DeliveryStatus.DELIVERED
    assert clinic.draft("c").status == DraftStatus.DELIVERED
    assert receipt(clinic, sent) is DeliveryStatus.DELIVERED


def test_a_reported_failure_is_tried_again_under_the_same_id(clinic: Clinic, sent):
    assert receipt(clinic, sent, delivered=False) is DeliveryStatus.QUEUED
    clinic.wait(3)
    assert clinic.hand_out() == 1
    again = feed(clinic.session, clinic.study_id, after=1)
    assert [one.delivery_id for one in again] == [sent.id]


def test_after_three_failures_it_is_failed_and_left_to_a_person(clinic: Clinic, sent):
    for _ in range(3):
        status = receipt(clinic, clinic.deliveries("c")[0], delivered=False)
        clinic.wait(20)
        clinic.hand_out()
    assert status is DeliveryStatus.FAILED
    assert feed(clinic.session, clinic.study_id, after=0) == []
    delivering.resend(clinic.session, sent.id, clinic.person())
    assert clinic.hand_out() == 1


def test_no_receipt_within_a_minute_is_uncertain_and_not_repeated(clinic: Clinic, sent):
    clinic.wait(59)
    assert delivering.lose_sight(clinic.session, now=now(clinic.session)) == 0
    clinic.wait(2)
    assert delivering.lose_sight(clinic.session, now=now(clinic.session)) == 1
    clinic.wait(600)
    assert clinic.hand_out() == 0


def test_a_late_receipt_settles_what_was_uncertain(clinic: Clinic, sent):
    clinic.wait(61)
    delivering.lose_sight(clinic.session, now=now(clinic.session))
    assert receipt(clinic, sent) is DeliveryStatus.DELIVERED


def test_a_receipt_for_what_was_never_handed_out_is_refused(clinic: Clinic):
    clinic.say("c", "hello", "hi", arm="flagged")
    clinic.score()
    with pytest.raises(Conflict):
        receipt(clinic, clinic.deliveries("c")[0])
    told = Receipt(delivered=True, at=now(clinic.session))
    with pytest.raises(NotFound):
        delivering.take_receipt(clinic.session, clinic.study_id, uuid.uuid4(), told)


def test_the_feed_is_in_order_and_a_cursor_misses_nothing(clinic: Clinic):
    for number in range(5):
        clinic.say(f"c{number}", "hello", f"hi {number}", arm="flagged")
        clinic.score()
        clinic.hand_out()
    first = feed(clinic.session, clinic.study_id, after=0, limit=2)
    rest = feed(clinic.session, clinic.study_id, after=first[-1].feed_position)
    assert [one.text for one in [*first, *rest]] == [f"hi {number}" for number in range(5)]


def test_another_study_sees_nothing_of_it(clinic: Clinic, sent):
    other = Clinic.open(clinic.session)
    assert feed(clinic.session, other.study_id, after=0) == []
    with pytest.raises(NotFound):
        reply_state(clinic.session, other.study_id, clinic.draft("c").reply_id)


def test_a_text_recalled_before_anybody_was_given_it_is_told_to_nobody(clinic: Clinic):
    """A newer draft was held when it came back: no revision of it follows that would hide it."""
    me = clinic.person()
    clinic.say("c", "hello", "the first reply")
    clinic.score()
    clinic.approve("c", me)
    first = clinic.draft("c")
    clinic.arrive("c", None, "a second reply", answers=clinic.messages("c")[0].external_id)
    clinic.say("c", "and another thing")
    state = reply_state(clinic.session, clinic.study_id, first.reply_id)
    assert state.status is DraftStatus.RECALLED
    assert (state.text, state.delivery_id) == (None, None)
    assert clinic.hand_out() == 0


def test_a_failure_that_is_reported_late_is_left_to_a_person(clinic: Clinic, sent):
    clinic.wait(61)
    delivering.lose_sight(clinic.session, now=now(clinic.session))
    assert receipt(clinic, sent, delivered=False) is DeliveryStatus.FAILED
    clinic.wait(60)
    assert clinic.hand_out() == 0
    assert clinic.open_item("c").undelivered_at is not None


@pytest.mark.parametrize("delivered", [True, False])
def test_another_study_cannot_settle_it(clinic: Clinic, sent, delivered):
    told = Receipt(delivered=delivered, at=now(clinic.session))
    other = Clinic.open(clinic.session)
    with pytest.raises(NotFound):
        delivering.take_receipt(clinic.session, other.study_id, sent.id, told)
    clinic.session.expire_all()
    assert clinic.deliveries("c")[0].status == DeliveryStatus.SENDING

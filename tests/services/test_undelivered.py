"""A text that failed or stays unconfirmed comes up in Triage, and leaves only when answered for."""

import uuid

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, Decision, Delivery, Escalation, Paging, ReviewItem
from oversight.domain.closing import Disposition
from oversight.domain.errors import IllegalTransition, NotPermitted, StaleVersion
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus, EscalationStatus, ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.sending import ATTEMPTS
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, ShiftPosition
from oversight.services import climbing, delivering, escalating, undelivered, undoing
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


def answered(clinic: Clinic, who: uuid.UUID, severity: Severity = Severity.L2) -> Delivery:
    """A person's own words, handed out, with the item closed behind them."""
    clinic.say("c", "words", "hi")
    clinic.score(severity)
    found = escalation(clinic)
    if found is not None:
        escalating.acknowledge(clinic.session, found.id, who, now=now(clinic.session))
    clinic.claim("c", who)
    assert clinic.decide("c", who, Action.REPLACE, text="This is Noa. I am here.").closed
    clinic.wait(6)
    assert clinic.hand_out() == 1
    return clinic.deliveries("c")[-1]


def silence(clinic: Clinic) -> None:
    """No receipt comes for a minute."""
    clinic.wait(61)
    delivering.lose_sight(clinic.session, now=now(clinic.session))


def fail(clinic: Clinic, delivery: Delivery) -> None:
    receipt = delivering.Receipt(delivered=False, at=now(clinic.session))
    for _ in range(ATTEMPTS):
        clinic.hand_out()
        delivering.take_receipt(clinic.session, clinic.study_id, delivery.id, receipt)
        clinic.wait(11)
    clinic.session.expire_all()


def settle(clinic: Clinic) -> int:
    return undelivered.settle_arrived(clinic.session, now=now(clinic.session))


def escalation(clinic: Clinic) -> Escalation | None:
    return clinic.session.scalars(
        select(Escalation).execution_options(populate_existing=True)
    ).one_or_none()


@pytest.mark.parametrize(
    "happens", [silence, lambda clinic: fail(clinic, clinic.deliveries("c")[-1])]
)
def test_a_text_that_did_not_arrive_comes_up_with_a_level_and_a_clock(clinic: Clinic, me, happens):
    answered(clinic, me)
    assert clinic.item("c") is None
    happens(clinic)
    item = clinic.open_item("c")
    assert (item.status, item.severity) == (ItemStatus.WAITING, Severity.L2)
    assert 3 * 3600 < (item.deadline_at - now(clinic.session)).total_seconds() <= 4 * 3600


def test_even_a_reply_without_risk_comes_up_as_low(clinic: Clinic):
    clinic.say("c", "slept well", "good", arm="flagged")
    clinic.score()
    clinic.hand_out()
    silence(clinic)
    assert clinic.open_item("c").severity == Severity.L1


def test_for_somebody_at_high_risk_it_escalates_by_rule(clinic: Clinic, me):
    answered(clinic, me, Severity.L3)
    found = escalation(clinic)
    assert found is not None
    at = now(clinic.session)
    escalating.resolve(clinic.session, found.id, me, resolution="spoke to them", now=at)
    silence(clinic)
    item = clinic.open_item("c")
    assert (item.status, item.severity) == (ItemStatus.ESCALATED, Severity.L3)
    opened = clinic.session.scalars(
        select(Escalation).where(Escalation.status == EscalationStatus.OPEN)
    ).one()
    called = select(Paging.clinician_id).where(Paging.escalation_id == opened.id)
    assert clinic.session.scalars(called).all() == [me]


def test_words_that_may_not_have_arrived_are_no_contact(clinic: Clinic, me):
    """Contact stops the calls for good; in doubt, the acknowledgement lapses like any other."""
    answered(clinic, me, Severity.L4)
    silence(clinic)
    found = escalation(clinic)
    assert found is not None
    assert found.contact_begun_at is None
    clinic.wait(301)
    climbing.climb_due(clinic.session, now=now(clinic.session))
    found = escalation(clinic)
    assert found is not None
    assert found.status == EscalationStatus.OPEN


def test_it_joins_the_item_that_is_open_already(clinic: Clinic, me):
    answered(clinic, me)
    clinic.say("c", "and more", "hi again")
    clinic.score(Severity.L1)
    before = clinic.open_item("c")
    version, item_id = before.version, before.id
    silence(clinic)
    item = clinic.open_item("c")
    assert (item.id, item.severity) == (item_id, Severity.L2)
    assert item.version > version, "whoever has it open is told"


def test_reading_alone_does_not_answer_for_it(clinic: Clinic, me):
    answered(clinic, me)
    silence(clinic)
    clinic.claim("c", me)
    with pytest.raises(NotPermitted):
        clinic.decide("c", me, Action.MARK_READ)


def test_deciding_the_next_reply_leaves_it_open(clinic: Clinic, me):
    answered(clinic, me)
    clinic.say("c", "and more", "hi again")
    clinic.score(Severity.L1)
    silence(clinic)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.APPROVE)
    assert not result.closed
    assert "may not have reached" in result.still_open[0]


def test_sending_it_again_is_a_decision_and_closes_the_item(clinic: Clinic, me):
    text = answered(clinic, me)
    silence(clinic)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.RESEND)
    assert (result.closed, result.delivery_id) == (True, text.id)
    assert clinic.deliveries("c")[-1].status == DeliveryStatus.QUEUED
    kinds = clinic.session.scalars(select(Decision.kind).order_by(Decision.id)).all()
    assert kinds == [DecisionKind.REPLACE, DecisionKind.RESEND]
    assert clinic.hand_out() == 1
    silence(clinic)
    assert clinic.item("c") is not None, "and it comes up again when that is not confirmed either"


def test_other_words_answer_for_it(clinic: Clinic, me):
    answered(clinic, me)
    silence(clinic)
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.REPLACE, text="Did this reach you?").closed
    assert clinic.deliveries("c")[0].attended_at is not None


def test_reached_otherwise_needs_words_and_closes(clinic: Clinic, me):
    answered(clinic, me)
    silence(clinic)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.REACHED, reason="spoke on the phone at noon")
    assert result.closed
    found = clinic.session.scalars(
        select(ReviewItem.disposition).order_by(ReviewItem.opened_at.desc())
    ).first()
    assert found == Disposition.REACHED
    assert "delivery.attend" in clinic.session.scalars(select(AuditEvent.kind)).all()


def test_for_somebody_at_high_risk_no_answer_closes_it_without_an_owner(clinic: Clinic, me):
    answered(clinic, me, Severity.L3)
    found = escalation(clinic)
    assert found is not None
    at = now(clinic.session)
    escalating.resolve(clinic.session, found.id, me, resolution="spoke to them", now=at)
    silence(clinic)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.RESEND)
    assert not result.closed
    assert clinic.open_item("c").severity == Severity.L3


def test_a_receipt_that_comes_late_takes_it_off_the_queue(clinic: Clinic, me):
    text = answered(clinic, me)
    silence(clinic)
    clinic.confirm(text)
    assert settle(clinic) == 1
    assert clinic.item("c") is None
    found = clinic.session.scalars(
        select(ReviewItem.disposition).order_by(ReviewItem.opened_at.desc())
    ).first()
    assert found == Disposition.SETTLED


def test_a_late_receipt_takes_nothing_else_off_the_queue(clinic: Clinic, me):
    text = answered(clinic, me)
    clinic.say("c", "and more", "hi again")
    clinic.score(Severity.L1)
    silence(clinic)
    clinic.confirm(text)
    settle(clinic)
    item = clinic.open_item("c")
    assert (item.severity, item.undelivered_at) == (Severity.L1, None)


def test_a_late_receipt_does_not_lower_what_called_people(clinic: Clinic, me):
    text = answered(clinic, me, Severity.L3)
    silence(clinic)
    clinic.confirm(text)
    settle(clinic)
    assert clinic.open_item("c").severity == Severity.L3


def test_a_late_receipt_leaves_an_open_card_to_its_reader(clinic: Clinic, me):
    text = answered(clinic, me)
    silence(clinic)
    clinic.claim("c", me)
    clinic.confirm(text)
    with pytest.raises(StaleVersion):
        clinic.decide("c", me, Action.RESEND)
    settle(clinic)
    assert clinic.open_item("c").status == ItemStatus.CLAIMED
    assert clinic.decide("c", me, Action.MARK_READ).closed


def test_without_a_receipt_it_stays_for_ever(clinic: Clinic, me):
    answered(clinic, me)
    silence(clinic)
    for _ in range(3):
        clinic.wait(86_400)
        assert settle(clinic) == 0
    assert clinic.item("c") is not None


def test_an_uncertain_text_can_be_retracted_and_that_answers_for_it(clinic: Clinic, me):
    clinic.say("c", "words", "a harmful reply", arm="flagged")
    clinic.score()
    clinic.hand_out()
    silence(clinic)
    (text,) = clinic.deliveries("c")
    words = {"text": "Please ignore that.", "reason": "harmful"}
    undoing.correct(clinic.session, text.id, me, uuid.uuid4(), retract=True, **words)
    settle(clinic)
    assert clinic.item("c") is None
    clinic.confirm(text)
    assert clinic.draft("c").status == DraftStatus.RETRACTED


def test_a_text_that_failed_cannot_be_retracted(clinic: Clinic, me):
    fail(clinic, answered(clinic, me))
    (text,) = clinic.deliveries("c")
    with pytest.raises(NotPermitted):
        undoing.correct(clinic.session, text.id, me, uuid.uuid4(), text="no", reason="no")


def test_a_retraction_in_doubt_is_moderate_at_least(clinic: Clinic, me):
    clinic.say("c", "words", "a reply", arm="flagged")
    clinic.score()
    clinic.hand_out()
    (text,) = clinic.deliveries("c")
    clinic.confirm(text)
    undoing.correct(clinic.session, text.id, me, uuid.uuid4(), text="Sorry.", reason="harmful")
    clinic.hand_out()
    silence(clinic)
    assert clinic.open_item("c").severity == Severity.L2


def test_a_person_may_lower_it(clinic: Clinic, me):
    answered(clinic, me)
    silence(clinic)
    item = clinic.claim("c", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L0, reason="a greeting")
    assert clinic.open_item("c").severity == Severity.L0


def test_sent_again_from_the_conversation_page_it_leaves_the_queue(clinic: Clinic, me):
    text = answered(clinic, me)
    silence(clinic)
    delivering.resend(clinic.session, text.id, me)
    settle(clinic)
    assert clinic.item("c") is None
    with pytest.raises(IllegalTransition):
        delivering.resend(clinic.session, text.id, me)

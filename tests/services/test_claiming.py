"""Claims: one holder, worst first, lapsing when the reader is gone."""

import uuid

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, Claim, Skip
from oversight.domain.errors import AlreadyClaimed, ClaimLost, Incomplete, NotPermitted
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, Role, allowed_actions
from oversight.domain.severity import Severity
from oversight.queries.queue import filtered_queue
from oversight.queries.queue_filter import QueueFilter
from oversight.queries.triage import card
from oversight.services import claiming, deciding
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def test_the_worst_comes_first_then_the_one_that_waits_longest(clinic: Clinic, me):
    for name, severity in (("low", Severity.L1), ("early", Severity.L2), ("late", Severity.L2)):
        clinic.say(name, "words", "hi")
        clinic.score(severity)
        clinic.wait(10)
    clinic.say("grave", "words", "hi")
    clinic.score(Severity.L4)
    order = []
    for _ in range(4):
        found = claiming.claim_next(clinic.session, clinic.person())
        order.append(found)
    expected = [clinic.open_item(name).id for name in ("grave", "early", "late", "low")]
    assert order == expected
    assert claiming.claim_next(clinic.session, me) is None


def test_somebody_in_danger_comes_before_what_is_long_overdue(clinic: Clinic, me):
    clinic.say("overdue", "words", "hi")
    clinic.score(Severity.L1)
    clinic.wait(25 * 3600)
    clinic.say("danger", "words", "hi")
    clinic.score(Severity.L3)
    overdue, danger = clinic.open_item("overdue"), clinic.open_item("danger")
    assert overdue.deadline_at < now(clinic.session) < danger.deadline_at
    assert claiming.claim_next(clinic.session, me) == danger.id


def test_a_reload_never_takes_a_second_item(clinic: Clinic, me):
    clinic.say("a", "words")
    clinic.say("b", "words")
    first = claiming.claim_next(clinic.session, me)
    assert claiming.claim_next(clinic.session, me) == first


def test_an_item_has_one_holder_and_the_refusal_names_them(clinic: Clinic, me):
    clinic.say("c", "words")
    item = clinic.claim("c", me)
    with pytest.raises(AlreadyClaimed, match="Person"):
        claiming.claim(clinic.session, item.id, clinic.person())


def test_a_lease_lapses_when_nobody_renews_it_and_not_before(clinic: Clinic, me):
    clinic.say("c", "words")
    item = clinic.claim("c", me)
    clinic.wait(100)
    claiming.renew(clinic.session, item.id, me)
    clinic.wait(100)
    assert claiming.lapse_claims(clinic.session, now=now(clinic.session)) == 0
    clinic.wait(21)
    assert claiming.lapse_claims(clinic.session, now=now(clinic.session)) == 1
    assert clinic.open_item("c").status == ItemStatus.WAITING
    with pytest.raises(ClaimLost):
        claiming.renew(clinic.session, item.id, me)


@pytest.mark.parametrize("how", ["next", "chosen"])
def test_without_a_clock_a_reader_takes_what_somebody_left_lying(clinic: Clinic, me, how):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.claim("c", me)
    other = clinic.person()
    clinic.wait(119)
    assert claiming.claim_next(clinic.session, other) is None
    clinic.wait(2)
    if how == "next":
        assert claiming.claim_next(clinic.session, other) == item.id
    else:
        claiming.claim(clinic.session, item.id, other)
    live = clinic.session.scalars(select(Claim.clinician_id).where(Claim.ended_at.is_(None))).all()
    assert live == [other]
    told = select(AuditEvent).where(AuditEvent.kind == "item.return_escalated")
    returned = clinic.session.scalars(told).one()
    assert (returned.actor_id, returned.detail["lapsed"]) == ("claiming", True)


def test_the_list_offers_what_somebody_left_lying(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    item = clinic.claim("c", me)
    assert filtered_queue(clinic.session, me, QueueFilter()).lines[0].holder is not None
    clinic.wait(121)
    assert filtered_queue(clinic.session, me, QueueFilter()).lines[0].holder is None
    other = clinic.person()
    view = card(clinic.session, item.id, other).view
    assert Action.CLAIM in allowed_actions(view, clinician_id=str(other), role=Role.CLINICIAN)


def test_whoever_lost_an_item_to_another_can_no_longer_decide_it(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L1)
    clinic.claim("c", me)
    request = clinic.request("c", me, Action.APPROVE)
    clinic.wait(121)
    clinic.claim("c", clinic.person())
    with pytest.raises(ClaimLost):
        deciding.decide(clinic.session, request)


def test_an_escalated_item_goes_back_as_escalated(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.claim("c", me)
    claiming.unclaim(clinic.session, item.id, me)
    assert clinic.open_item("c").status == ItemStatus.ESCALATED


def test_opening_another_item_gives_the_first_one_back(clinic: Clinic, me):
    clinic.say("a", "words")
    clinic.say("b", "words")
    clinic.claim("a", me)
    clinic.claim("b", me)
    assert clinic.open_item("a").status == ItemStatus.WAITING
    live = clinic.session.scalars(select(Claim).where(Claim.ended_at.is_(None))).all()
    assert len(live) == 1


def test_a_skip_needs_a_reason_and_is_not_offered_again_at_once(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L1)
    item = clinic.claim("c", me)
    with pytest.raises(Incomplete):
        claiming.skip(clinic.session, item.id, me, reason=" ")
    claiming.skip(clinic.session, item.id, me, reason="I know them")
    assert claiming.claim_next(clinic.session, me) is None
    assert claiming.claim_next(clinic.session, clinic.person()) == item.id
    assert clinic.session.scalars(select(Skip.reason)).one() == "I know them"


def test_skipping_a_grave_item_names_the_next_owner(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.claim("c", me)
    with pytest.raises(Incomplete):
        claiming.skip(clinic.session, item.id, me, reason="too close")
    other, third = clinic.person(), clinic.person()
    claiming.skip(clinic.session, item.id, me, reason="too close", next_owner_id=other)
    assert claiming.claim_next(clinic.session, third) is None
    assert claiming.claim_next(clinic.session, other) == item.id


def test_an_item_kept_for_somebody_who_does_not_come_is_offered_to_all(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.claim("c", me)
    claiming.skip(clinic.session, item.id, me, reason="x", next_owner_id=clinic.person())
    clinic.wait(121)
    assert claiming.claim_next(clinic.session, clinic.person()) == item.id


def test_a_conversation_goes_to_someone_who_reads_its_language_or_a_supervisor(clinic: Clinic):
    clinic.say("c", "hola", "hola", language="es-MX")
    clinic.score(Severity.L1)
    item = clinic.open_item("c")
    assert claiming.claim_next(clinic.session, clinic.person()) is None
    assert claiming.claim_next(clinic.session, clinic.person(languages=("es",))) == item.id
    claiming.lapse_claims(clinic.session, now=now(clinic.session))
    clinic.wait(121)
    claiming.lapse_claims(clinic.session, now=now(clinic.session))
    assert claiming.claim_next(clinic.session, clinic.person(Role.SUPERVISOR)) == item.id


def test_nobody_at_risk_waits_for_a_translator(clinic: Clinic, me):
    clinic.say("c", "ya no quiero vivir", "hola", language="es", floor=Severity.L3)
    assert claiming.claim_next(clinic.session, me) == clinic.open_item("c").id


@pytest.mark.parametrize("role", [Role.STUDY_LEAD, Role.ADMIN])
def test_only_readers_take_items(clinic: Clinic, role):
    clinic.say("c", "words")
    with pytest.raises(NotPermitted):
        claiming.claim_next(clinic.session, clinic.person(role))


def test_a_lease_that_ran_out_cannot_be_renewed_even_before_the_sweep(clinic: Clinic, me):
    clinic.say("c", "words")
    item = clinic.claim("c", me)
    clinic.wait(121)
    with pytest.raises(ClaimLost):
        claiming.renew(clinic.session, item.id, me)

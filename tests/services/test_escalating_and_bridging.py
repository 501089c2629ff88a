"""Ladders that climb, acknowledgements that lapse, bridges that cover a hold."""

import uuid

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, Escalation, Paging
from oversight.domain.errors import IllegalTransition, Incomplete, NotPermitted
from oversight.domain.ladder import REPEAT_SECONDS
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import DeliveryKind, ShiftPosition
from oversight.services import climbing, duty, escalating, undoing
from oversight.services.bridging import bridge, due_bridges
from tests.services.clinic import Clinic


def escalation(clinic: Clinic) -> Escalation:
    return clinic.session.scalars(
        select(Escalation).execution_options(populate_existing=True)
    ).one()


def tick(clinic: Clinic, seconds: float = 0) -> None:
    clinic.wait(seconds)
    climbing.climb_due(clinic.session, now=now(clinic.session))


def called(clinic: Clinic) -> list[object]:
    return list(clinic.session.scalars(select(Paging.clinician_id).order_by(Paging.at, Paging.id)))


@pytest.fixture
def team(clinic: Clinic):
    return {
        "primary": clinic.person(on_duty=ShiftPosition.PRIMARY),
        "secondary": clinic.person(on_duty=ShiftPosition.SECONDARY),
        "supervisor": clinic.person(Role.SUPERVISOR),
        "study_lead": clinic.person(Role.STUDY_LEAD),
    }


def grave(clinic: Clinic, severity: Severity = Severity.L4) -> None:
    clinic.say("c", "words", "hi")
    clinic.score(severity)


def test_the_ladder_climbs_on_time_until_somebody_has_it(clinic: Clinic, team):
    grave(clinic)
    assert called(clinic) == [team["primary"]]
    tick(clinic, 119)
    assert len(called(clinic)) == 1
    tick(clinic, 2)
    assert set(called(clinic)[1:]) == {team["primary"], team["secondary"]}
    tick(clinic, 180)
    assert team["supervisor"] in called(clinic)
    tick(clinic, 300)
    assert team["study_lead"] in called(clinic)
    tick(clinic, 300)
    assert None in called(clinic)
    kinds = clinic.session.scalars(select(AuditEvent.kind)).all()
    assert "escalation.not_covered" in kinds


def test_unowned_it_pages_for_ever(clinic: Clinic, team):
    grave(clinic)
    tick(clinic, 3600)
    before = len(called(clinic))
    for _ in range(3):
        tick(clinic, REPEAT_SECONDS + 1)
    assert len(called(clinic)) >= before + 3


def test_a_clock_that_was_down_catches_up_with_every_step(clinic: Clinic, team):
    grave(clinic)
    tick(clinic, 700)
    assert {team["primary"], team["secondary"], team["supervisor"], team["study_lead"]} <= set(
        called(clinic)
    )


def test_having_it_stops_the_ladder_for_a_while_only(clinic: Clinic, team):
    grave(clinic)
    escalating.acknowledge(
        clinic.session, escalation(clinic).id, team["primary"], now=now(clinic.session)
    )
    tick(clinic, 299)
    assert len(called(clinic)) == 1
    tick(clinic, 2)
    assert escalation(clinic).status == EscalationStatus.OPEN
    assert escalation(clinic).owner_id is None
    assert len(called(clinic)) == 2


def test_human_words_to_the_participant_keep_the_acknowledgement(clinic: Clinic, team):
    grave(clinic)
    me = team["primary"]
    escalating.acknowledge(clinic.session, escalation(clinic).id, me, now=now(clinic.session))
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.REPLACE, text="This is Noa. I am here.").closed
    tick(clinic, 3600)
    assert escalation(clinic).owner_id == me
    assert len(called(clinic)) == 1


def test_another_imminent_message_starts_the_ladder_anew(clinic: Clinic, team):
    grave(clinic)
    escalating.acknowledge(
        clinic.session, escalation(clinic).id, team["primary"], now=now(clinic.session)
    )
    clinic.say("c", "i took them", "hi")
    clinic.score(Severity.L4)
    assert escalation(clinic).status == EscalationStatus.OPEN
    assert len(called(clinic)) == 2


def test_a_higher_level_starts_a_new_ladder(clinic: Clinic, team):
    grave(clinic, Severity.L3)
    tick(clinic, 60)
    clinic.say("c", "now", "hi")
    clinic.score(Severity.L4)
    assert (escalation(clinic).severity, escalation(clinic).step) == (Severity.L4, 1)


def test_more_of_the_same_level_does_not_page_again(clinic: Clinic, team):
    grave(clinic, Severity.L3)
    clinic.say("c", "still", "hi")
    clinic.score(Severity.L3)
    assert len(called(clinic)) == 1


def test_an_escalation_ends_only_with_an_owner_and_words(clinic: Clinic, team):
    grave(clinic)
    one, me = escalation(clinic), team["primary"]
    escalating.acknowledge(clinic.session, one.id, me, now=now(clinic.session))
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.APPROVE).closed
    tick(clinic, 301)
    with pytest.raises(IllegalTransition):
        resolve(clinic, one, me)
    escalating.acknowledge(clinic.session, one.id, me, now=now(clinic.session))
    with pytest.raises(Incomplete):
        resolve(clinic, one, me, words=" ")
    resolve(clinic, one, me)
    before = len(called(clinic))
    tick(clinic, 9999)
    assert len(called(clinic)) == before


@pytest.mark.parametrize("ends", ["decided", "lowered"])
def test_an_escalation_is_not_resolved_while_its_item_is_open_at_high_or_above(
    clinic: Clinic, team, ends
):
    grave(clinic, Severity.L3)
    one, me = escalation(clinic), team["primary"]
    escalating.acknowledge(clinic.session, one.id, me, now=now(clinic.session))
    with pytest.raises(NotPermitted, match="first answer the conversation in Triage"):
        resolve(clinic, one, me)
    item = clinic.claim("c", me)
    if ends == "lowered":
        undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="a song")
    else:
        assert clinic.decide("c", me, Action.APPROVE).closed
    resolve(clinic, one, me)
    assert escalation(clinic).status == EscalationStatus.RESOLVED


def resolve(clinic: Clinic, one: Escalation, who: uuid.UUID, words: str = "is safe") -> None:
    at = now(clinic.session)
    escalating.resolve(clinic.session, one.id, who, resolution=words, now=at)


def test_a_ladder_that_runs_is_not_changed_by_a_new_policy(clinic: Clinic, team):
    grave(clinic)
    frozen = list(escalation(clinic).steps)
    clinic.arm("another", ladders={})
    assert escalation(clinic).steps == frozen


@pytest.mark.parametrize(
    ("severity", "seconds"), [(Severity.L4, 20), (Severity.L3, 30), (Severity.L2, 60)]
)
def test_a_hold_is_bridged_at_the_clock_of_its_level(clinic: Clinic, severity, seconds):
    clinic.say("c", "words", "hi", language="es")
    clinic.score(severity)
    clinic.wait(seconds - 1)
    assert due_bridges(clinic.session, now=now(clinic.session)) == []
    clinic.wait(1)
    (item_id,) = due_bridges(clinic.session, now=now(clinic.session))
    assert bridge(clinic.session, item_id, now=now(clinic.session))
    (sent,) = clinic.deliveries("c")
    assert sent.kind == DeliveryKind.BRIDGE
    assert "Soy una IA" in sent.text or "Soy un programa" in sent.text
    assert due_bridges(clinic.session, now=now(clinic.session)) == []


def test_a_bridge_never_goes_out_before_its_time_and_only_once(clinic: Clinic):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.open_item("c").id
    clinic.wait(29)
    assert not bridge(clinic.session, item, now=now(clinic.session))
    clinic.wait(2)
    assert bridge(clinic.session, item, now=now(clinic.session))
    assert not bridge(clinic.session, item, now=now(clinic.session))
    assert len(clinic.deliveries("c")) == 1


def bridged(clinic: Clinic) -> str:
    """The list from which the newest bridge was taken."""
    clinic.wait(61)
    assert bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))
    return str(clinic.deliveries("c")[-1].variant).split(":")[0]


@pytest.mark.parametrize("severity", [Severity.L1, Severity.L2, None])
def test_below_high_nobody_was_called_and_the_bridge_does_not_say_so(
    clinic: Clinic, team, severity
):
    clinic.say("c", "words", "hi")
    clinic.score(severity)
    clinic.wait(60)
    assert bridged(clinic) == "waiting"


def test_with_nobody_on_duty_the_bridge_does_not_say_that_a_person_was_told(clinic: Clinic):
    clinic.person(Role.SUPERVISOR)
    grave(clinic)
    assert bridged(clinic) == "waiting"


def test_with_somebody_on_duty_called_the_bridge_says_so(clinic: Clinic, team):
    grave(clinic)
    assert bridged(clinic) == "bridge"


def test_whoever_was_called_and_has_left_counts_no_more(clinic: Clinic):
    only = clinic.person(on_duty=ShiftPosition.PRIMARY)
    grave(clinic)
    duty.go_off_duty(clinic.session, only)
    assert bridged(clinic) == "waiting"


def test_whoever_has_it_was_told(clinic: Clinic):
    supervisor = clinic.person(Role.SUPERVISOR)
    grave(clinic)
    at = now(clinic.session)
    escalating.acknowledge(clinic.session, escalation(clinic).id, supervisor, now=at)
    assert bridged(clinic) == "bridge"


def test_a_bridge_needs_no_draft(clinic: Clinic):
    clinic.say("c", "words")
    clinic.score(Severity.L4)
    clinic.wait(21)
    assert bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))


def test_an_ordinary_hold_gets_one_neutral_note(clinic: Clinic):
    for _ in range(2):
        clinic.say("c", "words", "hi")
        clinic.score(Severity.L0)
        clinic.wait(121)
        bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))
    assert [one.kind for one in clinic.deliveries("c")] == [DeliveryKind.NOTE]


def test_bridges_vary_within_a_conversation(clinic: Clinic):
    for _ in range(3):
        clinic.say("c", "words", "hi")
        clinic.score(Severity.L2)
        clinic.wait(61)
        bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))
    variants = [one.variant for one in clinic.deliveries("c")]
    assert len(set(variants)) == 3


def test_a_grave_withheld_reply_is_still_covered_by_a_bridge(clinic: Clinic, team):
    grave(clinic)
    me = team["primary"]
    escalating.acknowledge(clinic.session, escalation(clinic).id, me, now=now(clinic.session))
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.WITHHOLD, reason="harmful").closed
    assert [one.kind for one in clinic.deliveries("c")] == [DeliveryKind.BRIDGE]


def test_an_answered_hold_is_not_bridged(clinic: Clinic):
    me = clinic.person()
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L2)
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    clinic.wait(61)
    assert due_bridges(clinic.session, now=now(clinic.session)) == []

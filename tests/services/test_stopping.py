"""Stopping the bot: at once, wherever it would speak, while open risk stays with people."""

import uuid

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import Arm, BotStop, Conversation, Escalation, Participant
from oversight.domain.crisis_lines import LINES, UNION, emergency_number, line_for
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus, EscalationStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.policy import JurisdictionRule, NobodyOnCall, crisis_line
from oversight.domain.severity import Severity
from oversight.domain.stopping import StopScope
from oversight.domain.words import ShiftPosition
from oversight.queries.policies import default_version, policy_of
from oversight.queries.stops import lapses, open_stops, uncovered_now
from oversight.queries.triage import card
from oversight.queries.watching import watch
from oversight.services import duty, stopping, watching
from oversight.services.audit import Actor
from oversight.services.participants import put_participant
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


@pytest.fixture
def lead(clinic: Clinic) -> uuid.UUID:
    return clinic.person(Role.STUDY_LEAD)


def participant(clinic: Clinic, conversation: str = "c") -> uuid.UUID:
    found = clinic.session.scalar(
        select(Conversation.participant_id).where(
            Conversation.study_id == clinic.study_id, Conversation.external_id == conversation
        )
    )
    assert found is not None
    return found


def arm(clinic: Clinic, name: str) -> uuid.UUID:
    found = clinic.session.scalar(
        select(Arm.id).where(Arm.study_id == clinic.study_id, Arm.name == name)
    )
    assert found is not None
    return found


def stop(clinic: Clinic, who: uuid.UUID, scope: StopScope = StopScope.STUDY, **target: object):
    return stopping.stop_bot(
        clinic.session,
        who,
        clinic.study_id,
        scope=scope,
        reason="it harms",
        **target,  # type: ignore[arg-type]
    )


def talk(clinic: Clinic, arm_name: str | None = "flagged", words: str = "hello") -> None:
    clinic.say("c", words, "a reply", arm=arm_name)
    clinic.score(Severity.L0)


def test_without_a_stop_the_arm_releases_by_itself(clinic: Clinic, me):
    talk(clinic)
    assert clinic.draft("c").status == DraftStatus.RELEASED


def scoped(clinic: Clinic, scope: StopScope) -> dict[str, object]:
    match scope:
        case StopScope.ARM:
            return {"arm_id": arm(clinic, "flagged")}
        case StopScope.PARTICIPANT:
            return {"participant_id": participant(clinic)}
        case _:
            return {}


@pytest.mark.parametrize("scope", [StopScope.STUDY, StopScope.ARM, StopScope.PARTICIPANT])
def test_what_is_stopped_is_held_and_its_words_are_not_offered(clinic: Clinic, me, scope):
    talk(clinic)
    stop(clinic, me, scope, **scoped(clinic, scope))
    clinic.say("c", "and now", "another reply", arm="flagged")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD
    clinic.claim("c", me)
    assert card(clinic.session, clinic.open_item("c").id, me).ai_blocked
    for action in (Action.APPROVE, Action.EDIT):
        with pytest.raises(NotPermitted):
            clinic.decide("c", me, action, text="words", reason="x")
    assert clinic.decide("c", me, Action.REPLACE, text="This is Noa. I am here.").closed


def test_a_stop_takes_back_what_was_released_and_not_handed_out(clinic: Clinic, me):
    talk(clinic)
    assert [one.status for one in clinic.deliveries("c")] == [DeliveryStatus.QUEUED]
    stop(clinic, me)
    assert [one.status for one in clinic.deliveries("c")] == [DeliveryStatus.RECALLED]
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_a_release_that_crossed_the_stop_is_not_handed_out(clinic: Clinic, me):
    """As after a race: the delivery is queued, and the stop stands."""
    talk(clinic)
    stopping.open_stop(
        clinic.session,
        clinic.study_id,
        scope=StopScope.STUDY,
        cause=stopping.StopCause.EMERGENCY,
        reason="it harms",
        actor=Actor.clinician(me),
        stopped_by=me,
    )
    clinic.wait(6)
    assert clinic.hand_out() == 0
    assert stopping.recall_stopped(clinic.session, now=now(clinic.session)) == 1


def test_a_persons_own_words_and_a_bridge_still_go_out(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L2)
    stop(clinic, me)
    clinic.claim("c", me)
    clinic.decide("c", me, Action.REPLACE, text="This is Noa. I am here.")
    clinic.wait(6)
    assert clinic.hand_out() == 1


def test_one_bot_is_stopped_by_its_name(clinic: Clinic, me):
    talk(clinic, None)
    draft = clinic.draft("c")
    draft.model_name = "gentle-1"
    clinic.session.flush()
    stop(clinic, me, StopScope.BOT, bot="another")
    clinic.claim("c", me)
    assert not card(clinic.session, clinic.open_item("c").id, me).ai_blocked
    stop(clinic, me, StopScope.BOT, bot="gentle-1")
    assert card(clinic.session, clinic.open_item("c").id, me).ai_blocked


def test_an_omitted_arm_is_the_default_arm(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L0)
    stop(clinic, me, StopScope.ARM, arm_id=arm(clinic, "default"))
    clinic.claim("c", me)
    assert card(clinic.session, clinic.open_item("c").id, me).ai_blocked


def test_another_study_goes_on(clinic: Clinic, me):
    other = Clinic.open(clinic.session)
    stop(clinic, me)
    other.say("c", "hello", "a reply", arm="flagged")
    other.score(Severity.L0)
    assert other.draft("c").status == DraftStatus.RELEASED


def test_pressed_twice_it_is_one_stop_and_only_planners_lift_it(clinic: Clinic, me, lead):
    first = stop(clinic, me)
    assert stop(clinic, me) == first
    assert [one.id for one in open_stops(clinic.session)] == [first]
    with pytest.raises(NotPermitted):
        stopping.lift_stop(clinic.session, first, me, reason="fixed")
    with pytest.raises(Incomplete):
        stopping.lift_stop(clinic.session, first, lead, reason=" ")
    stopping.lift_stop(clinic.session, first, lead, reason="fixed")
    assert open_stops(clinic.session) == []
    talk(clinic)
    assert clinic.draft("c").status == DraftStatus.RELEASED
    with pytest.raises(Incomplete):
        stopping.stop_bot(clinic.session, me, clinic.study_id, scope=StopScope.STUDY, reason=" ")


def test_withdrawn_consent_stops_the_bot_and_leaves_open_risk_with_people(clinic: Clinic, me, lead):
    clinic.say("c", "words", "hi", arm="flagged")
    clinic.score(Severity.L4)
    put_participant(
        clinic.session,
        clinic.study_id,
        "p-c",
        {"consent": {"withdrawn_at": "2026-03-01"}},
        actor=Actor.bot(clinic.study_id),
    )
    (line,) = open_stops(clinic.session)
    assert line.cause == "consent_withdrawn"
    escalation = clinic.session.scalars(select(Escalation)).one()
    assert escalation.status == EscalationStatus.OPEN
    assert clinic.open_item("c").severity == Severity.L4
    clinic.claim("c", me)
    assert card(clinic.session, clinic.open_item("c").id, me).ai_blocked
    with pytest.raises(NotPermitted, match="new consent"):
        stopping.lift_stop(clinic.session, line.id, lead, reason="they came back")
    stopping.record_consent(clinic.session, participant(clinic), lead, version="2.1")
    assert open_stops(clinic.session) == []


@pytest.mark.parametrize("consent", [{"status": "given"}, {"version": "2"}, None, "yes"])
def test_a_consent_that_stands_stops_nothing(clinic: Clinic, me, consent):
    talk(clinic)
    put_participant(
        clinic.session,
        clinic.study_id,
        "p-c",
        {"consent": consent},
        actor=Actor.bot(clinic.study_id),
    )
    assert clinic.session.scalars(select(BotStop.id)).all() == []


def test_a_participants_own_switch_counts_and_anybody_may_tighten_it(clinic: Clinic, me, lead):
    talk(clinic)
    who = participant(clinic)
    rule = {"reason": "minor"}
    stopping.set_rule(clinic.session, who, me, rule=JurisdictionRule.HOLD_ALL, **rule)
    clinic.say("c", "and now", "another reply")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD
    clinic.claim("c", me)
    assert not card(clinic.session, clinic.open_item("c").id, me).ai_blocked
    stopping.set_rule(clinic.session, who, me, rule=JurisdictionRule.BLOCK_AI, **rule)
    assert card(clinic.session, clinic.open_item("c").id, me).ai_blocked
    for looser in (JurisdictionRule.HOLD_ALL, None):
        with pytest.raises(NotPermitted):
            stopping.set_rule(clinic.session, who, me, rule=looser, **rule)
    stopping.set_rule(clinic.session, who, lead, rule=None, **rule)
    assert clinic.session.scalar(select(Participant.rule).where(Participant.id == who)) is None


def look(clinic: Clinic) -> int:
    return watching.watch_coverage(clinic.session, now=now(clinic.session))


def test_nobody_on_call_is_a_state_told_once_and_ended_when_somebody_is(clinic: Clinic, lead):
    began = now(clinic.session)
    assert look(clinic) == 1
    assert look(clinic) == 0
    assert uncovered_now(clinic.session, clinic.study_id)
    assert watch(clinic.session, dead_man_wanted=False).on_call == "nobody"
    clinic.wait(60)
    duty.go_on_duty(clinic.session, clinic.person())
    clinic.wait(1)
    assert look(clinic) == 1
    assert not uncovered_now(clinic.session, clinic.study_id)
    (line,) = lapses(clinic.session, began, now(clinic.session))
    assert line.ends_at is not None
    assert (line.ends_at - line.starts_at).total_seconds() == pytest.approx(61, abs=1)


def test_while_nobody_is_on_call_nothing_is_released_by_itself(clinic: Clinic):
    look(clinic)
    talk(clinic)
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_where_the_policy_says_pause_the_bot_says_nothing_until_somebody_is_there(
    clinic: Clinic,
):
    clinic.arm("paused", nobody_on_call=NobodyOnCall.PAUSE)
    look(clinic)
    (line,) = open_stops(clinic.session)
    assert (line.scope, line.target, line.cause) == ("arm", "paused", "nobody_on_call")
    duty.go_on_duty(clinic.session, clinic.person())
    clinic.wait(1)
    look(clinic)
    assert open_stops(clinic.session) == []


def test_a_silent_clock_or_courier_is_named(clinic: Clinic):
    assert watch(clinic.session, dead_man_wanted=True).dead_man == "unknown"
    watching.beat(clinic.session, "clock")
    watching.beat(clinic.session, "courier")
    seen = watch(clinic.session, dead_man_wanted=False)
    assert (seen.clock, seen.pager, seen.dead_man) == ("ok", "ok", "off")
    clinic.wait(31)
    seen = watch(clinic.session, dead_man_wanted=False)
    assert (seen.clock, seen.pager) == ("silent", "silent")


def test_every_crisis_line_names_its_source_and_speaks_english():
    for country, line in LINES.items():
        assert len(country) == 2
        assert line.source
        assert line.number in line.words["en"] or country in ("US", "CA", "NZ")
        assert line.emergency.isdigit()
    assert line_for("US-IL", "es") == "llama o envía un mensaje al 988"
    assert line_for("DE", "tr") == line_for("DE", None) == "call TelefonSeelsorge on 0800 111 0 111"
    assert line_for("ZZ", "en") is None
    assert emergency_number("PL") == "112"
    assert emergency_number("ZZ") is None
    assert "IT" in UNION


def test_the_policys_own_line_comes_first_and_the_table_fills_in(clinic: Clinic):
    policy = policy_of(clinic.session, default_version(clinic.session, clinic.study_id))
    assert crisis_line(policy, "DE") == "Telefonseelsorge 0800 111 0 111"
    assert crisis_line(policy, "AU") == "call Lifeline on 13 11 14"
    assert "112" in crisis_line(policy, "ZZ")

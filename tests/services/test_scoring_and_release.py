"""What scores do: levels, items, escalations, and the few drafts that leave unread."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from db.session import now
from db.tables import Escalation, Message, Paging, ReviewItem, RiskAssessment
from oversight.domain.errors import NotPermitted
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DraftStatus, ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, ItemKind, Scoring, ShiftPosition
from oversight.services import (
    claiming,
    deciding,
    delivering,
    rescoring,
    scoring,
    settling,
    undoing,
)
from oversight.services.locking import lock_conversations
from tests.services.clinic import Clinic, assessment


def test_a_score_sets_the_level_of_what_was_not_scored_yet(clinic: Clinic):
    clinic.say("c", "hello", "hi")
    assert clinic.score(Severity.L1) == 2
    assert clinic.open_item("c").severity == Severity.L1


def test_a_failed_score_is_lu_and_a_later_one_may_only_raise(clinic: Clinic):
    clinic.say("c", "hello", "hi")
    clinic.score(None)
    assert clinic.open_item("c").severity == Severity.LU
    clinic.wait(61)
    assert rescoring.requeue_failed(clinic.session, now=now(clinic.session)) == 2
    clinic.score(Severity.L0)
    assert clinic.open_item("c").severity == Severity.LU
    assert clinic.messages("c")[0].scoring == Scoring.SCORED


def test_rescoring_upwards_raises_and_calls(clinic: Clinic):
    clinic.say("c", "hello", "hi")
    clinic.score(None)
    clinic.wait(61)
    rescoring.requeue_failed(clinic.session, now=now(clinic.session))
    clinic.score(Severity.L4)
    assert clinic.open_item("c").severity == Severity.L4
    assert clinic.session.scalar(select(func.count()).select_from(Escalation)) == 1


def test_a_phrase_rule_pages_what_the_classifier_could_not_read(clinic: Clinic):
    clinic.say("c", "kms tonight", "hi")
    clinic.score(None, floor=Severity.L3)
    item = clinic.open_item("c")
    assert (item.severity, item.status) == (Severity.L3, ItemStatus.ESCALATED)


def test_two_scorers_that_both_scored_a_text_record_it_once(clinic: Clinic):
    clinic.say("c", "hello")
    tasks = scoring.take(clinic.session, limit=10)
    one = scoring.failed(tasks[0], model_version="a")
    assert scoring.record_scores(clinic.session, tasks, [one]) == 1
    assert scoring.record_scores(clinic.session, tasks, [one]) == 0
    assert clinic.session.scalar(select(func.count()).select_from(RiskAssessment)) == 1


def test_a_lease_that_ran_out_frees_the_text_for_another_scorer(clinic: Clinic):
    clinic.say("c", "hello")
    assert len(scoring.take(clinic.session, limit=10)) == 1
    assert scoring.take(clinic.session, limit=10) == []
    clinic.wait(scoring.LEASE_SECONDS + 1)
    assert len(scoring.take(clinic.session, limit=10)) == 1


def test_the_scorer_reads_the_turns_before(clinic: Clinic):
    clinic.say("c", "first words", "first answer")
    clinic.score()
    clinic.say("c", "yeah tonight")
    (task,) = scoring.take(clinic.session, limit=10)
    assert [(turn.role, turn.text) for turn in task.subject.context] == [
        ("participant", "first words"),
        ("bot", "first answer"),
    ]


def test_an_unflagged_turn_of_a_releasing_arm_is_sent_and_opens_nothing(clinic: Clinic):
    clinic.say("c", "hello", "hi there", arm="flagged")
    clinic.score(Severity.L0)
    (delivery,) = clinic.deliveries("c")
    assert clinic.draft("c").status == DraftStatus.RELEASED
    assert delivery.text == "hi there"
    assert clinic.item("c") is None


@pytest.mark.parametrize("severity", [Severity.L2, Severity.L3, Severity.L4, None])
def test_risk_or_no_score_holds_the_draft_in_an_item(clinic: Clinic, severity):
    clinic.say("c", "words", "hi there", arm="flagged")
    clinic.score(severity)
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.open_item("c").severity == (severity or Severity.LU)


@pytest.mark.parametrize("flag", [Flag.F09, Flag.F02])
def test_a_harmful_reply_to_harmless_words_is_held(clinic: Clinic, flag):
    clinic.say("c", "words", "hi there", arm="flagged")
    clinic.score(Severity.L0, flags=[flag])
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_a_score_that_comes_late_releases_nothing(clinic: Clinic):
    clinic.say("c", "words", "hi there", arm="flagged")
    clinic.wait(6)
    settling.put_up_late(clinic.session, now=now(clinic.session))
    assert clinic.open_item("c").severity == Severity.LU
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_the_policy_says_how_long_a_score_may_take(clinic: Clinic):
    clinic.arm("patient", mode=Mode.HOLD_FLAGGED, automatic_release=True, unscored_seconds=30)
    for where, arm in (("slow", "patient"), ("quick", "flagged")):
        clinic.say(where, "words", "hi there", arm=arm)
    clinic.wait(6)
    settling.put_up_late(clinic.session, now=now(clinic.session))
    assert clinic.item("slow") is None
    assert clinic.open_item("quick").severity == Severity.LU
    clinic.wait(25)
    settling.put_up_late(clinic.session, now=now(clinic.session))
    assert clinic.open_item("slow").severity == Severity.LU


def test_an_earlier_unscored_message_holds_all_that_follows(clinic: Clinic):
    clinic.say("c", "words", "hi", arm="flagged")
    clinic.score(None)
    clinic.say("c", "more", "hi again", arm="flagged")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD


def test_a_message_that_was_never_scored_holds_what_follows_even_when_a_person_has_read_it(
    clinic: Clinic,
):
    clinic.say("c", "words", arm="flagged")
    clinic.score(None)
    me = clinic.person()
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.MARK_READ).closed
    clinic.say("c", "more", "hi again", arm="flagged")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD


def test_beside_an_open_item_a_reply_that_failed_to_be_scored_is_held(clinic: Clinic):
    clinic.say("c", "words", "hi there", arm="after")
    tasks = scoring.take(clinic.session, limit=10)
    found = [assessment(task, Severity.L0 if task.message_id else None, (), None) for task in tasks]
    scoring.record_scores(clinic.session, tasks, found)
    assert clinic.open_item("c").severity == Severity.L0
    assert clinic.draft("c").status == DraftStatus.HELD


@pytest.mark.parametrize("flag", [Flag.F09, Flag.F02])
def test_beside_an_open_item_a_harmful_reply_is_held(clinic: Clinic, flag):
    clinic.say("c", "words", "hi there", arm="after")
    clinic.score(Severity.L0, flags=[flag])
    assert clinic.draft("c").status == DraftStatus.HELD


def test_beside_an_open_item_at_moderate_everything_is_held(clinic: Clinic):
    """No message of it is moderate: a correction that may not have arrived is."""
    clinic.say("c", "words", "hi there", arm="after")
    clinic.score(Severity.L0)
    clinic.hand_out()
    (reply,) = clinic.deliveries("c")
    clinic.confirm(reply)
    undoing.correct(
        clinic.session, reply.id, clinic.person(), uuid.uuid4(), text="Sorry.", reason="harm"
    )
    clinic.hand_out()
    clinic.wait(61)
    delivering.lose_sight(clinic.session, now=now(clinic.session))
    assert clinic.open_item("c").severity == Severity.L2
    clinic.say("c", "more", "hi again", arm="after")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD


def test_what_a_person_escalated_is_held_at_any_level(clinic: Clinic):
    clinic.say("c", "words", "hi", arm="after")
    clinic.score(Severity.L0)
    me = clinic.person()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.ESCALATE, reason="something is wrong here")
    clinic.say("c", "more", "hi again", arm="after")
    clinic.score(Severity.L0)
    assert clinic.open_item("c").severity == Severity.L0
    assert clinic.draft("c").status == DraftStatus.HELD


@pytest.mark.parametrize("mode", [Mode.HOLD_FLAGGED, Mode.READ_AFTER])
def test_a_policy_that_did_not_switch_it_on_releases_nothing(clinic: Clinic, mode):
    clinic.arm("manual", mode=mode, automatic_release=False)
    clinic.say("c", "hello", "hi there", arm="manual")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_an_open_escalation_holds_the_draft(clinic: Clinic):
    clinic.say("c", "words", "hi", arm="flagged")
    clinic.score(Severity.L3)
    clinic.say("c", "more", "hi again", arm="flagged")
    clinic.score(Severity.L0)
    assert clinic.draft("c").status == DraftStatus.HELD


def test_hold_all_never_releases_by_itself(clinic: Clinic):
    clinic.say("c", "hello", "hi there")
    clinic.score(Severity.L0)
    assert clinic.deliveries("c") == []


def test_a_jurisdiction_that_blocks_the_bot_is_read_in_every_arm(clinic: Clinic):
    clinic.say("c", "hello", "hi there", arm="after", jurisdiction="US-IL")
    clinic.score(Severity.L0)
    assert clinic.deliveries("c") == []


def test_read_after_sends_at_once_and_keeps_every_turn_for_reading(clinic: Clinic):
    clinic.say("c", "hello", "hi there", arm="after")
    clinic.score(Severity.L0)
    assert [one.text for one in clinic.deliveries("c")] == ["hi there"]
    assert clinic.open_item("c").bridge_due_at is None


def test_an_automatic_release_names_its_policy_and_its_exact_text(clinic: Clinic):
    from db.tables import Decision

    clinic.say("c", "hello", "hi there", arm="flagged")
    clinic.score()
    decision = clinic.session.scalars(select(Decision)).one()
    assert decision.kind == DecisionKind.RELEASE
    assert decision.clinician_id is None
    assert decision.text == "hi there"


def test_a_sampled_release_becomes_an_audit_item_that_blocks_nothing(clinic: Clinic):
    clinic.arm("sampled", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=1.0)
    clinic.say("c", "hello", "hi there", arm="sampled")
    clinic.score()
    audit = clinic.session.scalars(select(ReviewItem)).one()
    assert audit.kind == ItemKind.AUDIT
    clinic.say("c", "again", "hi again", arm="sampled")
    clinic.score()
    assert len(clinic.deliveries("c")) == 2


def test_imminent_risk_calls_the_one_on_duty_at_once(clinic: Clinic):
    who = clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L4)
    paged = clinic.session.scalars(select(Paging)).one()
    assert (paged.clinician_id, paged.step) == (who, 0)


def test_a_message_is_never_scored_below_what_it_was(clinic: Clinic):
    clinic.say("c", "kms", floor=Severity.L3)
    clinic.score(Severity.L0)
    assert clinic.session.scalars(select(Message.severity)).one() == Severity.L3


def test_an_audit_never_decides_the_draft_of_the_review_beside_it(clinic: Clinic):
    clinic.arm("sampled", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=1.0)
    clinic.say("c", "hello", "hi there", arm="sampled")
    clinic.score()
    clinic.hand_out()
    audit = clinic.session.scalars(select(ReviewItem)).one()
    clinic.say("c", "worse", "a risky reply", arm="sampled")
    clinic.score(Severity.L2)
    me = clinic.person()
    claiming.claim(clinic.session, audit.id, me)
    request = deciding.Request(
        item_id=audit.id,
        version=audit.version,
        clinician_id=me,
        client_decision_id=uuid.uuid4(),
        action=Action.APPROVE,
    )
    with pytest.raises(NotPermitted):
        deciding.decide(clinic.session, request)
    assert deciding.decide(clinic.session, replace(request, action=Action.MARK_READ)).closed
    assert clinic.draft("c").status == DraftStatus.HELD


@pytest.mark.parametrize("arm", ["flagged", "after"])
def test_a_recalled_draft_is_never_released_again_unread(clinic: Clinic, arm):
    clinic.say("c", "hello", "hi there", arm=arm)
    clinic.score()
    clinic.say("c", "forget that, something else", arm=arm)
    clinic.score()
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.open_item("c").status == ItemStatus.WAITING
    clinic.wait(60)
    assert clinic.hand_out() == 0


def test_what_a_person_took_back_is_never_released_again_by_the_policy(clinic: Clinic):
    clinic.say("c", "hello", "hi there", arm="after")
    clinic.score()
    (released,) = clinic.deliveries("c")
    undoing.undo(clinic.session, released.id, clinic.person())
    (conversation,) = lock_conversations(clinic.session, [released.conversation_id]).values()
    settling.settle(clinic.session, conversation, now=now(clinic.session), stray=False)
    assert clinic.draft("c").status == DraftStatus.HELD
    assert [one.status for one in clinic.deliveries("c")] == ["recalled"]

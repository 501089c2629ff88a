"""The small rules: levels, release, closing, permissions, queue, bridges."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.bridge import choose_bridge
from oversight.domain.closing import Closing, reasons_open
from oversight.domain.flags import FLAG_TEXT, GRADES, Flag, Grade, worst_grade
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, ItemView, Role, allowed_actions
from oversight.domain.policy import Mode, crisis_line, policy_from
from oversight.domain.queue import Standing, Turn, priority, summarise
from oversight.domain.release import REASONS, Situation, reasons_to_hold
from oversight.domain.severity import LABELS, Severity, at_least, worst
from oversight.domain.words import Scoring
from oversight.services.policies import default_document

POLICY = policy_from(default_document().model_dump(mode="json"))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
severities = st.sampled_from(list(Severity))

SAFE = Situation(
    mode=Mode.HOLD_FLAGGED,
    automatic_release=True,
    messages_scored=True,
    scored_in_time=True,
    draft_scored=True,
    reply_grade=Grade.H0,
    conversation_severity=Severity.L0,
    escalated=False,
    taken_over=False,
    newest_draft=True,
)


def test_levels_in_order_and_the_unscored_above_moderate():
    order = [Severity.L0, Severity.L1, Severity.L2, Severity.LU, Severity.L3, Severity.L4]
    assert sorted(Severity, key=lambda one: one.rank) == order
    assert set(LABELS) == set(Severity)


@given(st.lists(severities, min_size=1))
def test_the_worst_level_decides_and_is_one_of_them(levels):
    assert worst(levels) in levels
    assert all(at_least(worst(levels), one) for one in levels)


def test_no_level_at_all_means_not_scored():
    assert worst([]) is Severity.LU


def test_every_flag_has_words_and_a_grade():
    assert set(FLAG_TEXT) == set(GRADES) == set(Flag)
    assert worst_grade([]) is Grade.H0
    assert worst_grade([Flag.F18, Flag.F02, Flag.F09]) is Grade.H3


def test_a_plainly_safe_draft_may_be_released():
    assert reasons_to_hold(SAFE) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"automatic_release": False}, "policy"),
        ({"mode": Mode.HOLD_ALL}, "hold_all"),
        ({"messages_scored": False}, "unscored_message"),
        ({"scored_in_time": False}, "late"),
        ({"draft_scored": False}, "unscored_draft"),
        ({"conversation_severity": Severity.L2}, "risk"),
        ({"conversation_severity": Severity.LU}, "risk"),
        ({"conversation_severity": Severity.L4}, "risk"),
        ({"reply_grade": Grade.H2}, "harm"),
        ({"reply_grade": Grade.H3}, "harm"),
        ({"escalated": True}, "escalated"),
        ({"taken_over": True}, "taken_over"),
        ({"newest_draft": False}, "outdated"),
    ],
)
def test_each_doubt_alone_holds_the_draft(change, reason):
    assert reasons_to_hold(replace(SAFE, **change)) == (reason,)
    assert reason in REASONS


def test_low_risk_and_a_reply_that_could_be_better_may_be_released():
    assert reasons_to_hold(replace(SAFE, conversation_severity=Severity.L1)) == ()
    assert reasons_to_hold(replace(SAFE, reply_grade=Grade.H1)) == ()


CLOSABLE = Closing(
    severity=Severity.L1,
    all_turns_read=True,
    draft_held=False,
    escalation_open=False,
    escalation_owned=False,
)


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize(("opened", "owned"), [(False, False), (True, False), (True, True)])
def test_high_and_imminent_items_close_only_under_an_owner(severity, opened, owned):
    closing = replace(CLOSABLE, severity=severity, escalation_open=opened, escalation_owned=owned)
    needs_owner = severity in (Severity.L3, Severity.L4) or opened
    assert bool(reasons_open(closing)) == (needs_owner and not owned)


def test_something_unread_or_undecided_keeps_an_item_open():
    assert reasons_open(CLOSABLE) == ()
    assert reasons_open(replace(CLOSABLE, all_turns_read=False))
    assert reasons_open(replace(CLOSABLE, draft_held=True))


MINE = ItemView(
    status=ItemStatus.CLAIMED,
    severity=Severity.L2,
    claimed_by="me",
    draft_held=True,
    reply_grade=Grade.H0,
    escalation_unowned=False,
    ai_blocked=False,
)


def allowed(view, *, who="me", role=Role.CLINICIAN):
    return allowed_actions(view, clinician_id=who, role=role)


@pytest.mark.parametrize("grade", [Grade.H2, Grade.H3])
def test_approve_is_not_offered_for_a_harmful_reply(grade):
    assert Action.APPROVE in allowed(MINE)
    assert Action.APPROVE not in allowed(replace(MINE, reply_grade=grade))
    assert {Action.EDIT, Action.REPLACE, Action.WITHHOLD} <= allowed(
        replace(MINE, reply_grade=grade)
    )


def test_where_the_law_blocks_the_bot_its_words_are_never_offered():
    offered = allowed(replace(MINE, ai_blocked=True))
    assert not {Action.APPROVE, Action.EDIT} & offered
    assert {Action.REPLACE, Action.WITHHOLD} <= offered


@pytest.mark.parametrize(("status", "who"), list(product(ItemStatus, ["me", "other", None])))
@pytest.mark.parametrize("role", list(Role))
def test_only_the_holder_decides_and_only_readers_act(status, who, role):
    view = replace(MINE, status=status, claimed_by=who)
    decisions = {Action.APPROVE, Action.EDIT, Action.REPLACE, Action.WITHHOLD, Action.ESCALATE}
    may = status is ItemStatus.CLAIMED and who == "me" and role in (Role.CLINICIAN, Role.SUPERVISOR)
    assert bool(decisions & allowed(view, role=role)) == may


def test_anybody_on_the_team_can_take_an_unowned_escalation():
    view = replace(MINE, claimed_by="other", escalation_unowned=True)
    assert allowed(view) == {Action.ACKNOWLEDGE}
    assert allowed(view, role=Role.STUDY_LEAD) == frozenset()


def turn(sequence, severity, *, minutes=0, scoring=Scoring.SCORED, urgency=0.0):
    return Turn(sequence, severity, scoring, urgency, NOON + timedelta(minutes=minutes))


def summary(turns, standing=None, *, mode=Mode.HOLD_ALL, draft_held=True, floor=Severity.L0):
    return summarise(
        turns,
        standing or Standing(),
        policy=POLICY,
        mode=mode,
        draft_held=draft_held,
        opened_at=NOON,
        floor=floor,
    )


def test_an_item_is_as_grave_as_its_worst_turn_and_as_urgent_as_its_earliest():
    found = summary([turn(1, Severity.L0), turn(3, Severity.L4, minutes=5), turn(5, Severity.L1)])
    assert found.severity is Severity.L4
    assert found.deadline_at == NOON + timedelta(minutes=7)
    assert found.bridge_due_at == NOON + timedelta(minutes=2)


@given(st.lists(st.tuples(severities, st.integers(0, 600)), min_size=1, max_size=12))
def test_more_turns_never_make_an_item_less_grave_nor_later(said):
    turns = [turn(number, one, minutes=at) for number, (one, at) in enumerate(said, start=1)]
    for length in range(1, len(turns)):
        before, after = summary(turns[:length]), summary(turns[: length + 1])
        assert after.severity.rank >= before.severity.rank
        assert after.deadline_at <= before.deadline_at


@pytest.mark.parametrize(
    ("sent_minutes_before", "counted"),
    [(0, 0), (3, 3), (10, 10), (-9, 0), (15, 0), (60, 0), (60 * 24 * 365, 0)],
)
def test_a_wait_counts_from_the_earlier_time_but_not_from_a_wrong_clock(
    sent_minutes_before, counted
):
    sent_at = NOON - timedelta(minutes=sent_minutes_before)
    late = replace(turn(1, Severity.L4), sent_at=sent_at)
    assert late.waiting_since == NOON - timedelta(minutes=counted)
    found = summary([late])
    assert found.deadline_at == NOON + timedelta(minutes=2 - counted)
    assert found.bridge_due_at == NOON + timedelta(seconds=20), "nothing could be sent before"


def test_on_the_night_the_clocks_change_the_instant_counts_not_its_digits():
    berlin = ZoneInfo("Europe/Berlin")
    said = datetime(2026, 10, 25, 2, 58, tzinfo=berlin)  # the first 02:58 of that night
    received = datetime(2026, 10, 25, 2, 1, tzinfo=berlin, fold=1)  # three minutes later
    utc = [one.astimezone(UTC) for one in (said, received)]
    late = replace(turn(1, Severity.L4), sent_at=utc[0], received_at=utc[1])
    assert utc[1] - late.waiting_since == timedelta(minutes=3)


def test_a_lowered_level_holds_until_something_new_is_said():
    turns = [turn(1, Severity.L4)]
    lowered = Standing(lowered_to=Severity.L1, lowered_sequence=1)
    assert summary(turns, lowered).severity is Severity.L1
    assert summary([*turns, turn(2, Severity.L3)], lowered).severity is Severity.L3


def test_the_first_look_orders_only_what_has_no_score():
    unscored = [turn(1, Severity.LU, scoring=Scoring.PENDING, urgency=0.9)]
    assert priority(Severity.LU, unscored) > priority(Severity.LU, [turn(1, Severity.LU)])
    assert priority(Severity.L3, []) > priority(Severity.LU, unscored) > priority(Severity.L2, [])


def test_clocks_of_the_bridge_by_level():
    due = {one: (summary([turn(1, one)]).bridge_due_at - NOON).total_seconds() for one in Severity}
    assert due == {
        Severity.L4: 20,
        Severity.L3: 30,
        Severity.L2: 60,
        Severity.LU: 60,
        Severity.L1: 120,
        Severity.L0: 120,
    }


def test_a_bridge_is_owed_without_a_draft_but_not_where_nothing_is_held():
    assert summary([turn(1, Severity.L0)], draft_held=False).bridge_due_at is not None
    assert (
        summary([turn(1, Severity.L0)], mode=Mode.READ_AFTER, draft_held=False).bridge_due_at
        is None
    )
    assert summary([turn(1, Severity.L3)], mode=Mode.READ_AFTER, draft_held=False).bridge_due_at


def test_a_message_that_turns_out_grave_is_bridged_even_after_a_neutral_note():
    noted = Standing(covered_sequence=1, covered_severity=Severity.L0)
    assert summary([turn(1, Severity.L0)], noted).bridge_due_at is None
    assert summary([turn(1, Severity.L4)], noted).bridge_due_at is not None


def next_bridge(severity, *, used, told=True, language="en", jurisdiction="US-NH", policy=POLICY):
    return choose_bridge(
        policy,
        severity,
        somebody_told=told,
        language=language,
        jurisdiction=jurisdiction,
        used=used,
    )


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("language", ["en", "es-MX", "de", "fr", "pt", None, "xx"])
@pytest.mark.parametrize("severity", list(Severity))
def test_bridges_do_not_repeat_while_an_unused_variant_remains(language, severity, told):
    used: list[str] = []
    for _ in range(3):
        bridge = next_bridge(severity, used=used, told=told, language=language)
        assert bridge is not None
        assert bridge.variant not in used
        assert "{" not in bridge.text
        used.append(bridge.variant)
    again = next_bridge(severity, used=used, told=told, language=language)
    assert (again is not None) == at_least(severity, Severity.L3)


def test_the_bridge_speaks_the_participants_language_and_names_their_crisis_line():
    bridge = next_bridge(Severity.L4, used=[], language="es-ES", jurisdiction="ES")
    assert bridge is not None
    assert "024" in bridge.text
    assert "Soy una IA" in bridge.text


CLAIMS_SOMEBODY_WAS_TOLD = {
    "en": ("has been told", "has been called"),
    "es": ("se ha avisado", "se ha llamado"),
    "de": ("wurde benachrichtigt", "dazugerufen", "wurde gerufen"),
    "fr": ("prévenue", "appelé"),
    "pt": ("avisada", "chamada", "chamado"),
}


@pytest.mark.parametrize("language", list(CLAIMS_SOMEBODY_WAS_TOLD))
@pytest.mark.parametrize("severity", [one for one in Severity if one is not Severity.L0])
def test_a_bridge_says_that_a_person_was_told_only_when_one_was(language, severity):
    claims = CLAIMS_SOMEBODY_WAS_TOLD[language]
    assert set(POLICY.bridges) == set(POLICY.waiting_bridges) == set(CLAIMS_SOMEBODY_WAS_TOLD)
    for number in range(3):
        used_told = [f"bridge:{language}:{n + 1}" for n in range(number)]
        used = [f"waiting:{language}:{n + 1}" for n in range(number)]
        told = next_bridge(severity, used=used_told, language=language)
        untold = next_bridge(severity, used=used, told=False, language=language)
        assert any(words in told.text for words in claims)
        assert not any(words in untold.text for words in claims)
        assert "988" in untold.text, "and names help that is there now"


def test_a_policy_stored_without_waiting_texts_still_claims_nothing():
    older = replace(POLICY, waiting_bridges={})
    bridge = next_bridge(Severity.L3, used=[], told=False, language="de", policy=older)
    assert bridge.text.startswith(POLICY.holding_notes["de"][0])
    assert "988" in bridge.text


def test_crisis_lines_fall_back_from_region_to_country_to_general_words():
    assert "988" in crisis_line(POLICY, "us-nh")
    assert crisis_line(POLICY, "ZZ") == POLICY.crisis_lines["default"]
    assert crisis_line(POLICY, None) == POLICY.crisis_lines["default"]


def test_a_blocked_jurisdiction_overrides_the_arms_mode():
    open_arm = replace(POLICY, mode=Mode.READ_AFTER)
    assert open_arm.mode_for("US-IL") is Mode.HOLD_ALL
    assert open_arm.mode_for("US-NH") is Mode.READ_AFTER
    assert open_arm.mode_for(None) is Mode.READ_AFTER


def test_the_default_policy_reads_everything_and_releases_nothing():
    assert POLICY.mode is Mode.HOLD_ALL
    assert not POLICY.automatic_release
    assert not POLICY.ratified

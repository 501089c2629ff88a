"""Tables of the rules about calling, sending again, scores, coins and lowering."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oversight.domain.chance import own_level_first, sampled
from oversight.domain.errors import Incomplete
from oversight.domain.flags import Grade
from oversight.domain.ladder import (
    EVERYBODY,
    REPEAT_SECONDS,
    escalates,
    ladder_of,
    level_of_escalation,
    next_call_at,
    starts_anew,
)
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.lowering import confirm_due_at, levels_below
from oversight.domain.permissions import (
    MAY_FLAG,
    NEEDS_FLAG,
    NEEDS_REASON,
    NEEDS_TEXT,
    Action,
    names_next_owner,
)
from oversight.domain.policy import Mode
from oversight.domain.release import flagged, harmful, waits_for_score
from oversight.domain.scores import level_after, scoring_after
from oversight.domain.sending import ATTEMPTS, CORRECTABLE, IN_DOUBT, pause_before_retry
from oversight.domain.severity import Severity
from oversight.domain.texts import LONGEST_TEXT, check_text
from oversight.domain.words import Scoring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
L0, L1, L2, L3, L4, LU = Severity
SECONDS = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("severity", "calls", "opens_at", "climbs"),
    [
        (L0, False, L3, L3),
        (L1, False, L3, L3),
        (L2, False, L3, L3),
        (LU, False, L3, L3),
        (L3, True, L3, L3),
        (L4, True, L4, L4),
    ],
)
def test_which_levels_call_by_themselves_and_which_ladder_they_climb(
    severity, calls, opens_at, climbs
):
    assert escalates(severity) is calls
    assert level_of_escalation(severity) is opens_at
    assert ladder_of(severity) is climbs


@pytest.mark.parametrize(
    ("running", "severity", "acknowledged", "by_person", "anew"),
    [
        (L3, L4, False, False, True),
        (L3, L4, True, False, True),
        (L3, L3, False, False, False),
        (L3, L3, True, False, False),
        (L3, L3, False, True, False),  # it climbs already, to more people than its first step
        (L3, L3, True, True, True),
        (L3, L1, True, True, True),
        (L4, L3, False, True, False),
        (L4, LU, True, False, False),
    ],
)
def test_when_a_running_ladder_begins_again(running, severity, acknowledged, by_person, anew):
    assert starts_anew(running, severity, acknowledged=acknowledged, by_person=by_person) is anew


def test_steps_are_due_from_the_start_and_beyond_the_last_people_are_called_for_ever():
    steps, late = [0, 120, 300], NOON + timedelta(hours=3)
    due = [next_call_at(steps, step, started_at=NOON, now=late) for step in range(5)]
    assert [(at - NOON) / SECONDS for at in due[:3]] == [0, 120, 300]
    assert due[3] == due[4] == late + timedelta(seconds=REPEAT_SECONDS)
    assert {"primary", "secondary", "shift", "supervisor"} == set(EVERYBODY)


@pytest.mark.parametrize("status", list(DeliveryStatus))
@pytest.mark.parametrize("attempts", range(1, ATTEMPTS + 2))
def test_only_a_reported_failure_is_tried_again_and_not_for_ever(status, attempts):
    pause = pause_before_retry(status, attempts)
    again = status is DeliveryStatus.SENDING and attempts < ATTEMPTS
    assert (pause is not None) is again
    if pause is not None:
        assert pause / SECONDS == {1: 2, 2: 10}[attempts]


def test_what_is_in_doubt_and_what_can_be_corrected():
    assert set(IN_DOUBT) == {DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN}
    assert set(CORRECTABLE) == {DeliveryStatus.DELIVERED, DeliveryStatus.UNCERTAIN}


@pytest.mark.parametrize("scored", [*Severity, None])
@pytest.mark.parametrize("floor", [None, L1, L3, L4])
def test_the_first_score_sets_the_level_of_what_was_not_scored_yet(scored, floor):
    level = level_after(LU, Scoring.PENDING, scored, floor=floor)
    assert level.rank == max((scored or LU).rank, floor.rank if floor else 0)


@pytest.mark.parametrize("before", list(Severity))
@pytest.mark.parametrize("scoring", list(Scoring))
@pytest.mark.parametrize("scored", [*Severity, None])
def test_no_other_score_lowers_a_level(before, scoring, scored):
    level = level_after(before, scoring, scored, floor=None)
    first = scoring is Scoring.PENDING and before is LU
    assert first or level.rank >= before.rank
    assert scored is not None or level.rank >= LU.rank, "a failure is never harmless"


@pytest.mark.parametrize(
    ("before", "scored", "after"),
    [
        (Scoring.PENDING, True, Scoring.SCORED),
        (Scoring.PENDING, False, Scoring.FAILED),
        (Scoring.FAILED, True, Scoring.SCORED),
        (Scoring.FAILED, False, Scoring.FAILED),
        (Scoring.SCORED, True, Scoring.SCORED),
        (Scoring.SCORED, False, Scoring.SCORED),
    ],
)
def test_a_failure_never_takes_back_a_score(before, scored, after):
    assert scoring_after(before, scored=scored) is after


@pytest.mark.parametrize("severity", list(Severity))
def test_from_moderate_up_the_reader_always_judges_first(severity):
    ids = [uuid.UUID(int=number) for number in range(1, 400)]
    first = sum(own_level_first(severity, one, 0.1) for one in ids)
    if severity in (L0, L1):
        assert 15 < first < 75  # a tenth of 399, give or take
        assert not any(own_level_first(severity, one, 0.0) for one in ids)
    else:
        assert first == len(ids)


def test_a_sample_is_the_share_asked_for_and_the_same_for_everybody():
    ids = [uuid.UUID(int=number) for number in range(1, 1000)]
    chosen = [one for one in ids if sampled(one, 0.1)]
    assert 60 < len(chosen) < 145
    assert chosen == [one for one in ids if sampled(one, 0.1)]
    assert set(chosen) < {one for one in ids if sampled(one, 0.5)}
    assert all(sampled(one, 1.0) for one in ids)
    assert not any(sampled(one, 0.0) for one in ids)


@pytest.mark.parametrize(
    ("severity", "below"),
    [
        (L0, []),
        (L1, [L0]),
        (L2, [L0, L1]),
        (LU, [L0, L1, L2]),
        (L3, [L0, L1, L2]),
        (L4, [L0, L1, L2, L3]),
    ],
)
def test_a_level_is_only_ever_lowered(severity, below):
    assert list(levels_below(severity)) == below


@pytest.mark.parametrize("severity", list(Severity))
def test_from_high_or_imminent_a_second_person_must_agree_within_a_day(severity):
    due = confirm_due_at(severity, NOON)
    assert due == (NOON + timedelta(hours=24) if severity in (L3, L4) else None)


@pytest.mark.parametrize("text", [None, "", "  \n", "x" * (LONGEST_TEXT + 1), "a\x00b", "\ud800"])
def test_what_nobody_could_read_or_keep_is_not_sent(text):
    with pytest.raises(Incomplete):
        check_text(text)


@pytest.mark.parametrize("text", ["a", "x" * LONGEST_TEXT, "死にたい 🙂"])
def test_all_else_may_be_said(text):
    check_text(text)


NEEDS = """
           reason  text  flag
approve    -       -     -
edit       -       yes   yes
replace    -       yes   -
withhold   yes     -     -
escalate   yes     -     -
mark_read  -       -     -
resend     -       -     -
reached    yes     -     -
skip       yes     -     -
snooze     yes     -     -
lower      yes     -     -
"""


def test_what_each_action_needs():
    _, *rows = NEEDS.strip().splitlines()
    for action, *needs in map(str.split, rows):
        one = Action(action)
        kinds = (NEEDS_REASON, NEEDS_TEXT, NEEDS_FLAG)
        assert [one in kind for kind in kinds] == [need == "yes" for need in needs], action
    assert {Action(row.split()[0]) for row in rows} >= NEEDS_REASON | NEEDS_TEXT | NEEDS_FLAG
    assert NEEDS_FLAG < MAY_FLAG


@pytest.mark.parametrize("severity", list(Severity))
def test_whoever_passes_on_somebody_in_danger_names_who_has_them_next(severity):
    assert names_next_owner(severity) is (severity in (L3, L4))


@pytest.mark.parametrize("severity", list(Severity))
def test_from_moderate_up_and_without_a_score_a_message_comes_before_a_person(severity):
    assert not flagged(severity, Scoring.PENDING)
    for scoring in (Scoring.SCORED, Scoring.FAILED):
        assert flagged(severity, scoring) is (severity not in (L0, L1))


@pytest.mark.parametrize("grade", list(Grade))
def test_a_reply_that_may_harm_or_could_not_be_read_comes_before_a_person(grade):
    assert harmful(grade, Scoring.FAILED)
    for scoring in (Scoring.PENDING, Scoring.SCORED):
        assert harmful(grade, scoring) is (grade in (Grade.H2, Grade.H3))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("taken_over", [False, True])
@pytest.mark.parametrize("floor", [None, L3, L4])
def test_only_where_unflagged_turns_go_unread_does_one_wait_outside_for_its_score(
    mode, taken_over, floor
):
    waits = mode is Mode.HOLD_FLAGGED and not taken_over and floor is None
    assert waits_for_score(mode, taken_over=taken_over, floor=floor) is waits

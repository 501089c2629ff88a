"""Attempts, forms, deadlines: what is asked for when, and what keeps a case from closing."""

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.closure import (
    FIELDS,
    AdverseEvent,
    Standing,
    after_working_days,
    closing_missing,
    reports_due,
)
from oversight.domain.contact import (
    Attempt,
    AttemptChannel,
    AttemptOutcome,
    NextStep,
    next_attempt,
    tried_enough,
    welfare_check_stands,
)
from oversight.domain.follow_ups import follow_ups_due
from oversight.domain.forms import (
    PLAN_STEPS,
    QUESTIONS,
    Answer,
    Asked,
    PlanState,
    When,
    plan_missing,
    screener_level,
    screener_missing,
)
from oversight.domain.severity import Severity

AT = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
ANA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)
CALL, SMS, COLLATERAL = AttemptChannel.CALL, AttemptChannel.SMS, AttemptChannel.COLLATERAL
NO_ANSWER, SPOKE = AttemptOutcome.NO_ANSWER, AttemptOutcome.SPOKE


def tried(*channels: AttemptChannel, outcome: AttemptOutcome = NO_ANSWER) -> list[Attempt]:
    return [Attempt(AT, one, outcome) for one in channels]


def due(severity: Severity, attempts: list[Attempt], **more: bool) -> tuple[str, float] | None:
    told = {"collateral_consented": True} | more
    found = next_attempt(severity, attempts, opened_at=AT, **told)  # type: ignore[arg-type]
    return None if found is None else (found.step, (found.at - AT).total_seconds() / 60)


def test_imminent_is_called_at_0_5_and_10_minutes_then_others_then_looked_after():
    assert due(Severity.L4, []) == (NextStep.CALL, 0)
    assert due(Severity.L4, tried(CALL)) == (NextStep.CALL, 5)
    assert due(Severity.L4, tried(CALL, SMS, CALL)) == (NextStep.CALL, 10)
    three = tried(CALL, CALL, CALL)
    assert due(Severity.L4, three) == (NextStep.COLLATERAL, 10)
    assert due(Severity.L4, three, collateral_consented=False) == (NextStep.WELFARE_CHECK, 10)
    asked = [*three, *tried(COLLATERAL, outcome=SPOKE)]
    assert due(Severity.L4, asked) == (NextStep.WELFARE_CHECK, 10)
    assert due(Severity.L4, asked, welfare_check_ordered=True) is None
    assert due(Severity.L4, tried(CALL, outcome=SPOKE)) is None


def test_high_is_tried_three_times_in_a_day_over_two_channels():
    assert due(Severity.L3, []) == (NextStep.ATTEMPT, 60)
    assert due(Severity.L3, tried(CALL, CALL)) == (NextStep.ATTEMPT, 24 * 60)
    assert due(Severity.L3, tried(CALL, CALL, CALL)) == (NextStep.ANOTHER_CHANNEL, 24 * 60)
    assert due(Severity.L3, tried(CALL, CALL, SMS)) is None


def test_speaking_with_somebody_close_is_not_speaking_with_the_participant():
    close = tried(COLLATERAL, outcome=SPOKE)
    assert not tried_enough(Severity.L4, close, welfare_check_ordered=False)
    assert tried_enough(Severity.L4, close, welfare_check_ordered=True)
    assert not tried_enough(Severity.L3, close, welfare_check_ordered=False)
    assert tried_enough(Severity.L3, tried(CALL, CALL, SMS), welfare_check_ordered=False)


def test_a_welfare_check_is_decided_by_two_unless_an_attempt_is_in_progress():
    assert not welfare_check_stands([ANA], attempt_in_progress=False)
    assert not welfare_check_stands([ANA, ANA], attempt_in_progress=False)
    assert welfare_check_stands([ANA, BEN], attempt_in_progress=False)
    assert welfare_check_stands([ANA], attempt_in_progress=True)
    assert not welfare_check_stands([], attempt_in_progress=True)


YES, NO = Answer(Asked.YES), Answer(Asked.NO)


def screener(*yes: int, six: When | None = None, five: When | None = None) -> dict[int, Answer]:
    answers = {number: YES if number in yes else NO for number in QUESTIONS}
    if six is not None:
        answers[6] = Answer(Asked.YES, six)
    if five is not None:
        answers[5] = Answer(Asked.YES, five)
    return answers


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        (screener(), Severity.L0),
        (screener(1), Severity.L1),
        (screener(1, 2), Severity.L2),
        (screener(1, 2, 3), Severity.L2),
        (screener(six=When.LIFETIME), Severity.L2),
        (screener(1, 2, 4), Severity.L3),
        (screener(1, 2, five=When.PAST_3_MONTHS), Severity.L3),
        (screener(six=When.PAST_3_MONTHS), Severity.L3),
        (screener(1, 2, five=When.WITHIN_24_HOURS), Severity.L4),
        (screener(six=When.NOW), Severity.L4),
    ],
)
def test_the_screeners_answers_give_the_protocols_level(answers, level):
    assert screener_missing(answers) == ()
    assert screener_level(answers) is level


def test_a_question_left_out_needs_its_reason_and_gives_no_all_clear():
    answers = screener() | {4: Answer(Asked.NOT_ASKED)}
    assert screener_missing(answers) == ("why question 4 was not asked",)
    answers[4] = Answer(Asked.NOT_ASKED, because="they hung up")
    assert screener_missing(answers) == ()
    assert screener_level(answers) is Severity.LU
    assert screener_level({}) is Severity.LU
    short = {1: YES, 2: NO, 6: NO}
    assert screener_missing(short) == (), "3 to 5 follow only a yes to 2"
    assert screener_missing({1: YES, 2: YES, 6: NO}) != ()
    assert screener_missing(screener(6)) == ("when, for question 6",)


answered = st.builds(
    Answer, st.sampled_from(Asked), st.none() | st.sampled_from(When), st.sampled_from(["", "x"])
)


@given(st.dictionaries(st.integers(1, 6), answered))
def test_a_worse_answer_never_gives_a_lower_level(answers):
    level = screener_level(answers)
    assert (level is Severity.LU) or screener_missing(answers) == ()
    worse = dict(answers) | {6: Answer(Asked.YES, When.NOW)}
    if screener_missing(worse) == ():
        assert screener_level(worse) is Severity.L4


def test_a_safety_plan_has_six_steps_or_a_reason():
    whole = dict.fromkeys(PLAN_STEPS, "something")
    assert plan_missing(PlanState.MADE, whole, because="") == ()
    assert len(plan_missing(PlanState.MADE, {}, because="")) == 6
    assert plan_missing(PlanState.DECLINED, {}, because="") != ()
    assert plan_missing(PlanState.DECLINED, {}, because="not today") == ()
    assert plan_missing(PlanState.EXISTING, {}, because="") == ()
    assert plan_missing(PlanState.MADE, whole | {"seventh": "x"}, because="") != ()


WHOLE = Standing(
    assigned=Severity.L3,
    model_level=Severity.L3,
    screener_complete=True,
    safety_plan_complete=True,
    tried_enough=True,
    follow_ups_owned=True,
    adverse_event_assessed=True,
    conversation_answered=True,
)
FILLED = dict.fromkeys(FIELDS, "words")


def test_a_case_closes_when_everything_stands():
    assert closing_missing(FILLED, WHOLE) == ()


@pytest.mark.parametrize("name", FIELDS)
def test_every_required_field_alone_keeps_it_open(name):
    assert closing_missing(FILLED | {name: "  "}, WHOLE) == (FIELDS[name],)


@pytest.mark.parametrize(
    "name",
    [
        "screener_complete",
        "safety_plan_complete",
        "tried_enough",
        "follow_ups_owned",
        "adverse_event_assessed",
        "conversation_answered",
    ],
)
def test_everything_around_the_fields_alone_keeps_it_open(name):
    from dataclasses import replace

    assert len(closing_missing(FILLED, replace(WHOLE, **{name: False}))) == 1


def test_a_level_that_differs_from_the_classifiers_is_explained():
    from dataclasses import replace

    other = replace(WHOLE, assigned=Severity.L1)
    assert closing_missing(FILLED, other) != ()
    assert closing_missing(FILLED | {"level_differs_because": "a song"}, other) == ()
    assert closing_missing(FILLED, replace(WHOLE, assigned=None)) != ()


BERLIN = ZoneInfo("Europe/Berlin")


def reported(**changes: object) -> dict[str, str]:
    told = {"serious": True, "life_threatening": False, "related": True, "expected": False}
    aware = datetime(2026, 12, 18, 15, 0, tzinfo=BERLIN)
    event = AdverseEvent(aware_at=aware, **(told | changes))  # type: ignore[arg-type]
    christmas = {date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)}
    return {one.rule.name: one.due_at.isoformat() for one in reports_due(event, christmas)}


def test_deadlines_count_hours_days_and_the_sites_working_days():
    assert reported() == {
        "sponsor": "2026-12-19T15:00:00+01:00",
        "regulator_15_days": "2027-01-03T00:00:00+01:00",
        # Ten working days after Friday 18 December, past Christmas and New Year: Tuesday 5 January.
        "board_10_days": "2027-01-06T00:00:00+01:00",
    }
    assert "regulator_7_days" in reported(life_threatening=True)
    assert set(reported(expected=True)) == {"sponsor"}
    assert reported(serious=False) == {}


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(1, 30),
    st.sets(st.dates(date(2020, 1, 1), date(2030, 6, 1)), max_size=30),
)
def test_a_deadline_in_working_days_falls_on_one_and_counts_them_all(start, count, holidays):
    end = after_working_days(start, count, holidays)
    days = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    working = [day for day in days if day.weekday() < 5 and day not in holidays]
    assert len(working) == count
    assert working[-1] == end


def test_follow_ups_are_due_after_a_day_three_days_and_four_weeks():
    hours = [(one - AT) / timedelta(hours=1) for one in follow_ups_due(Severity.L4, AT)]
    assert hours == [24, 72, 168, 336, 504, 672]
    assert len(follow_ups_due(Severity.L3, AT)) == 2

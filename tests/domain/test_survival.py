"""Kaplan-Meier, against hand-computed and published values."""

from __future__ import annotations

import pytest

from oversight.domain.survival import Waited, kaplan_meier

# Weeks of remission under 6-mercaptopurine (Freireich 1963; Cox and Oakes 1984, p. 8): ended and
# still open, with the estimates printed in Kalbfleisch and Prentice, table 1.2.
ENDED = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
STILL_OPEN = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
PRINTED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def freireich() -> list[Waited]:
    ended = [Waited(week, True, count) for week, count in ENDED.items()]
    return ended + [Waited(week, False, count) for week, count in STILL_OPEN.items()]


def test_the_published_example() -> None:
    curve = kaplan_meier(freireich())
    found = {step.seconds: round(step.still_waiting, 3) for step in curve.steps}
    assert found == PRINTED
    assert (curve.cases, curve.open, curve.longest_seconds) == (21, 12, 35)
    assert curve.time_by(0.5) == 23


def test_without_open_cases_it_is_the_plain_share() -> None:
    curve = kaplan_meier([Waited(second, True) for second in range(1, 21)])
    assert [step.still_waiting for step in curve.steps] == pytest.approx(
        [1 - second / 20 for second in range(1, 21)]
    )
    assert curve.time_by(0.5) == 10
    assert curve.time_by(0.95) == 19


def test_leaving_open_cases_out_would_flatter() -> None:
    ended = [Waited(second, True) for second in (10, 20, 30)]
    waiting = [Waited(40, False, 7)]
    assert kaplan_meier(ended).time_by(0.5) == 20
    assert kaplan_meier(ended + waiting).time_by(0.5) is None


def test_a_case_open_at_the_time_of_an_event_waits_through_it() -> None:
    curve = kaplan_meier([Waited(5, True), Waited(5, False)])
    assert curve.steps[0].still_waiting == pytest.approx(0.5)


def test_counts_are_the_same_as_single_cases() -> None:
    together = kaplan_meier([Waited(3, True, 4), Waited(8, False, 2)])
    apart = kaplan_meier([Waited(3, True)] * 4 + [Waited(8, False)] * 2)
    assert together == apart


def test_nothing_waited_for_is_an_empty_curve() -> None:
    curve = kaplan_meier([])
    assert (list(curve.steps), curve.cases, curve.open) == ([], 0, 0)
    assert curve.time_by(0.5) is None


def test_all_open_reaches_no_median() -> None:
    assert kaplan_meier([Waited(9, False, 12)]).time_by(0.5) is None

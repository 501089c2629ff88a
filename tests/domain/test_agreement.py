"""Agreement between readers, against worked examples and against resampling."""

from __future__ import annotations

import random
import statistics

import pytest

from oversight.domain.agreement import Agreement, agreement, positive_agreement
from oversight.domain.proportions import wilson

RARE = (
    [(True, True)] * 4 + [(True, False)] * 3 + [(False, True)] * 3 + [(False, False)] * (1000 - 10)
)
LEVELS = (
    [("L0", "L0")] * 50
    + [("L1", "L1")] * 30
    + [("L2", "L2")] * 20
    + [("L0", "L1")] * 8
    + [("L1", "L0")] * 10
    + [("L1", "L2")] * 7
    + [("L2", "L0")] * 5
    + [("L2", "L1")] * 10
)


def half_width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return (interval[1] - interval[0]) / 2


def test_the_protocols_worked_check_with_four_positives_in_a_thousand() -> None:
    found = agreement(RARE)
    positive = positive_agreement(RARE)
    assert found.percent is not None
    assert found.kappa is not None
    assert found.ac1 is not None
    assert positive is not None
    assert found.n == 1000
    assert found.same == 994
    assert found.percent.value == pytest.approx(0.994)
    assert found.percent.interval == pytest.approx(wilson(994, 1000))
    assert found.kappa.value == pytest.approx(0.568, abs=0.0005)
    assert found.ac1.value == pytest.approx(0.994, abs=0.0005)
    assert positive.value == pytest.approx(0.571, abs=0.0005)


def test_kappa_of_cohens_kind_of_table_by_hand() -> None:
    """20 + 15 alike of 50; chance 0.5 x 0.6 + 0.5 x 0.4 = 0.5; (0.7 - 0.5) / 0.5 = 0.4."""
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    found = agreement(pairs)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.4)


def test_ac1_of_the_same_table_by_hand() -> None:
    """Mean use 0.55 and 0.45; chance 2 x 0.55 x 0.45 = 0.495; (0.7 - 0.495) / 0.505."""
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    found = agreement(pairs)
    assert found.ac1 is not None
    assert found.ac1.value == pytest.approx((0.7 - 0.495) / 0.505)


def test_the_intervals_are_as_wide_as_resampling_says() -> None:
    found = agreement(LEVELS)
    assert found.kappa is not None
    assert found.ac1 is not None
    rng = random.Random(4)
    again = [agreement(rng.choices(LEVELS, k=len(LEVELS))) for _ in range(800)]
    kappas = [one.kappa.value for one in again if one.kappa]
    ac1s = [one.ac1.value for one in again if one.ac1]
    assert half_width(found.kappa.interval) == pytest.approx(
        1.96 * statistics.stdev(kappas), rel=0.12
    )
    assert half_width(found.ac1.interval) == pytest.approx(1.96 * statistics.stdev(ac1s), rel=0.12)


def test_without_pairs_nothing_is_claimed() -> None:
    assert agreement([]) == Agreement(0, 0, None, None, None)
    assert positive_agreement([]) is None
    assert positive_agreement([(False, False)] * 20) is None


def test_readers_who_always_agree_get_no_interval_that_claims_certainty() -> None:
    found = agreement([("a", "a")] * 12 + [("b", "b")] * 3)
    assert found.kappa is not None
    assert found.ac1 is not None
    assert (found.kappa.value, found.kappa.interval) == (pytest.approx(1), None)
    assert (found.ac1.value, found.ac1.interval) == (pytest.approx(1), None)
    assert found.percent is not None
    assert found.percent.interval is not None
    assert found.percent.interval[0] < 0.85


def test_kappa_is_undefined_where_only_one_answer_was_ever_given() -> None:
    found = agreement([("a", "a")] * 30)
    assert found.kappa is None
    assert found.ac1 is not None
    assert found.ac1.value == 1


def test_few_pairs_are_not_enough() -> None:
    assert agreement(LEVELS[:4]).short_of == 6
    assert agreement(LEVELS).short_of == 0


def test_no_bound_leaves_the_scale() -> None:
    found = agreement([(1, 0), (0, 1), (1, 1)])
    assert found.kappa is not None
    assert found.kappa.interval is not None
    assert -1 <= found.kappa.interval[0] <= found.kappa.interval[1] <= 1

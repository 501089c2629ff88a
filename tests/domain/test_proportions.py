"""Intervals of shares and rates, against published and hand-computed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.proportions import ENOUGH, Share, poisson, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe RG, Stat Med 1998;17:857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombes_table(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.00005)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_wilson_interval_holds_its_share_and_stays_between_0_and_1(
    case: tuple[int, int],
) -> None:
    part, whole = case
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert low < high


@pytest.mark.parametrize(("part", "whole"), [(1, 0), (3, 2), (-1, 4)])
def test_what_is_not_a_share_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(part, whole)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's limits, as in Ulm K, Am J Epidemiol 1990;131:373-375.
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.6235, 11.668), (10, 4.795, 18.390)],
)
def test_poisson_limits_are_garwoods(count: int, low: float, high: float) -> None:
    assert poisson(count) == pytest.approx((low, high), abs=0.001)


def test_poisson_limits_hold_for_large_counts() -> None:
    low, high = poisson(2000)
    assert low == pytest.approx(2000 - 1.96 * 2000**0.5, rel=0.002)
    assert high == pytest.approx(2000 + 1.96 * 2000**0.5, rel=0.002)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="not a count"):
        poisson(-1)


def test_a_share_of_nothing_has_no_value() -> None:
    assert Share(0, 0).value is None
    assert Share(0, 0).interval is None
    assert Share(0, 0).short_of == ENOUGH


def test_a_share_says_how_many_cases_are_missing() -> None:
    assert Share(1, ENOUGH - 3).short_of == 3
    assert Share(1, ENOUGH).short_of == 0

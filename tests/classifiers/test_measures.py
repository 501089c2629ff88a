"""Measures against values worked out by hand."""

import numpy as np
import pytest

from classifiers.evaluation.measures import (
    auprc,
    auroc,
    calibration_by_chance,
    expected_calibration_error,
    recall_at_specificity,
    with_interval,
    workload_at_recall,
)

TRUTH = np.array([True, False, True, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.1])


def test_ranking_measures_by_hand() -> None:
    assert auroc(TRUTH, SCORES) == pytest.approx(0.75)
    assert auprc(TRUTH, SCORES) == pytest.approx((1 + 2 / 3) / 2)
    assert auroc(TRUTH, np.zeros(4)) == pytest.approx(0.5)
    assert auprc(TRUTH, np.zeros(4)) == pytest.approx(0.5)


def test_decision_measures_by_hand() -> None:
    assert recall_at_specificity(0.95)(TRUTH, SCORES) == pytest.approx(0.5)
    assert recall_at_specificity(0.5)(TRUTH, SCORES) == pytest.approx(1.0)
    assert workload_at_recall(0.99)(TRUTH, SCORES) == pytest.approx(0.75)


def test_calibration_by_hand() -> None:
    assert expected_calibration_error(TRUTH, np.full(4, 0.5)) == pytest.approx(0.0)
    assert expected_calibration_error(TRUTH, np.full(4, 0.9)) == pytest.approx(0.4)


def test_an_interval_holds_its_value_and_resamples_scenarios() -> None:
    generator = np.random.default_rng(1)
    truth = generator.random(300) < 0.3
    scores = truth + generator.normal(0, 1, 300)
    groups = [str(number // 3) for number in range(300)]
    interval = with_interval(auroc, truth, scores, groups)
    assert interval.low < interval.value < interval.high


def test_promises_kept_exactly_still_miss_by_chance_and_less_on_more_texts() -> None:
    promised = np.random.default_rng(0).random(4_000)
    few, few_most = calibration_by_chance(promised[:200], rounds=200)
    many, _ = calibration_by_chance(promised, rounds=200)
    assert 0 < many < few < few_most
    assert many < 0.02

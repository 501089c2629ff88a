"""Measures of ranking, decision and calibration, with bootstrap intervals over scenarios."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Rows = NDArray[np.intp]
Measure = Callable[[BoolArray, FloatArray], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A measure with its 95% percentile bootstrap interval (Efron 1979)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}–{self.high:.3f}]"


def auroc(positive: BoolArray, scores: FloatArray) -> float:
    """Chance that a random positive ranks above a random negative, ties counting half."""
    ranks = _average_ranks(scores)
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    below = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(below / (positives * negatives))


def auprc(positive: BoolArray, scores: FloatArray) -> float:
    """Average precision; its chance level is the share of positives."""
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = positive[order].astype(float)
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    found, read = np.cumsum(hits)[last_of_tie], np.flatnonzero(last_of_tie) + 1
    gained = np.diff(np.append(0.0, found))
    return float((gained * found / read).sum() / hits.sum())


def recall_at_specificity(specificity: float) -> Measure:
    """Share of positives found when at most ``1 - specificity`` of the negatives are flagged."""

    def measure(positive: BoolArray, scores: FloatArray) -> float:
        negatives = np.sort(scores[~positive])
        if not len(negatives) or not positive.any():
            return float("nan")
        allowed = int(np.floor((1.0 - specificity) * len(negatives) + 1e-9))
        threshold = negatives[len(negatives) - 1 - allowed]
        return float((scores[positive] > threshold).mean())

    return measure


def workload_at_recall(recall: float) -> Measure:
    """Share of all texts that must be read, worst first, to see ``recall`` of the positives."""

    def measure(positive: BoolArray, scores: FloatArray) -> float:
        if not positive.any():
            return float("nan")
        found = np.sort(scores[positive])[::-1]
        threshold = found[int(np.ceil(recall * len(found))) - 1]
        return float((scores >= threshold).mean())

    return measure


def expected_calibration_error(
    positive: BoolArray, probabilities: FloatArray, *, bins: int = 10
) -> float:
    """Mean gap between promised and observed frequency over equal-width bins (Guo et al. 2017)."""
    return sum(
        share * abs(promised - observed)
        for share, promised, observed in reliability(positive, probabilities, bins=bins)
    )


def calibration_by_chance(
    probabilities: FloatArray, *, rounds: int = 1_000, seed: int = 0
) -> tuple[float, float]:
    """The error that promises kept exactly would show on so few texts: mean, 95th percentile."""
    generator = np.random.default_rng(seed)
    errors = [
        expected_calibration_error(
            generator.random(len(probabilities)) < probabilities, probabilities
        )
        for _ in range(rounds)
    ]
    return float(np.mean(errors)), float(np.percentile(errors, 95))


def reliability(
    positive: BoolArray, probabilities: FloatArray, *, bins: int = 10
) -> list[tuple[float, float, float]]:
    """Per filled bin: share of texts, mean promised probability, observed frequency."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    rows = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            rows.append(
                (
                    float(inside.mean()),
                    float(probabilities[inside].mean()),
                    float(positive[inside].mean()),
                )
            )
    return rows


def with_interval(
    measure: Measure,
    positive: BoolArray,
    scores: FloatArray,
    groups: Sequence[str],
    *,
    rounds: int = 400,
    seed: int = 0,
) -> Interval:
    """The measure and its interval, resampling whole groups (scenarios), not rows."""
    drawn = resamples(groups, rounds=rounds, seed=seed)
    return bootstrapped(lambda rows: measure(positive[rows], scores[rows]), len(positive), drawn)


def resamples(groups: Sequence[str], *, rounds: int, seed: int = 0) -> list[Rows]:
    """Row numbers of each bootstrap round: whole groups, drawn with replacement."""
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(place == number) for number in range(len(names))]
    generator = np.random.default_rng(seed)
    return [
        np.concatenate([members[n] for n in generator.integers(0, len(members), len(members))])
        for _ in range(rounds)
    ]


def bootstrapped(statistic: Callable[[Rows], float], size: int, drawn: Sequence[Rows]) -> Interval:
    """A statistic of row numbers, over all ``size`` rows and with its interval over ``drawn``."""
    values = [value for rows in drawn if not np.isnan(value := statistic(rows))]
    low, high = np.percentile(values, [2.5, 97.5]) if values else (np.nan, np.nan)
    return Interval(statistic(np.arange(size)), float(low), float(high))


def _average_ranks(scores: FloatArray) -> FloatArray:
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: FloatArray = last - (counts - 1) / 2
    return mean_rank[inverse]

"""Slow decline: over one conversation, and over all conversations of one participant.

A single message may stay under every threshold while weeks of them sink. This member looks only
at the order and size of the scores already given, so it costs nothing and works for any
classifier. A worsening trend is L1 by CLINICAL §2; it never lowers anything.

The test is Mann–Kendall's (1945), one-sided, with Theil–Sen's slope (Sen 1968) as its size; both
look at order and medians, so that one bad evening is not a trend and one good one does not hide it.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from classifiers.protocol import RiskAssessment
from oversight.domain.severity import Severity

#: Fewer points say nothing about a trend.
FEWEST_POINTS = 6
#: Only the most recent points are read.
MOST_POINTS = 60
#: One-sided error of the trend test; chosen on the corpus's trajectories (model card).
SIGNIFICANCE = 0.05
#: Scores nearer than this are the same for the test: a model's small change is not a course.
STEP = 0.25
#: The rise of expected severity over the stretch that is worth a person's look.
SMALLEST_RISE = 0.25


@dataclass(frozen=True, slots=True)
class Point:
    """One scored participant message: when (days from any fixed start) and how severe.

    ``expected_severity`` is between 0 and 4: see ``expected_severity``.
    """

    at_days: float
    expected_severity: float


@dataclass(frozen=True, slots=True)
class Trend:
    """What the course of the scores says. ``rise`` is the slope times the stretch it covers."""

    points: int
    rise: float
    chance: float
    worsening: bool

    @property
    def severity(self) -> Severity:
        """L1 for a worsening trend, L0 otherwise: the floor this member adds."""
        return Severity.L1 if self.worsening else Severity.L0


def expected_severity(assessment: RiskAssessment) -> float | None:
    """Sum of P(at least L1) … P(at least L4): the mean level the model expects; None unscored."""
    if not assessment.scored or not assessment.severity_probabilities:
        return None
    return sum(assessment.severity_probabilities.values())


def trend(points: Sequence[Point]) -> Trend:
    """Whether the scores rise over time, oldest first, by more than chance and by enough."""
    recent = list(points)[-MOST_POINTS:]
    if len(recent) < FEWEST_POINTS:
        return Trend(len(recent), 0.0, 1.0, worsening=False)
    chance = _chance_of_rise(recent)
    rise = _slope(recent) * (recent[-1].at_days - recent[0].at_days)
    return Trend(len(recent), rise, chance, chance <= SIGNIFICANCE and rise >= SMALLEST_RISE)


def within_conversation(severities: Sequence[float]) -> Trend:
    """The trend over the turns of one conversation, each turn counted as one step."""
    return trend([Point(float(turn), value) for turn, value in enumerate(severities)])


def _slope(points: Sequence[Point]) -> float:
    """Median slope over all pairs of different times (Theil–Sen)."""
    slopes = [
        (later.expected_severity - earlier.expected_severity) / (later.at_days - earlier.at_days)
        for earlier, later in combinations(points, 2)
        if later.at_days > earlier.at_days
    ]
    return median(slopes) if slopes else 0.0


def _chance_of_rise(points: Sequence[Point]) -> float:
    """Chance of a rise this steady among scores without a trend (normal, corrected for ties)."""
    steps = [round(point.expected_severity / STEP) for point in points]
    balance = sum(_sign(later - earlier) for earlier, later in combinations(steps, 2))
    if balance <= 0:
        return 1.0
    ties = Counter(steps).values()
    variance = (_spread(len(steps)) - sum(_spread(size) for size in ties)) / 18
    return 0.5 * math.erfc((balance - 1) / math.sqrt(2 * variance))


def _spread(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)

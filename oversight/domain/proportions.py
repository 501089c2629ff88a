"""Shares and rates with an interval that stays honest for few cases. Standard library only."""

import math
from dataclasses import dataclass
from statistics import NormalDist

ENOUGH = 10
"""Below this many cases a share is not shown as a figure, only as a count."""


@dataclass(frozen=True)
class Share:
    """``part`` of ``whole`` with a Wilson interval; all are None for an empty ``whole``."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share itself, 0 to 1."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% Wilson interval."""
        return wilson(self.part, self.whole) if self.whole else None

    @property
    def short_of(self) -> int:
        """How many more cases it takes before the figure is shown."""
        return max(0, ENOUGH - self.whole)


def wilson(part: int, whole: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion.

    Never empty and never outside 0 to 1, also for 0 or all of few cases.

    Parameters
    ----------
    part, whole : int
        Cases with the property, and all cases; ``0 <= part <= whole``, ``whole >= 1``.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper bound, each between 0 and 1.

    Examples
    --------
    >>> [round(bound, 4) for bound in wilson(8, 10)]
    [0.4902, 0.9433]

    References
    ----------
    Wilson EB. Probable inference, the law of succession, and statistical inference. JASA
    1927;22:209-212. Recommended by Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133.
    """
    if not 0 <= part <= whole or whole < 1:
        raise ValueError(f"{part} of {whole} is not a share")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = part / whole
    shrink = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / shrink
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / shrink
    low = 0.0 if part == 0 else middle - half
    high = 1.0 if part == whole else middle + half
    return low, high


def poisson(count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of the mean of a Poisson count, for rates of rare events.

    Parameters
    ----------
    count : int
        Events seen, 0 or more.
    confidence : float
        Coverage, between 0 and 1; it is never less than this.

    Returns
    -------
    tuple of float
        Lower and upper bound of the expected count.

    Examples
    --------
    >>> [round(bound, 3) for bound in poisson(10)]
    [4.795, 18.39]

    References
    ----------
    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-442.
    """
    if count < 0:
        raise ValueError(f"{count} is not a count")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _mean_where(count - 1, 1 - tail)
    return low, _mean_where(count, tail)


def _mean_where(count: int, probability: float) -> float:
    """The Poisson mean at which at most ``count`` events have this probability (bisection)."""
    low, high = 0.0, 10.0 + 2 * count + 10 * math.sqrt(count + 1)
    for _ in range(100):
        mean = (low + high) / 2
        if _at_most(count, mean) > probability:
            low = mean
        else:
            high = mean
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """The Poisson probability of ``count`` events or fewer."""
    if mean == 0:
        return 1.0
    return math.fsum(
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)
    )

"""How far two readers agree, beyond what chance would give. Standard library only.

At 0.1% prevalence kappa alone misleads (protocol, section 4), so AC1, plain agreement and
agreement on the positives always stand beside it.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

from oversight.domain.proportions import ENOUGH, wilson

C = TypeVar("C", bound=Hashable)
Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; ``interval`` is None where the data cannot give one."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Agreement:
    """Two readers over ``n`` items. None: the measure is not defined on these data."""

    n: int
    same: int
    percent: Estimate | None
    kappa: Estimate | None
    ac1: Estimate | None

    @property
    def short_of(self) -> int:
        """How many more pairs it takes before the figures are shown."""
        return max(0, ENOUGH - self.n)


def agreement(pairs: Iterable[tuple[C, C]]) -> Agreement:
    """Percent agreement, Cohen's kappa and Gwet's AC1 of two readers on unordered categories.

    Parameters
    ----------
    pairs : iterable of (first reader's category, second reader's category)
        One pair an item, both present.

    Returns
    -------
    Agreement
        ``percent`` with a Wilson interval; ``kappa`` and ``ac1`` with large-sample intervals.
        Where everybody always agrees these have no interval: the formula would claim certainty.

    Notes
    -----
    Categories are those that appear. With a single one, chance agreement is 1 for kappa, which is
    then undefined, and 0 for AC1 (Gwet's chance term vanishes when nothing varies).

    Examples
    --------
    >>> pairs = [("yes", "yes")] * 4 + [("yes", "no")] * 3 + [("no", "yes")] * 3
    >>> found = agreement(pairs + [("no", "no")] * 990)
    >>> [round(one.value, 3) for one in (found.percent, found.kappa, found.ac1)]
    [0.994, 0.568, 0.994]

    References
    ----------
    Cohen J. Educ Psychol Meas 1960;20:37-46; variance: Fleiss JL, Cohen J, Everitt BS. Psychol
    Bull 1969;72:323-327. Gwet KL. Br J Math Stat Psychol 2008;61:29-48 (AC1 and its variance).
    """
    cells = Counter(pairs)
    n = sum(cells.values())
    same = sum(count for (first, second), count in cells.items() if first == second)
    if n == 0:
        return Agreement(0, 0, None, None, None)
    table = {pair: count / n for pair, count in cells.items()}
    percent = Estimate(same / n, wilson(same, n))
    return Agreement(n, same, percent, _kappa(table, n), _ac1(table, n))


def positive_agreement(pairs: Iterable[tuple[bool, bool]]) -> Estimate | None:
    """Of the positives either reader saw, the share both saw: 2a / (2a + b + c).

    None while nobody has seen a positive. The interval is Wilson's on the same share, with the
    items where at least one reader said yes, a/(a + b + c), carried over by 2x / (1 + x).

    References
    ----------
    Cicchetti DV, Feinstein AR. High agreement but low kappa: II. J Clin Epidemiol
    1990;43:551-558.
    """
    cells = Counter(pairs)
    both = cells[True, True]
    seen = both + cells[True, False] + cells[False, True]
    if seen == 0:
        return None
    low, high = wilson(both, seen)
    return Estimate(_twice(both / seen), (_twice(low), _twice(high)))


def _twice(share: float) -> float:
    return 2 * share / (1 + share)


def _kappa(table: dict[tuple[C, C], float], n: int) -> Estimate | None:
    first, second = _margins(table)
    observed = sum(share for (one, other), share in table.items() if one == other)
    chance = sum(first[one] * second[one] for one in first)
    if math.isclose(chance, 1):
        return None
    value = (observed - chance) / (1 - chance)
    if math.isclose(observed, 1):
        return Estimate(value, None)
    # Fleiss, Cohen and Everitt (1969), formula 13.
    diagonal = sum(
        share * ((1 - chance) - (first[one] + second[one]) * (1 - observed)) ** 2
        for (one, other), share in table.items()
        if one == other
    )
    rest = (1 - observed) ** 2 * sum(
        share * (second[one] + first[other]) ** 2
        for (one, other), share in table.items()
        if one != other
    )
    spread = diagonal + rest - (observed * chance - 2 * chance + observed) ** 2
    return _bounded(value, math.sqrt(max(0.0, spread) / n) / (1 - chance) ** 2)


def _ac1(table: dict[tuple[C, C], float], n: int) -> Estimate | None:
    first, second = _margins(table)
    names = first.keys() | second.keys()
    use = {name: (first[name] + second[name]) / 2 for name in names}
    observed = sum(share for (one, other), share in table.items() if one == other)
    others = max(1, len(names) - 1)
    chance = sum(share * (1 - share) for share in use.values()) / others
    value = (observed - chance) / (1 - chance)
    if math.isclose(observed, 1):
        return Estimate(value, None)
    # Gwet (2008), the variance of AC1 for two readers and a large population of items.
    on_diagonal = sum(
        share * (1 - use[one]) for (one, other), share in table.items() if one == other
    )
    everywhere = sum(
        share * (1 - (use[one] + use[other]) / 2) ** 2 for (one, other), share in table.items()
    )
    spread = (
        observed * (1 - observed)
        - 4 * (1 - value) * (on_diagonal / others - observed * chance)
        + 4 * (1 - value) ** 2 * (everywhere / others**2 - chance**2)
    )
    return _bounded(value, math.sqrt(max(0.0, spread) / n) / (1 - chance))


def _margins(table: dict[tuple[C, C], float]) -> tuple[Counter[C], Counter[C]]:
    """How often each reader uses each category (shares)."""
    first: Counter[C] = Counter()
    second: Counter[C] = Counter()
    for (one, other), share in table.items():
        first[one] += share  # type: ignore[assignment]  # Counter is typed for whole numbers
        second[other] += share  # type: ignore[assignment]
    return first, second


def _bounded(value: float, error: float) -> Estimate:
    return Estimate(value, (max(-1.0, value - Z95 * error), min(1.0, value + Z95 * error)))

"""Waiting times in which some have not ended yet. Standard library only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Waited:
    """``count`` cases that waited ``seconds``; ``ended`` is false while they still wait."""

    seconds: float
    ended: bool
    count: int = 1


@dataclass(frozen=True)
class Step:
    """From ``seconds`` on, this share (0 to 1) is still waiting."""

    seconds: float
    still_waiting: float


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier estimate: its steps in order of time, how many cases, how many still wait."""

    steps: Sequence[Step]
    cases: int
    open: int
    longest_seconds: float

    def time_by(self, share: float) -> float | None:
        """Seconds within which this share had ended; None while the data do not reach it.

        The smallest time at which no more than ``1 - share`` still wait, so 0.5 is the median.
        """
        for step in self.steps:
            if step.still_waiting <= 1 - share + 1e-12:
                return step.seconds
        return None


def kaplan_meier(waits: Iterable[Waited]) -> Curve:
    """The share still waiting over time, open cases counted for as long as they have waited.

    Leaving open cases out would flatter the figure: the longest waits are the ones still open.
    A case that is open at the time of an event counts as waiting through it.

    Parameters
    ----------
    waits : iterable of Waited
        Durations of 0 seconds or more, with counts; ended or still open (censored at now).

    Returns
    -------
    Curve
        One step for each distinct time at which something ended.

    Examples
    --------
    >>> curve = kaplan_meier([Waited(1, True), Waited(2, False), Waited(3, True)])
    >>> [(step.seconds, round(step.still_waiting, 3)) for step in curve.steps]
    [(1, 0.667), (3, 0.0)]

    References
    ----------
    Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. JASA
    1958;53:457-481.
    """
    ended: dict[float, int] = defaultdict(int)
    still_open: dict[float, int] = defaultdict(int)
    for wait in waits:
        (ended if wait.ended else still_open)[wait.seconds] += wait.count
    cases = sum(ended.values()) + sum(still_open.values())
    times = sorted(ended.keys() | still_open.keys())
    at_risk, share, steps = cases, 1.0, []
    for time in times:
        if ended[time]:
            share *= 1 - ended[time] / at_risk
            steps.append(Step(time, share))
        at_risk -= ended[time] + still_open[time]
    return Curve(steps, cases, sum(still_open.values()), times[-1] if times else 0.0)

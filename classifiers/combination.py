"""How the members' answers become one: worst wins, rules only raise, missing stays missing."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.outputs import CRISIS, FLAGS_OF_ABSENCE, HARM, LEVELS
from classifiers.phrases import PhraseHit
from oversight.domain.flags import GRADES, Flag, Grade, grade_at_least
from oversight.domain.severity import Category, Severity, worst

#: Names of outputs, put together once: on every text it showed.
_LEVEL_NAMES = {level: f"severity:{level.value}" for level in LEVELS}
_CATEGORY_NAMES = {category: f"category:{category.value}" for category in Category}
_FLAG_NAMES = {flag: f"flag:{flag.value}" for flag in Flag}
_ABSENT = frozenset(f"flag:{flag.value}" for flag in FLAGS_OF_ABSENCE)


class InvalidScore(ValueError):
    """A model answered with something that is not a probability."""


def merge_windows(names: Sequence[str], windows: NDArray[np.float32]) -> dict[str, float]:
    """One probability an output for a text read in windows.

    Danger and harm anywhere count for the whole (largest value); a flag of absence only when
    every window shows it (smallest).

    Raises
    ------
    InvalidScore
        If any value is not a number within [0, 1].
    """
    if not np.all(np.isfinite(windows)) or windows.min() < 0.0 or windows.max() > 1.0:
        raise InvalidScore("a probability outside [0, 1]")
    merged = dict(zip(names, windows.max(axis=0).tolist(), strict=True))
    if len(windows) > 1:
        smallest = dict(zip(names, windows.min(axis=0).tolist(), strict=True))
        merged |= {name: smallest[name] for name in _ABSENT if name in smallest}
    return merged


def severity_probabilities(scores: Mapping[str, float]) -> dict[Severity, float]:
    """P(at least L1) … P(at least L4); a level implies those below, so they fall with it."""
    at_least: dict[Severity, float] = {}
    ceiling = 0.0
    for level in reversed(LEVELS):
        ceiling = max(ceiling, scores[_LEVEL_NAMES[level]])
        at_least[level] = ceiling
    return {level: at_least[level] for level in LEVELS}


def decided_severity(
    probabilities: Mapping[Severity, float], thresholds: Mapping[str, float]
) -> Severity:
    """The highest level whose probability reaches its threshold."""
    reached = [
        level
        for level, probability in probabilities.items()
        if probability >= thresholds[_LEVEL_NAMES[level]]
    ]
    return worst([Severity.L0, *reached])


def combined_severity(model: Severity, hits: Sequence[PhraseHit], *, restricting: bool) -> Severity:
    """Model, phrase rules and the participant's card together.

    ``restricting`` is an underweight participant's wish to eat less: L2 by CLINICAL §2.
    """
    floors = [hit.floor for hit in hits]
    if restricting:
        floors.append(Severity.L2)
    return worst([model, *floors])


def phrase_floor(hits: Sequence[PhraseHit]) -> Severity | None:
    return worst(hit.floor for hit in hits) if hits else None


def crisis_probability(scores: Mapping[str, float]) -> float:
    return scores[CRISIS]


def category_probabilities(scores: Mapping[str, float]) -> dict[Category, float]:
    return {category: scores[name] for category, name in _CATEGORY_NAMES.items()}


def decided_categories(
    probabilities: Mapping[Category, float],
    thresholds: Mapping[str, float],
    severity: Severity,
    hits: Sequence[PhraseHit],
) -> tuple[Category, ...]:
    """Categories over their threshold or named by a rule; above L0 there is at least one."""
    if severity is Severity.L0:
        return ()
    chosen = {
        category
        for category, probability in probabilities.items()
        if probability >= thresholds[_CATEGORY_NAMES[category]]
    }
    chosen.update(hit.category for hit in hits)
    if not chosen:
        chosen.add(max(probabilities, key=lambda category: probabilities[category]))
    return tuple(category for category in Category if category in chosen)


def flag_probabilities(scores: Mapping[str, float]) -> dict[Flag, float]:
    return {flag: scores[name] for flag, name in _FLAG_NAMES.items()}


def decided_flags(
    probabilities: Mapping[Flag, float], thresholds: Mapping[str, float]
) -> tuple[Flag, ...]:
    return tuple(
        flag
        for flag, probability in probabilities.items()
        if probability >= thresholds[_FLAG_NAMES[flag]]
    )


def reply_harm_probability(scores: Mapping[str, float], flags: Sequence[Flag]) -> float:
    """P(any flag of H2 or worse): the head's own answer, never below a decided harmful flag's."""
    harmful = [
        scores[_FLAG_NAMES[flag]] for flag in flags if grade_at_least(GRADES[flag], Grade.H2)
    ]
    return max([scores[HARM], *harmful])

"""Turns rows into training targets: 0, 1, or NaN where nobody said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.outputs import (
    CRISIS,
    CRISIS_CATEGORIES,
    HARM,
    LEVELS,
    PARTICIPANT_OUTPUTS,
    REPLY_OUTPUTS,
)
from classifiers.protocol import Message
from classifiers.training.corpus import ParticipantRow, ReplyRow
from oversight.domain.flags import Flag, Grade, grade_at_least, worst_grade
from oversight.domain.severity import Severity, at_least

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """One text to learn from. ``targets`` follows the role's outputs; NaN means unlabelled."""

    message: Message
    targets: FloatArray
    weight: float
    source: str
    scenario: str


def participant_example(row: ParticipantRow, *, weight: float = 1.0) -> Example:
    crisis = at_least(row.severity, Severity.L1) and bool(CRISIS_CATEGORIES & set(row.categories))
    values: dict[str, float] = {CRISIS: float(crisis)}
    values |= {f"severity:{level.value}": float(at_least(row.severity, level)) for level in LEVELS}
    values |= {f"category:{category.value}": 1.0 for category in row.categories}
    values[f"stance:{row.stance}"] = 1.0
    targets = np.array([values.get(name, 0.0) for name in PARTICIPANT_OUTPUTS], dtype=np.float32)
    return Example(row.message(), targets, weight, row.source, row.scenario)


def reply_example(row: ReplyRow, *, weight: float = 1.0) -> Example:
    targets = flag_targets(row.flags)
    return Example(row.message(), targets, weight, row.source, row.scenario)


def flag_targets(flags: Sequence[Flag]) -> FloatArray:
    """Targets of a reply with exactly these flags."""
    harmful = grade_at_least(worst_grade(flags), Grade.H2)
    values = {HARM: float(harmful)} | {f"flag:{flag.value}": 1.0 for flag in flags}
    return np.array([values.get(name, 0.0) for name in REPLY_OUTPUTS], dtype=np.float32)


def partial_targets(names: Sequence[str], known: dict[str, float]) -> FloatArray:
    """Targets where only ``known`` outputs are labelled."""
    return np.array([known.get(name, np.nan) for name in names], dtype=np.float32)

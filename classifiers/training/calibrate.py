"""Platt scaling of every output and the default thresholds, on scenarios kept for this alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifiers.encoder import Encoder
from classifiers.heads import Head, sigmoid
from classifiers.training.labels import Example

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Aim:
    """A threshold reaches ``recall`` of the positives, but never goes below ``floor``."""

    recall: float
    floor: float
    ceiling: float = 0.5


#: Recall first for the levels that page; the floors keep the workload finite.
SEVERITY_AIMS = {
    "severity:L1": Aim(0.90, 0.15),
    "severity:L2": Aim(0.95, 0.08),
    "severity:L3": Aim(0.99, 0.05),
    "severity:L4": Aim(0.90, 0.15),
}
_OTHER_AIM = Aim(0.80, 0.25)


def raw_logits(encoder: Encoder, head: Head, examples: Sequence[Example]) -> FloatArray:
    """The largest logit over a text's windows, one row an example."""
    return np.stack(
        [
            head.logits(encoder.vectors(encoder.windows(example.message))).max(axis=0)
            for example in examples
        ]
    )


def calibrated(head: Head, logits: FloatArray, targets: FloatArray) -> Head:
    """The head with slope and offset fitted per output (Platt 1999), where positives allow.

    Outputs with fewer than eight positives borrow the median slope and offset of the others.
    """
    slope = np.full(len(head.names), np.nan, dtype=np.float32)
    offset = slope.copy()
    for column in range(len(head.names)):
        known = ~np.isnan(targets[:, column])
        truth = targets[known, column]
        if truth.sum() >= 8 and (1 - truth).sum() >= 8:
            model = LogisticRegression(C=10.0).fit(logits[known, column : column + 1], truth)
            slope[column] = max(float(model.coef_[0, 0]), 0.05)
            offset[column] = float(model.intercept_[0])
    slope = np.where(np.isnan(slope), np.nanmedian(slope), slope).astype(np.float32)
    offset = np.where(np.isnan(offset), np.nanmedian(offset), offset).astype(np.float32)
    return replace(head, slope=slope, offset=offset)


def chosen_thresholds(head: Head, logits: FloatArray, targets: FloatArray) -> dict[str, float]:
    """A default threshold an output, by its aim, on calibrated probabilities."""
    probabilities = sigmoid(logits * head.slope + head.offset)
    return {
        name: _threshold(
            probabilities[:, column], targets[:, column], SEVERITY_AIMS.get(name, _OTHER_AIM)
        )
        for column, name in enumerate(head.names)
    }


def _threshold(probabilities: FloatArray, target: FloatArray, aim: Aim) -> float:
    found = np.sort(probabilities[target == 1])[::-1]
    if len(found) < 5:
        return aim.ceiling
    reached = float(found[int(np.ceil(aim.recall * len(found))) - 1])
    return float(np.clip(reached - 1e-4, aim.floor, aim.ceiling))

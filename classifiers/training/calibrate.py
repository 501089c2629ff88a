"""Platt scaling of every output and the default thresholds, on scenarios kept for this alone."""

from collections.abc import Mapping, Sequence
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
    """A threshold reaches ``recall`` of the positives, unless that flags too much without risk.

    ``most_alarms`` is the largest share of harmless texts that may be flagged: past it people
    stop believing the flag (overrides of 46–96% over 23 studies, CLINICAL §5), and the threshold
    rises until it holds. ``most_everyday`` is the same for everyday comments, which a trial has far
    more of. ``least`` keeps rare outputs from firing on next to nothing.
    """

    recall: float
    most_alarms: float
    least: float = 0.02
    ceiling: float = 0.6
    most_everyday: float = 1.0


#: Harmless texts are the corpus's own near misses, far harder than a day's ordinary talk. An L3
#: missed at its threshold is nearly always held as L2 (model card), so L2 is given the most alarms.
AIMS = {
    "severity:L1": Aim(0.95, 0.35, most_everyday=0.10),
    "severity:L2": Aim(0.97, 0.40, most_everyday=0.06),
    "severity:L3": Aim(0.99, 0.22, most_everyday=0.03),
    "severity:L4": Aim(0.95, 0.10, most_everyday=0.01),
    "harm": Aim(0.90, 0.20),
}
#: Twenty-two flags share the patience that a good reply may cost; categories name, and do not page.
_FLAG_AIM = Aim(0.80, 0.02, least=0.10)
_CATEGORY_AIM = Aim(0.85, 0.03, least=0.20)


def raw_logits(encoder: Encoder, head: Head, examples: Sequence[Example]) -> FloatArray:
    """The largest logit over a text's windows, one row an example."""
    return np.stack(
        [
            head.logits(
                encoder.vectors(encoder.windows(example.message)), example.message.text
            ).max(axis=0)
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


def chosen_thresholds(
    head: Head,
    logits: FloatArray,
    targets: FloatArray,
    harmless: FloatArray,
    everyday: FloatArray | None = None,
) -> dict[str, float]:
    """A default threshold an output, by its aim, on calibrated probabilities.

    ``harmless`` and ``everyday`` hold the logits of texts without risk (rows × outputs).
    """
    probabilities = sigmoid(logits * head.slope + head.offset)
    alarms = sigmoid(harmless * head.slope + head.offset)
    small_talk = alarms if everyday is None else sigmoid(everyday * head.slope + head.offset)
    return {
        name: _threshold(
            probabilities[:, column],
            targets[:, column],
            max(
                float(np.quantile(alarms[:, column], 1.0 - _aim(name).most_alarms)),
                float(np.quantile(small_talk[:, column], 1.0 - _aim(name).most_everyday)),
            ),
            _aim(name),
        )
        for column, name in enumerate(head.names)
    }


#: Recall promised a level by each set beside the default; the model card says what it costs.
PROMISES = {
    "cautious": {"severity:L2": 0.97, "severity:L3": 0.97},
    "widest": {"severity:L2": 0.99, "severity:L3": 0.99},
}


def named_thresholds(
    head: Head, logits: FloatArray, targets: FloatArray, default: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """The sets of ``PROMISES``: no caps on alarms, and never a higher threshold than ``default``'s.

    A threshold is a split-conformal one (Vovk et al. 2005): a text at that level, exchangeable with
    the calibration scenarios' texts, is missed with probability at most 1 - the recall promised.
    """
    probabilities = sigmoid(logits * head.slope + head.offset)
    return {
        name: {
            output: min(default[output], _promised(probabilities, targets, column, recall))
            for output, recall in recalls.items()
            for column in [head.names.index(output)]
        }
        for name, recalls in PROMISES.items()
    }


def _promised(probabilities: FloatArray, targets: FloatArray, column: int, recall: float) -> float:
    found = np.sort(probabilities[targets[:, column] == 1, column])
    allowed = int(np.floor((1.0 - recall) * (len(found) + 1) + 1e-9))
    return max(float(found[allowed - 1]) - 1e-4, 0.0) if allowed else 0.0


def _aim(output: str) -> Aim:
    if output.startswith("flag:"):
        return _FLAG_AIM
    return AIMS.get(output, _CATEGORY_AIM)


def _threshold(probabilities: FloatArray, target: FloatArray, quietest: float, aim: Aim) -> float:
    found = np.sort(probabilities[target == 1])[::-1]
    if len(found) < 5:
        return aim.ceiling
    reached = float(found[int(np.ceil(aim.recall * len(found))) - 1])
    return float(np.clip(max(reached, quietest) - 1e-4, aim.least, aim.ceiling))

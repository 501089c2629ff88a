"""Fits the part of a head that reads words, to stand beside the encoder's part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from classifiers.first_stage import BUCKETS
from classifiers.heads import Head
from classifiers.training.first_stage_fit import hashed_rows
from classifiers.training.labels import Example

FloatArray = NDArray[np.float32]

#: Shares tried on the calibration scenarios; 0 leaves the head as it is.
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
_FEWEST_POSITIVES = 20


@dataclass(frozen=True, slots=True)
class Words:
    """A logistic model of hashed words an output (outputs × buckets), and its bias."""

    weights: FloatArray
    bias: FloatArray

    def logits(self, texts: Sequence[str]) -> FloatArray:
        found: FloatArray = (hashed_rows(texts) @ self.weights.T + self.bias).astype(np.float32)
        return found


def fit_words(outputs: int, examples: Sequence[Example]) -> Words:
    """Outputs with few positives stay without words."""
    features = hashed_rows([example.message.text for example in examples])
    targets = np.stack([example.targets for example in examples])
    weights = np.array([example.weight for example in examples])
    found = Words(np.zeros((outputs, BUCKETS), np.float32), np.zeros(outputs, np.float32))
    for column in range(outputs):
        known = ~np.isnan(targets[:, column])
        truth = targets[known, column]
        if truth.sum() < _FEWEST_POSITIVES or truth.all():
            continue
        model = LogisticRegression(C=10.0, max_iter=300)
        model.fit(features[known], truth, sample_weight=weights[known])
        found.weights[column], found.bias[column] = model.coef_[0], model.intercept_[0]
    return found


def best_share(
    logits: FloatArray, words: FloatArray, targets: FloatArray, columns: Sequence[int]
) -> float:
    """The share of ``words`` beside ``logits`` with the best mean AUROC over ``columns``.

    Rows are the calibration scenarios' texts; columns with few positives are left out.
    """
    counted = [c for c in columns if targets[:, c].sum() >= _FEWEST_POSITIVES]

    def ranking(share: float) -> float:
        together = logits + share * words
        return float(np.mean([roc_auc_score(targets[:, c], together[:, c]) for c in counted]))

    return max(SHARES, key=ranking) if counted else 0.0


def joined(head: Head, words: Words, share: float) -> Head:
    """The head with ``share`` of the words' part."""
    if share == 0.0:
        return head
    return replace(head, words=share * words.weights, bias=head.bias + share * words.bias)

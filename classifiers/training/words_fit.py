"""Fits the part of a head that reads words, to stand beside the encoder's part."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifiers.first_stage import BUCKETS
from classifiers.heads import Head
from classifiers.training.first_stage_fit import hashed_rows
from classifiers.training.labels import Example

_FEWEST_POSITIVES = 20


def with_words(head: Head, examples: Sequence[Example], *, share: float) -> Head:
    """The head plus ``share`` times a logistic model of hashed words, output by output.

    ``share`` is chosen on the calibration scenarios; 0 leaves the head as it is.
    """
    if share == 0.0:
        return head
    features = hashed_rows([example.message.text for example in examples])
    targets = np.stack([example.targets for example in examples])
    weights = np.array([example.weight for example in examples])
    words = np.zeros((len(head.names), BUCKETS), dtype=np.float32)
    bias = head.bias.copy()
    for column in range(len(head.names)):
        known = ~np.isnan(targets[:, column])
        truth = targets[known, column]
        if truth.sum() < _FEWEST_POSITIVES or truth.all():
            continue
        model = LogisticRegression(C=10.0, max_iter=300)
        model.fit(features[known], truth, sample_weight=weights[known])
        words[column] = share * model.coef_[0]
        bias[column] += share * float(model.intercept_[0])
    return replace(head, words=words, bias=bias)

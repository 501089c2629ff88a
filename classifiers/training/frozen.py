"""Logistic heads on an encoder's vectors: the frozen baseline, and the last fit of any encoder."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifiers.encoder import Encoder
from classifiers.heads import Head
from classifiers.training.labels import Example

FloatArray = NDArray[np.float32]


def first_window_vectors(encoder: Encoder, examples: Sequence[Example]) -> FloatArray:
    """One row an example: training reads the first window of a long text."""
    return np.stack([encoder.vector(encoder.windows(example.message)[0]) for example in examples])


def fit_heads(
    names: Sequence[str],
    vectors: FloatArray,
    targets: FloatArray,
    weights: FloatArray,
    *,
    regularisation: float = 1.0,
) -> Head:
    """One L2-regularised logistic regression an output, on the rows that carry its label."""
    rows = [
        _fit_one(vectors, targets[:, column], weights, regularisation)
        for column in range(len(names))
    ]
    ones = np.ones(len(names), dtype=np.float32)
    return Head(
        names=tuple(names),
        weights=np.stack([row[0] for row in rows]).astype(np.float32),
        bias=np.array([row[1] for row in rows], dtype=np.float32),
        slope=ones,
        offset=np.zeros_like(ones),
    )


def _fit_one(
    vectors: FloatArray, target: FloatArray, weights: FloatArray, regularisation: float
) -> tuple[FloatArray, float]:
    known = ~np.isnan(target)
    positives = float(np.nansum(target))
    if positives < 3 or positives == known.sum():
        return np.zeros(vectors.shape[1], dtype=np.float32), -5.0
    model = LogisticRegression(C=regularisation, max_iter=300)
    model.fit(vectors[known], target[known], sample_weight=weights[known])
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])

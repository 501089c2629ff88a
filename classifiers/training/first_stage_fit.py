"""Fits the first look's weights on the corpus."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from classifiers.first_stage import BUCKETS, WEIGHTS_FILE, buckets

FloatArray = NDArray[np.float32]


def hashed_rows(texts: Sequence[str]) -> csr_matrix:
    """One row a text, its features scaled to unit length as ``linear_probability`` does."""
    found = [sorted(buckets(text)) for text in texts]
    indptr = np.cumsum([0, *map(len, found)])
    indices = np.concatenate([np.asarray(row, dtype=np.int64) for row in found])
    values = np.concatenate(
        [np.full(len(row), 1.0 / np.sqrt(max(len(row), 1)), dtype=np.float32) for row in found]
    )
    return csr_matrix((values, indices, indptr), shape=(len(found), BUCKETS))


def fit_first_stage(
    texts: Sequence[str],
    urgency: FloatArray,
    weights: FloatArray,
    *,
    path: Path = WEIGHTS_FILE,
) -> None:
    """Fit the linear model to ``urgency``, a probability of at least L3 a text, and store it.

    A text of 0.3 counts as three tenths urgent and seven tenths not (Hinton et al. 2015).
    """
    features = hashed_rows(texts)
    shares = np.r_[weights * urgency, weights * (1 - urgency)]
    truth = np.r_[np.ones(len(texts)), np.zeros(len(texts))]
    used = shares > 1e-4
    model = LogisticRegression(C=10.0, max_iter=400)
    model.fit(vstack([features, features], format="csr")[used], truth[used], shares[used])
    np.savez_compressed(
        path, weights=model.coef_[0].astype(np.float16), bias=np.float32(model.intercept_[0])
    )

"""Fits the first look's weights on the corpus."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from classifiers.first_stage import BUCKETS, WEIGHTS_FILE, buckets


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
    urgent: NDArray[np.bool_],
    weights: NDArray[np.float32],
    *,
    path: Path = WEIGHTS_FILE,
) -> None:
    """Fit P(at least L3) and store it in half precision."""
    model = LogisticRegression(C=10.0, max_iter=400, class_weight="balanced")
    model.fit(hashed_rows(texts), urgent, sample_weight=weights)
    np.savez_compressed(
        path, weights=model.coef_[0].astype(np.float16), bias=np.float32(model.intercept_[0])
    )

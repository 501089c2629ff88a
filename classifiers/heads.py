"""Linear heads over the encoder's vectors and, where it earned its place, over hashed words.

Files: ``heads.npz`` holds for each role a weight matrix (outputs × width), a bias, perhaps a
matrix for hashed words (outputs × buckets), and a calibration (slope, offset) per output, so that
probability = sigmoid(slope · logit + offset) (Platt 1999). ``manifest.json`` names the outputs in
order, the thresholds and the digests.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.first_stage import buckets

FloatArray = NDArray[np.float32]

#: The thresholds every model has; other sets are named in its manifest.
DEFAULT_THRESHOLDS = "default"


class ModelFilesDamaged(Exception):
    """The model's files are not the ones its manifest names; nothing may be scored with them."""


class UnknownThresholds(ValueError):
    """A model was asked to decide by thresholds that it does not have."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model version is made of and where its decisions fall.

    ``threshold_sets`` names other thresholds than the default ones, for some outputs.
    """

    version: str
    digests: Mapping[str, str]
    languages: tuple[str, ...]
    participant_outputs: tuple[str, ...]
    reply_outputs: tuple[str, ...]
    thresholds: Mapping[str, float]
    threshold_sets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def with_thresholds(self, name: str) -> "Manifest":
        """The same weights deciding by a named set of thresholds, which is a version of its own.

        Raises
        ------
        UnknownThresholds
            If this model has no such set.
        """
        if name == DEFAULT_THRESHOLDS:
            return self
        if name not in self.threshold_sets:
            raise UnknownThresholds(f"{self.version} has no thresholds called {name}")
        chosen = dict(self.threshold_sets[name])
        digest = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()
        return replace(
            self,
            version=f"{self.version}.{name}-{digest[:4]}",
            thresholds={**self.thresholds, **chosen},
        )


@dataclass(frozen=True)
class Head:
    """One role's outputs. ``probabilities`` maps (windows × width) to (windows × outputs).

    ``words`` (outputs × buckets) reads the words themselves (``first_stage.buckets``), which the
    encoder's English pieces blur in other languages and in slang.
    """

    names: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray
    slope: FloatArray
    offset: FloatArray
    words: FloatArray | None = None

    def logits(self, vectors: FloatArray, text: str = "") -> FloatArray:
        """The encoder's part a window, plus the part of the whole text's words if any."""
        result: FloatArray = vectors @ self.weights.T + self.bias
        found = sorted(buckets(text)) if self.words is not None else []
        if self.words is None or not found:
            return result
        read: FloatArray = self._words_by_bucket[found].sum(axis=0)
        return result + read / np.float32(np.sqrt(len(found)))

    @cached_property
    def _words_by_bucket(self) -> FloatArray:
        """``words`` turned over: a bucket's outputs side by side are one read, not one each."""
        assert self.words is not None
        return np.ascontiguousarray(self.words.T)

    def probabilities(self, vectors: FloatArray, text: str = "") -> FloatArray:
        return sigmoid(self.logits(vectors, text) * self.slope + self.offset)


def sigmoid(logits: FloatArray) -> FloatArray:
    """Logistic function, safe for any finite logit."""
    clipped = np.clip(logits, -40.0, 40.0).astype(np.float32)
    return (1.0 / (1.0 + np.exp(-clipped))).astype(np.float32)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model folder, after checking every digest it names."""
    content = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest = Manifest(
        version=content["version"],
        digests=content["digests"],
        languages=tuple(content["languages"]),
        participant_outputs=tuple(content["participant_outputs"]),
        reply_outputs=tuple(content["reply_outputs"]),
        thresholds=content["thresholds"],
        threshold_sets=content.get("threshold_sets", {}),
    )
    for name, digest in manifest.digests.items():
        if file_digest(folder / name) != digest:
            raise ModelFilesDamaged(f"{name} does not match the digest in manifest.json")
    return manifest


def read_head(folder: Path, role: str, names: tuple[str, ...]) -> Head:
    """The head of one role (``participant`` or ``reply``)."""
    with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
        parts = {
            part: arrays[f"{role}_{part}"].astype(np.float32)
            for part in ("weights", "bias", "slope", "offset")
        }
        words = arrays.get(f"{role}_words", None)
    if parts["weights"].shape[0] != len(names):
        raise ModelFilesDamaged(f"{role} head has {parts['weights'].shape[0]} outputs")
    return Head(
        names,
        parts["weights"],
        parts["bias"],
        parts["slope"],
        parts["offset"],
        None if words is None else words.astype(np.float32),
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Writes a model folder: heads, manifest, digests. The encoder's files are already there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from classifiers.heads import Head, file_digest

_NAMED_FILES = ("encoder.onnx", "tokenizer.json", "heads.npz")


def write_bundle(
    folder: Path,
    *,
    release: str,
    languages: tuple[str, ...],
    participant: Head,
    reply: Head,
    thresholds: Mapping[str, float],
    threshold_sets: Mapping[str, Mapping[str, float]] | None = None,
    corpus_digest: str,
) -> str:
    """Store heads and manifest beside the encoder and return the version they make together.

    The version ends in four characters of the encoder's digest and four of a digest over heads,
    thresholds and languages: whatever changes a decision changes the version.
    """
    heads = (("participant", participant), ("reply", reply))
    arrays = {
        f"{role}_{part}": getattr(head, part).astype(np.float32)
        for role, head in heads
        for part in ("weights", "bias", "slope", "offset")
    }
    for role, head in heads:
        if head.words is not None:
            arrays[f"{role}_words"] = head.words.astype(np.float16)
    np.savez_compressed(folder / "heads.npz", **arrays)
    digests = {name: file_digest(folder / name) for name in _NAMED_FILES}
    decisions = {
        "languages": list(languages),
        "thresholds": _rounded(thresholds),
    }
    deciding = hashlib.sha256(f"{digests['heads.npz']}{json.dumps(decisions)}".encode()).hexdigest()
    version = f"{release}+{digests['encoder.onnx'][:4]}{deciding[:4]}"
    content = {
        "version": version,
        "languages": decisions["languages"],
        "digests": digests,
        "corpus_digest": corpus_digest,
        "participant_outputs": list(participant.names),
        "reply_outputs": list(reply.names),
        "thresholds": decisions["thresholds"],
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    if threshold_sets:
        add_threshold_sets(folder, threshold_sets)
    return version


def add_threshold_sets(folder: Path, sets: Mapping[str, Mapping[str, float]]) -> None:
    """Name other thresholds in a manifest; the version of the default ones stays as it is."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    content["threshold_sets"] = {name: _rounded(values) for name, values in sets.items()}
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _rounded(thresholds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in thresholds.items()}

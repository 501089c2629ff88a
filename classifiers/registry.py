"""Model versions: which is live, which runs in shadow, and what each was made of.

``models/registry.yaml`` names every version that was ever live, with its digests and its card.
A candidate is a folder ``models/candidate/`` with its own manifest and heads; it may share the
live encoder. It is scored beside the live one and recorded, and decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from classifiers.encoder import MODELS
from classifiers.model import TransformerClassifier
from classifiers.protocol import Classifier, RiskAssessment
from oversight.domain.severity import Severity, at_least, worst

CANDIDATE = MODELS / "candidate"
Status = Literal["live", "retired"]


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """One version that was ever live. Digests are SHA-256 of its files."""

    version: str
    status: Status
    encoder_digest: str
    heads_digest: str
    card: str
    #: By set of thresholds: what the model card measured of it (recall, calls).
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """How a candidate's levels differ from the live ones on the same messages."""

    messages: int
    same: int
    raised: int
    lowered: int
    newly_paged: int
    no_longer_paged: int
    unscored: int


def registered_versions(path: Path = MODELS / "registry.yaml") -> tuple[RegisteredVersion, ...]:
    """All versions, oldest first."""
    rows = yaml.safe_load(path.read_text("utf-8"))["versions"]
    return tuple(RegisteredVersion(**row) for row in rows)


def load_candidate(folder: Path = CANDIDATE, *, threads: int = 1) -> Classifier | None:
    """The candidate to run in shadow, or None when there is none."""
    if not (folder / "manifest.json").is_file():
        return None
    return TransformerClassifier(folder, threads=threads)


def compare(
    live: Sequence[RiskAssessment], candidate: Sequence[RiskAssessment]
) -> ShadowComparison:
    """Count differences message by message; both sequences are of the same messages in order."""
    pairs = [
        (one.severity, two.severity)
        for one, two in zip(live, candidate, strict=True)
        if one.scored and two.scored
    ]
    return ShadowComparison(
        messages=len(live),
        same=sum(one is two for one, two in pairs),
        raised=sum(two.rank > one.rank for one, two in pairs),
        lowered=sum(two.rank < one.rank for one, two in pairs),
        newly_paged=sum(_pages(two) and not _pages(one) for one, two in pairs),
        no_longer_paged=sum(_pages(one) and not _pages(two) for one, two in pairs),
        unscored=len(live) - len(pairs),
    )


def rescored(before: Severity, after: Severity) -> Severity:
    """The level after a new version read an old message: a model may raise, only people lower."""
    return worst([before, after])


def _pages(severity: Severity) -> bool:
    return at_least(severity, Severity.L3)

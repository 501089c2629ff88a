"""Severity of participant risk: the levels L0 to L4, LU for unscored, and how they combine.

Levels and their C-SSRS mapping are the clinical defaults of the protocol (docs/protocol.md).
"""

from collections.abc import Iterable
from enum import StrEnum


class Severity(StrEnum):
    """How much danger a participant's message shows. LU means nobody, and no model, knows yet."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    LU = "LU"

    @property
    def label(self) -> str:
        """The plain word shown beside the code."""
        return LABELS[self]

    @property
    def rank(self) -> int:
        """Order for comparing danger, 0 to 5: L0, L1, L2, LU, L3, L4.

        LU is held as L2 and stands above it: an unread unknown goes before a known moderate.
        """
        return RANKS[self]


class Category(StrEnum):
    """What kind of danger; a message may have several."""

    SUICIDE = "suicide"
    SELF_INJURY = "self_injury"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE_VICTIM = "abuse_victim"
    EATING_DISORDER = "eating_disorder"
    PSYCHOSIS_MANIA = "psychosis_mania"
    SUBSTANCE = "substance"
    MEDICAL = "medical"
    DEPENDENCY = "dependency"
    OTHER = "other"


LABELS: dict[Severity, str] = {
    Severity.L0: "none",
    Severity.L1: "low",
    Severity.L2: "moderate",
    Severity.L3: "high",
    Severity.L4: "imminent",
    Severity.LU: "not scored",
}

RANKS: dict[Severity, int] = {
    Severity.L0: 0,
    Severity.L1: 1,
    Severity.L2: 2,
    Severity.LU: 3,
    Severity.L3: 4,
    Severity.L4: 5,
}


def worst(severities: Iterable[Severity]) -> Severity:
    """The level that decides for a stretch of conversation; no levels at all means LU."""
    return max(severities, key=lambda severity: severity.rank, default=Severity.LU)


def at_least(severity: Severity, floor: Severity) -> bool:
    """Whether ``severity`` must be treated as ``floor`` or worse."""
    return severity.rank >= floor.rank

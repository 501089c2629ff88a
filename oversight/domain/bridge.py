"""Choosing the words that cover a hold: the bridge message, or the neutral holding note at L0."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oversight.domain.policy import Policy, crisis_line
from oversight.domain.severity import Severity, at_least


@dataclass(frozen=True)
class Bridge:
    """A variant (its number within the language's list) and its finished words."""

    variant: str
    text: str


def variants(policy: Policy, severity: Severity, language: str | None) -> tuple[str, Sequence[str]]:
    """The list of texts to choose from and the language it is in; English when none is written."""
    texts = policy.holding_notes if severity is Severity.L0 else policy.bridges
    base = (language or "en").lower().split("-")[0]
    chosen = base if base in texts else "en"
    return chosen, texts[chosen]


def choose_bridge(
    policy: Policy,
    severity: Severity,
    *,
    language: str | None,
    jurisdiction: str | None,
    used: Sequence[str],
) -> Bridge | None:
    """The next bridge for a conversation in which the variants ``used`` were shown already.

    A variant is not repeated while an unused one remains. When all were used, a hold at L3 or
    above is still bridged with the least used one; below that the hold stays silent (None).
    """
    chosen, texts = variants(policy, severity, language)
    kind = "note" if severity is Severity.L0 else "bridge"
    counts = Counter(used)
    names = [f"{kind}:{chosen}:{number}" for number in range(1, len(texts) + 1)]
    least = min(range(len(texts)), key=lambda index: (counts[names[index]], index))
    if counts[names[least]] and not at_least(severity, Severity.L3):
        return None
    words = texts[least].replace("{crisis_line}", crisis_line(policy, jurisdiction))
    return Bridge(names[least], words)

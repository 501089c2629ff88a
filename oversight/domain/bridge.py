"""Choosing the words that cover a hold: the bridge message, or the neutral holding note at L0."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oversight.domain.policy import Policy, crisis_line
from oversight.domain.severity import Severity, at_least


@dataclass(frozen=True)
class Bridge:
    """A variant (its number within the language's list) and its finished words."""

    variant: str
    text: str


def choose_bridge(
    policy: Policy,
    severity: Severity,
    *,
    somebody_told: bool,
    language: str | None,
    jurisdiction: str | None,
    used: Sequence[str],
) -> Bridge | None:
    """The next bridge for a conversation in which the variants ``used`` were shown already.

    Words that say a person was told are chosen only when ``somebody_told`` (reply flag F17). A
    variant is not repeated while an unused one remains. When all were used, a hold at L3 or above
    is still bridged with the least used one; below that the hold stays silent (None).
    """
    kind, spoken = _list_for(policy, severity, somebody_told=somebody_told)
    chosen = _spoken(spoken, language)
    texts = spoken[chosen]
    counts = Counter(used)
    names = [f"{kind}:{chosen}:{number}" for number in range(1, len(texts) + 1)]
    least = min(range(len(texts)), key=lambda index: (counts[names[index]], index))
    if counts[names[least]] and not at_least(severity, Severity.L3):
        return None
    words = texts[least].replace("{crisis_line}", crisis_line(policy, jurisdiction, language))
    return Bridge(names[least], words)


def _list_for(
    policy: Policy, severity: Severity, *, somebody_told: bool
) -> tuple[str, Mapping[str, Sequence[str]]]:
    """The name of the right list, and its texts by language."""
    if severity is Severity.L0:
        return "note", policy.holding_notes
    if somebody_told:
        return "bridge", policy.bridges
    if policy.waiting_bridges:
        return "waiting", policy.waiting_bridges
    # A version stored before these texts were asked for: its note is true, and help stands beside.
    return "waiting", {
        language: [f"{note} {{crisis_line}}" for note in notes]
        for language, notes in policy.holding_notes.items()
    }


def _spoken(texts: Mapping[str, Sequence[str]], language: str | None) -> str:
    """The participant's language where the texts are written in it, else English."""
    base = (language or "en").lower().split("-")[0]
    return base if base in texts else "en"

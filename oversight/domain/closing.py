"""When a review item may close, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum

from oversight.domain.severity import Severity, at_least


class Disposition(StrEnum):
    """How an item ended; one word for the record and the metrics."""

    APPROVED = "approved"
    EDITED = "edited"
    REPLACED = "replaced"
    WITHHELD = "withheld"
    READ = "read"
    SUPERSEDED = "superseded"
    RESENT = "resent"
    REACHED = "reached"
    SETTLED = "settled"


@dataclass(frozen=True)
class Closing:
    """What the closing rule looks at. ``severity`` is the level after any lowering by a person."""

    severity: Severity
    all_turns_read: bool
    draft_held: bool
    escalation_open: bool
    escalation_owned: bool
    undelivered: bool = False


def reasons_open(closing: Closing) -> tuple[str, ...]:
    """What still keeps the item open, in words for the reader; empty means it closes."""
    reasons = []
    if not closing.all_turns_read:
        reasons.append("something new has not been read")
    if closing.draft_held:
        reasons.append("the reply is not decided")
    if closing.undelivered:
        reasons.append("a text that may not have reached the participant waits for an answer")
    needs_owner = at_least(closing.severity, Severity.L3) or closing.escalation_open
    if needs_owner and not closing.escalation_owned:
        reasons.append("nobody has taken the escalation yet")
    return tuple(reasons)

"""Setting an item aside until a time, or until its participant writes again.

A snoozed item is open: it has an owner by name, it is counted, and its deadline goes on. It comes
back at its time, and before that with any news of its conversation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oversight.domain.severity import Severity


class SnoozeUntil(StrEnum):
    """What an item waits for. Until the next message has a latest time, too."""

    TIME = "time"
    MESSAGE = "message"


class SnoozeEnd(StrEnum):
    """How a snooze ended: at its time, by news, opened by somebody, handed on, or left unowned."""

    DUE = "due"
    NEWS = "news"
    OPENED = "opened"
    HANDED_OVER = "handed_over"
    LEFT = "left"


LONGEST: Mapping[Severity, timedelta] = {
    Severity.L0: timedelta(hours=72),
    Severity.L1: timedelta(hours=24),
    Severity.L2: timedelta(hours=4),
}
"""How long an item may be set aside at once [default]: no longer than its level may wait for an
acknowledgement. Levels that are missing here are never set aside."""


@dataclass(frozen=True)
class Waiting:
    """What the rule looks at, at one moment. ``lowering_unconfirmed``: a second person is due."""

    severity: Severity
    deadline_at: datetime
    escalated: bool
    undelivered: bool
    lowering_unconfirmed: bool
    supervisor: bool


def snoozable(severity: Severity) -> bool:
    """Whether the level alone allows it: not high, not imminent, not what nobody has scored."""
    return severity in LONGEST


def reasons_against(waiting: Waiting) -> tuple[str, ...]:
    """Why the item cannot be set aside at all, in words; empty means that it can."""
    checks = {
        f"it stands at {waiting.severity.label}: somebody answers it now": not snoozable(
            waiting.severity
        ),
        "it is escalated": waiting.escalated,
        "a text that may not have reached the participant waits for an answer": waiting.undelivered,
        "its lower level waits for a second person": waiting.lowering_unconfirmed,
    }
    return tuple(reason for reason, holds in checks.items() if holds)


def latest_until(waiting: Waiting, now: datetime) -> datetime:
    """The latest moment at which it must come back: its deadline, unless a supervisor says so.

    Not after ``now`` when no time is left: then it cannot be set aside.
    """
    limit = now + LONGEST.get(waiting.severity, timedelta(0))
    return limit if waiting.supervisor else min(limit, waiting.deadline_at)

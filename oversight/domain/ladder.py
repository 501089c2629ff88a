"""Which ladder a level climbs, when it starts anew, and when the next call is due."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oversight.domain.severity import Severity, at_least

REPEAT_SECONDS = 300
"""How often everybody is called again once the ladder is at its end and nobody has it."""

EVERYBODY = ("primary", "secondary", "shift", "supervisor")
"""Who is called beyond the last step."""


class OpeningRule(StrEnum):
    """Why an escalation was opened."""

    SEVERITY = "severity"
    UNDELIVERED = "undelivered"
    HARM_DELIVERED = "harm_delivered"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Seen:
    """The ladder as somebody saw it when they pressed: a late click names one that is gone."""

    escalation_id: uuid.UUID
    ladder_started_at: datetime
    step: int


@dataclass(frozen=True)
class Having:
    """One person's "I have it", and until when it holds without contact."""

    person: uuid.UUID
    until: datetime


def next_owner(
    having: Sequence[Having], *, owner: uuid.UUID | None, now: datetime
) -> Having | None:
    """Who has it when the owner's time ran out: whoever else said so and still has time, longest.

    None: nobody has it, and people are called again.
    """
    others = [one for one in having if one.person != owner and one.until > now]
    return max(others, key=lambda one: one.until, default=None)


def escalates(severity: Severity) -> bool:
    """Whether a level alone calls people: high and imminent do."""
    return at_least(severity, Severity.L3)


def level_of_escalation(severity: Severity) -> Severity:
    """What a person hands up is treated as high at least, whatever its level."""
    return severity if escalates(severity) else Severity.L3


def ladder_of(severity: Severity) -> Severity:
    """The level whose ladder and clocks apply: imminent has its own, all else climbs high's."""
    return Severity.L4 if severity is Severity.L4 else Severity.L3


def starts_anew(
    running: Severity, severity: Severity, *, acknowledged: bool, by_person: bool
) -> bool:
    """Whether a running ladder begins again at its first step.

    At a higher level always; when a person hands up what somebody has, too. A ladder that climbs
    is never set back otherwise: its next step calls more people than its first.
    """
    return severity.rank > running.rank or (by_person and acknowledged)


def next_call_at(
    after_seconds: Sequence[int], step: int, *, started_at: datetime, now: datetime
) -> datetime:
    """When step number ``step`` is due; beyond the last one people are called for ever."""
    if step < len(after_seconds):
        return started_at + timedelta(seconds=after_seconds[step])
    return now + timedelta(seconds=REPEAT_SECONDS)

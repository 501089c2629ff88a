"""Deciding several harmless stretches with one key: what may be among them, and what never."""

from collections.abc import Mapping
from dataclasses import dataclass

from oversight.domain.errors import Incomplete
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity

HARMLESS = (Severity.L0, Severity.L1)


@dataclass(frozen=True)
class Band:
    """Scores of the likeliest risk, both ends included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise Incomplete("a score band lies between 0 and 1, the lower end first", field="band")


@dataclass(frozen=True)
class Stretch:
    """What the rule looks at in one open item, all read from the record at one moment."""

    severity: Severity
    status: ItemStatus
    all_scored: bool
    draft_held: bool
    draft_grade: Grade
    escalated: bool
    undelivered: bool
    refused_message: bool
    lowered: bool
    taken_over: bool
    ai_blocked: bool
    own_level_first: bool
    switched_on: bool


REASONS: Mapping[str, str] = {
    "switched_on": "the policy has every conversation read by itself",
    "severity": "it stands above low",
    "scored": "something in it has no valid score",
    "grade": "the reply itself may harm",
    "status": "somebody has it, or set it aside",
    "escalated": "it is escalated",
    "undelivered": "a text of it may not have arrived",
    "refused": "a message of it was refused",
    "lowered": "a person lowered its level",
    "taken_over": "a person has taken over the conversation",
    "ai_blocked": "the bot may not speak there",
    "own_level": "its reader gives their own level first",
}


def reasons_against(stretch: Stretch) -> tuple[str, ...]:
    """Why it is decided by itself (keys of REASONS); empty means that it may be among others."""
    checks = {
        "switched_on": not stretch.switched_on,
        "severity": stretch.severity not in HARMLESS,
        "scored": not stretch.all_scored,
        "grade": stretch.draft_held and stretch.draft_grade is not Grade.H0,
        "status": stretch.status is not ItemStatus.WAITING,
        "escalated": stretch.escalated,
        "undelivered": stretch.undelivered,
        "refused": stretch.refused_message,
        "lowered": stretch.lowered,
        "taken_over": stretch.taken_over,
        "ai_blocked": stretch.ai_blocked and stretch.draft_held,
        "own_level": stretch.own_level_first,
    }
    return tuple(reason for reason, holds in checks.items() if holds)


def action_for(stretch: Stretch) -> Action:
    """A held reply goes out as it stands; where there is none, what was said is read."""
    return Action.APPROVE if stretch.draft_held else Action.MARK_READ

"""When a draft may leave unread. Everything not plainly safe is held, and the reasons are named."""

from dataclasses import dataclass

from oversight.domain.flags import Grade, grade_at_least
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity, at_least
from oversight.domain.words import Scoring


@dataclass(frozen=True)
class Situation:
    """All that the rule of automatic release looks at, for one draft at one moment."""

    mode: Mode
    automatic_release: bool
    messages_scored: bool
    scored_in_time: bool
    draft_scored: bool
    reply_grade: Grade
    conversation_severity: Severity
    escalated: bool
    taken_over: bool
    newest_draft: bool
    covered: bool = True


REASONS = {
    "policy": "the policy does not release by itself",
    "hold_all": "the arm reads every reply before it is sent",
    "unscored_message": "a message of this conversation has no valid score",
    "late": "the score came too late",
    "unscored_draft": "the reply has no valid score",
    "risk": "something unread stands at moderate or above, or could not be scored",
    "harm": "the reply itself may harm",
    "escalated": "the conversation is escalated",
    "taken_over": "a person has taken over the conversation",
    "nobody_on_call": "nobody is on call",
    "outdated": "a newer message or reply has arrived",
}


def flagged(severity: Severity, scoring: Scoring) -> bool:
    """Whether a message's score, or its failure, brings it before a person at once."""
    return scoring is not Scoring.PENDING and at_least(severity, Severity.L2)


def harmful(grade: Grade, scoring: Scoring) -> bool:
    """Whether a reply's score, or its failure, brings it before a person at once."""
    return scoring is Scoring.FAILED or grade_at_least(grade, Grade.H2)


def waits_for_score(mode: Mode, *, taken_over: bool, floor: Severity | None) -> bool:
    """Whether a turn is in no item until it has its score: only where unflagged ones go unread.

    Not where somebody speaks in the bot's place, who must see every turn, and not where a phrase
    demands a level already.
    """
    return mode is Mode.HOLD_FLAGGED and not taken_over and floor is None


def reasons_to_hold(situation: Situation) -> tuple[str, ...]:
    """Why the draft must be held for a person (keys of REASONS); empty means it may be released."""
    checks = {
        "policy": not situation.automatic_release,
        "hold_all": situation.mode is Mode.HOLD_ALL,
        "unscored_message": not situation.messages_scored,
        "late": not situation.scored_in_time,
        "unscored_draft": not situation.draft_scored,
        "risk": at_least(situation.conversation_severity, Severity.L2),
        "harm": grade_at_least(situation.reply_grade, Grade.H2),
        "escalated": situation.escalated,
        "taken_over": situation.taken_over,
        "nobody_on_call": not situation.covered,
        "outdated": not situation.newest_draft,
    }
    return tuple(reason for reason, holds in checks.items() if holds)

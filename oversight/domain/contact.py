"""Trying to reach a participant at risk: what is tried when, and who decides a welfare check.

The times are the protocol's (section 3), each from the moment at which the escalation opened.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oversight.domain.severity import Severity


class AttemptChannel(StrEnum):
    """How a person tried to reach the participant, or somebody close to them."""

    CALL = "call"
    MESSAGE = "message"
    SMS = "sms"
    EMAIL = "email"
    VISIT = "visit"
    COLLATERAL = "collateral"


class AttemptOutcome(StrEnum):
    """What came of one attempt."""

    SPOKE = "spoke"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"


class NextStep(StrEnum):
    """What should be tried next."""

    CALL = "call"
    ATTEMPT = "attempt"
    ANOTHER_CHANNEL = "another_channel"
    COLLATERAL = "collateral"
    WELFARE_CHECK = "welfare_check"


@dataclass(frozen=True)
class Attempt:
    """One attempt, as far as the next one depends on it."""

    at: datetime
    channel: AttemptChannel
    outcome: AttemptOutcome


@dataclass(frozen=True)
class Due:
    """What is to be tried next, and when at the latest."""

    step: NextStep
    at: datetime


IMMINENT_CALLS = (timedelta(0), timedelta(minutes=5), timedelta(minutes=10))
HIGH_ATTEMPTS = (timedelta(hours=1), timedelta(hours=8), timedelta(hours=24))
"""The protocol asks for three in 24 hours; the first stands at its contact clock [default]."""

HIGH_CHANNELS = 2


def next_attempt(
    severity: Severity,
    attempts: Sequence[Attempt],
    *,
    opened_at: datetime,
    collateral_consented: bool,
    welfare_check_ordered: bool = False,
) -> Due | None:
    """What is tried next; None once somebody spoke with them, or everything was tried."""
    if spoke(attempts):
        return None
    if severity is not Severity.L4:
        return _next_high(attempts, opened_at=opened_at)
    calls = sum(one.channel is AttemptChannel.CALL for one in attempts)
    if calls < len(IMMINENT_CALLS):
        return Due(NextStep.CALL, opened_at + IMMINENT_CALLS[calls])
    last = opened_at + IMMINENT_CALLS[-1]
    asked = any(one.channel is AttemptChannel.COLLATERAL for one in attempts)
    if collateral_consented and not asked:
        return Due(NextStep.COLLATERAL, last)
    return None if welfare_check_ordered else Due(NextStep.WELFARE_CHECK, last)


def _next_high(attempts: Sequence[Attempt], *, opened_at: datetime) -> Due | None:
    if len(attempts) < len(HIGH_ATTEMPTS):
        return Due(NextStep.ATTEMPT, opened_at + HIGH_ATTEMPTS[len(attempts)])
    if len({one.channel for one in attempts}) < HIGH_CHANNELS:
        return Due(NextStep.ANOTHER_CHANNEL, opened_at + HIGH_ATTEMPTS[-1])
    return None


def spoke(attempts: Collection[Attempt]) -> bool:
    """Whether somebody spoke with the participant; with somebody close to them is not enough."""
    return any(
        one.outcome is AttemptOutcome.SPOKE and one.channel is not AttemptChannel.COLLATERAL
        for one in attempts
    )


def tried_enough(
    severity: Severity, attempts: Sequence[Attempt], *, welfare_check_ordered: bool
) -> bool:
    """Whether a case may close although nobody was spoken with."""
    if spoke(attempts):
        return True
    if severity is Severity.L4:
        return welfare_check_ordered
    enough = len(attempts) >= len(HIGH_ATTEMPTS)
    return enough and len({one.channel for one in attempts}) >= HIGH_CHANNELS


def welfare_check_stands(deciders: Collection[uuid.UUID], *, attempt_in_progress: bool) -> bool:
    """A welfare check is decided by two people; with an attempt in progress, one may."""
    return len(set(deciders)) >= (1 if attempt_in_progress else 2)

"""How much that is hard to read somebody has read, and when a break is due. For themselves.

Nothing here compares people. The limits are the policy's; at the hard one heavy items go to others
first, as they do for whoever asks for that, and nobody at risk waits for it.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oversight.domain.severity import Severity, at_least


class RestReason(StrEnum):
    """Why heavy items go to others first: the person asked, or has read as many as the limit."""

    ASKED = "asked"
    LIMIT = "limit"


class Load(StrEnum):
    """Where somebody stands against the limits of their shift."""

    BELOW = "below"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True)
class ExposureLimits:
    """Heavy items in a shift; minutes of reading before a break, and of the break [default]."""

    soft: int = 8
    hard: int = 12
    block_minutes: int = 50
    break_minutes: int = 10


@dataclass(frozen=True)
class Reading:
    """An item that somebody had open, and when; ``heavy`` if it was high or imminent."""

    item_id: uuid.UUID
    began_at: datetime
    ended_at: datetime
    heavy: bool


@dataclass(frozen=True)
class Exposure:
    """What somebody read since a moment. An item opened twice is one; its minutes add up."""

    items: int
    minutes: float
    heavy_items: int
    heavy_minutes: float

    def load(self, limits: ExposureLimits) -> Load:
        """Where this stands against the limits."""
        if self.heavy_items >= limits.hard:
            return Load.HARD
        return Load.SOFT if self.heavy_items >= limits.soft else Load.BELOW


@dataclass(frozen=True)
class ReadingBlock:
    """Reading without a break, until now. Past ``break_due_at`` a reminder is shown."""

    began_at: datetime
    break_due_at: datetime
    due: bool


def heavy(severity: Severity) -> bool:
    """Whether reading an item counts as heavy."""
    return at_least(severity, Severity.L3)


def strictest(limits: Iterable[ExposureLimits]) -> ExposureLimits:
    """The limits for somebody who reads under several policies; the defaults under none."""
    found = list(limits) or [ExposureLimits()]
    return ExposureLimits(
        soft=min(one.soft for one in found),
        hard=min(one.hard for one in found),
        block_minutes=min(one.block_minutes for one in found),
        break_minutes=max(one.break_minutes for one in found),
    )


def exposure(readings: Sequence[Reading], *, since: datetime) -> Exposure:
    """Sum up what was read after ``since``."""
    counted = [one for one in readings if one.ended_at > since]
    hard = [one for one in counted if one.heavy]
    return Exposure(
        items=len({one.item_id for one in counted}),
        minutes=_minutes(counted, since),
        heavy_items=len({one.item_id for one in hard}),
        heavy_minutes=_minutes(hard, since),
    )


def reading_block(
    readings: Sequence[Reading], limits: ExposureLimits, *, now: datetime
) -> ReadingBlock | None:
    """The block of reading that goes on now; None where the last break is long enough, or is on."""
    pause = timedelta(minutes=limits.break_minutes)
    began = reached = None
    for one in sorted(readings, key=lambda reading: reading.began_at):
        if began is None or reached is None or one.began_at - reached >= pause:
            began, reached = one.began_at, one.ended_at
        reached = max(reached, one.ended_at)
    if began is None or reached is None or now - reached >= pause:
        return None
    due_at = began + timedelta(minutes=limits.block_minutes)
    return ReadingBlock(began, due_at, due=now >= due_at)


def _minutes(readings: Sequence[Reading], since: datetime) -> float:
    spans = ((one.ended_at - max(one.began_at, since)).total_seconds() for one in readings)
    return sum(max(0.0, span) for span in spans) / 60

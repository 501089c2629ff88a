"""A refresher before reading: forty made-up moments, half of which need a person, with feedback.

Rare cases are missed because they are rare; a short run in which half are risky sharpens the eye.
How somebody did is for them alone.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oversight.domain.severity import Severity


@dataclass(frozen=True)
class DrillItem:
    """One moment. ``risky`` is whether it should be raised, ``why`` is shown after the answer."""

    id: str
    said: Sequence[str]
    reply: str
    risky: bool
    severity: Severity
    why: str


@dataclass(frozen=True)
class Feedback:
    """What an answer was: right or not, and what stood in the item."""

    item_id: str
    right: bool
    risky: bool
    severity: Severity
    why: str


@dataclass(frozen=True)
class DrillScore:
    """How far somebody is, and how they did so far."""

    total: int
    answered: int
    found: int
    missed: int
    false_alarms: int

    @property
    def right(self) -> int:
        """Answers that were right: risky ones raised, others left."""
        return self.answered - self.missed - self.false_alarms

    @property
    def finished(self) -> bool:
        """Whether every item was answered."""
        return self.answered == self.total


def in_order(items: Sequence[DrillItem], drill_id: uuid.UUID) -> Sequence[DrillItem]:
    """The items as one drill shows them: mixed, the same way whenever it is asked."""

    def place(item: DrillItem) -> bytes:
        return hashlib.sha256(drill_id.bytes + item.id.encode()).digest()

    return sorted(items, key=place)


def feedback(item: DrillItem, *, raised: bool) -> Feedback:
    """What to tell somebody who raised an item, or left it."""
    return Feedback(item.id, raised is item.risky, item.risky, item.severity, item.why)


def score(items: Sequence[DrillItem], answers: Mapping[str, bool]) -> DrillScore:
    """Count answers (whether the item of an id was raised); those of unknown items do not count."""
    told = [(item, answers[item.id]) for item in items if item.id in answers]
    return DrillScore(
        total=len(items),
        answered=len(told),
        found=sum(item.risky and raised for item, raised in told),
        missed=sum(item.risky and not raised for item, raised in told),
        false_alarms=sum(raised and not item.risky for item, raised in told),
    )

"""Lowering a level, which only a person may, and from high or imminent only two."""

from datetime import datetime, timedelta

from oversight.domain.severity import Severity, at_least

CONFIRM_WITHIN = timedelta(hours=24)


def levels_below(severity: Severity) -> tuple[Severity, ...]:
    """What an item may be lowered to, lowest first: never to "not scored", never to the same."""
    return tuple(one for one in Severity if one is not Severity.LU and one.rank < severity.rank)


def confirm_due_at(severity: Severity, now: datetime) -> datetime | None:
    """Until when a second person must agree to lowering from ``severity``; None: one is enough."""
    return now + CONFIRM_WITHIN if at_least(severity, Severity.L3) else None

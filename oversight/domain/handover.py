"""The end of a shift: what changes hands, and when something counts as left behind."""

from datetime import datetime, timedelta
from enum import StrEnum

LEFT_BEHIND_AFTER = timedelta(minutes=15)
"""How long after somebody's shift ended what they still have is put up or called about again."""


class HandedOver(StrEnum):
    """What somebody can have, and hand over."""

    CLAIM = "claim"
    SNOOZE = "snooze"
    ESCALATION = "escalation"
    TAKE_OVER = "take_over"


def named_right(typed: str, name: str) -> bool:
    """Whether somebody signed with their own name, whatever the capitals and spaces."""
    return bool(typed.strip()) and _plain(typed) == _plain(name)


def left_behind(*, had_since: datetime, shift_ended_at: datetime | None, now: datetime) -> bool:
    """Whether what somebody has since a moment was left: their shift ended later, a while ago.

    ``shift_ended_at`` is None for somebody who was on no shift since: they are not known to have
    gone. For somebody on duty it is not before ``now``.
    """
    if shift_ended_at is None or shift_ended_at < had_since:
        return False
    return now - shift_ended_at >= LEFT_BEHIND_AFTER


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()

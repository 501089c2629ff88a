"""Stopping a bot: for a study, an arm, one bot or one participant, and why."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum


class StopScope(StrEnum):
    """How much is stopped. A bot is named as its replies name their model."""

    STUDY = "study"
    ARM = "arm"
    BOT = "bot"
    PARTICIPANT = "participant"


class StopCause(StrEnum):
    """Why: a person pressed stop, a consent was withdrawn, or nobody was on call."""

    EMERGENCY = "emergency"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NOBODY_ON_CALL = "nobody_on_call"


class OnCallWord(StrEnum):
    """Whether anybody can be counted on now, in one word for ``/readyz`` and the banner."""

    OK = "ok"
    NOBODY = "nobody"
    UNANSWERED = "unanswered"


SILENT_AFTER = timedelta(seconds=30)
"""A process that has not said for so long that it works is taken for dead."""


def on_call_word(
    people: Collection[object], *, silent: Collection[object], by_hand: Collection[object]
) -> OnCallWord:
    """Who is on by the rota and let the test of their pager go unanswered cannot be counted on.

    Whoever went on duty by hand sits at the console.
    """
    if not people:
        return OnCallWord.NOBODY
    counted = set(by_hand) | (set(people) - set(silent))
    return OnCallWord.OK if counted & set(people) else OnCallWord.UNANSWERED


def silent(beat_at: datetime | None, *, now: datetime) -> bool:
    """Whether a process has said nothing for too long, or never anything."""
    return beat_at is None or now - beat_at > SILENT_AFTER

"""How the console says things: plain words for levels, kinds and times. Untrusted text, escaped."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oversight.domain.lifecycle import DeliveryStatus, DraftStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Category, Severity
from oversight.domain.words import DeliveryKind

LEVEL_WORDS: Mapping[Severity, str] = {
    Severity.L4: "Imminent",
    Severity.L3: "High",
    Severity.LU: "Not scored",
    Severity.L2: "Moderate",
    Severity.L1: "Low",
    Severity.L0: "No risk seen",
}

OWN_FIRST_WORDS = "Your level first"
OWN_FIRST = f'<span class="ov-badge ov-l0">{OWN_FIRST_WORDS}</span>'
"""Instead of a level, while its reader has not given their own (HTML)."""

# A shape for each level, so that no level is told by its colour alone.
LEVEL_MARKS: Mapping[Severity, str] = {
    Severity.L4: "▲▲",
    Severity.L3: "▲",
    Severity.LU: "?",
    Severity.L2: "◆",
    Severity.L1: "●",
    Severity.L0: "○",
}

CATEGORY_WORDS: Mapping[Category, str] = {
    Category.SUICIDE: "suicide",
    Category.SELF_INJURY: "self-injury",
    Category.HARM_TO_OTHERS: "harm to others",
    Category.ABUSE_VICTIM: "being abused",
    Category.EATING_DISORDER: "eating disorder",
    Category.PSYCHOSIS_MANIA: "psychosis or mania",
    Category.SUBSTANCE: "substance use",
    Category.MEDICAL: "medical danger",
    Category.DEPENDENCY: "leaning on the bot",
    Category.OTHER: "other",
}

DRAFT_WORDS: Mapping[DraftStatus, str] = {
    DraftStatus.HELD: "waiting for a decision",
    DraftStatus.RELEASED: "released",
    DraftStatus.WITHHELD: "withheld, never sent",
    DraftStatus.SUPERSEDED: "never sent: a newer draft took its place",
    DraftStatus.RECALLED: "recalled before it was sent",
    DraftStatus.DELIVERED: "delivered",
    DraftStatus.CORRECTED: "delivered, then corrected",
    DraftStatus.RETRACTED: "delivered, then retracted",
}

DELIVERY_WORDS: Mapping[DeliveryStatus, str] = {
    DeliveryStatus.QUEUED: "about to be sent",
    DeliveryStatus.SENDING: "on its way",
    DeliveryStatus.DELIVERED: "arrived",
    DeliveryStatus.FAILED: "could not be delivered",
    DeliveryStatus.UNCERTAIN: "not confirmed: it may or may not have arrived",
    DeliveryStatus.RECALLED: "recalled before it was sent",
}

KIND_WORDS: Mapping[DeliveryKind, str] = {
    DeliveryKind.REPLY: "Bot, released",
    DeliveryKind.BRIDGE: "Bridge message",
    DeliveryKind.NOTE: "Holding note",
    DeliveryKind.CLINICIAN: "Written by the team",
    DeliveryKind.CORRECTION: "Correction by the team",
    DeliveryKind.RETRACTION: "Retraction by the team",
}

ACTION_WORDS: Mapping[Action, str] = {
    Action.CLAIM: "Open",
    Action.UNCLAIM: "Put back",
    Action.SKIP: "Not for me",
    Action.SNOOZE: "Set aside",
    Action.APPROVE: "Approve",
    Action.EDIT: "Edit",
    Action.REPLACE: "Write my own",
    Action.WITHHOLD: "Withhold",
    Action.ESCALATE: "Escalate",
    Action.MARK_READ: "Mark as read",
    Action.RESEND: "Send it again",
    Action.REACHED: "Reached another way",
    Action.ACKNOWLEDGE: "I have it",
    Action.LOWER: "Lower the level",
}

LANGUAGE_WORDS = {
    "en": "English",
    "es": "Spanish",
    "de": "German",
    "fr": "French",
    "pt": "Portuguese",
}

UNSCORED_WORDS = {
    "blank": "there is no readable text in it",
    "garbled": "the text is not readable",
    "unsupported_language": "the language is not one the classifier was tested on",
    "invalid_message": "the classifier could not read the message",
    "invalid_score": "the classifier gave an impossible answer",
    "classifier_error": "the classifier failed",
}


def safe(text: object) -> str:
    """Untrusted words as they may stand in our own HTML. The only way they get there."""
    return escape(str(text).replace("\x00", ""))


def level(severity: Severity) -> str:
    """A level in words, with its mark: never by colour alone."""
    return f"{LEVEL_MARKS[severity]} {LEVEL_WORDS[severity]}"


def badge(severity: Severity) -> str:
    """A level as a small coloured label (HTML)."""
    return f'<span class="ov-badge ov-{severity.value.lower()}">{level(severity)}</span>'


def language(code: str | None) -> str:
    """A language by its name."""
    return LANGUAGE_WORDS.get((code or "").lower().split("-")[0], code or "not known")


def zone(name: str | None) -> ZoneInfo:
    """A time zone by name; UTC when unknown."""
    try:
        return ZoneInfo(name) if name else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(at: datetime, zone_name: str | None = None) -> str:
    """A time of day with its date and zone, such as ``03:12, 22 Nov (UTC)``."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%H:%M}, {local.day} {local:%b} ({local.tzname() or 'UTC'})"


def countdown(deadline: datetime, now: datetime, *, before: str, after: str) -> str:
    """A time that the page counts by itself; ``%`` in the words stands for it (HTML)."""
    seconds = (deadline - now).total_seconds()
    words = before if seconds >= 0 else after
    shown = words.replace("%", length(abs(seconds)))
    late = " ov-late" if seconds < 0 else ""
    return (
        f'<span class="ov-clock{late}" data-deadline="{deadline.timestamp():.0f}"'
        f' data-before="{escape(before)}" data-after="{escape(after)}">{escape(shown)}</span>'
    )


def length(seconds: float) -> str:
    """A stretch of time as people say it."""
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole % 86400 // 3600, whole % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes}:{whole % 60:02}"

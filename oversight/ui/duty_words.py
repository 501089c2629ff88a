"""Plain words for being on call: positions, channels, pages, clocks."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

import streamlit as st

from oversight.domain.gaps import GapReason
from oversight.domain.ladder import OpeningRule
from oversight.domain.pages import ChannelKind, NotTold, PageKind, PageStatus
from oversight.domain.words import ShiftPosition
from oversight.ui.words import length, zone

POSITION_WORDS: Mapping[ShiftPosition, str] = {
    ShiftPosition.PRIMARY: "Primary",
    ShiftPosition.SECONDARY: "Secondary",
    ShiftPosition.SUPERVISOR: "Supervisor",
    ShiftPosition.STUDY_LEAD: "Study lead",
}

ROLE_WORDS: Mapping[str, str] = {
    "primary": "primary",
    "secondary": "secondary",
    "supervisor": "supervisor",
    "study_lead": "study lead",
    "shift": "everybody on shift",
}

CHANNEL_WORDS: Mapping[ChannelKind, str] = {
    ChannelKind.EMAIL: "e-mail",
    ChannelKind.WEBHOOK: "webhook",
    ChannelKind.APPRISE: "SMS, voice, push or chat (Apprise)",
    ChannelKind.INBOX: "inbox of pages",
}

STATUS_WORDS: Mapping[PageStatus, str] = {
    PageStatus.QUEUED: "waits to be sent",
    PageStatus.SENDING: "being sent",
    PageStatus.SENT: "sent",
    PageStatus.FAILED: "failed",
    PageStatus.CONFIRMED: "confirmed",
    PageStatus.NOT_SENT: "not sent",
}

PAGE_WORDS: Mapping[PageKind, str] = {
    PageKind.ESCALATION: "Escalation",
    PageKind.TEST: "Test of a pager",
    PageKind.GAP: "Nobody on call soon",
    PageKind.UNCOVERED: "Nobody on call now",
    PageKind.PAGER_SILENT: "A pager did not answer",
    PageKind.FOLLOW_UP: "Follow-up missed",
    PageKind.HANDOFF: "Asked to take over a case",
    PageKind.LOWERED: "A lowered level waits",
}

NOT_TOLD_WORDS: Mapping[str, str] = {
    NotTold.NO_CONTACT_METHOD: "no contact method",
    NotTold.QUIET_HOURS: "quiet hours, others could be told",
    NotTold.NO_LONGER_NEEDED: "no longer needed",
    NotTold.DEACTIVATED: "not on the team any more",
    NotTold.METHOD_REMOVED: "contact method removed",
}

RULE_WORDS: Mapping[OpeningRule, str] = {
    OpeningRule.SEVERITY: "opened by the level of what was said",
    OpeningRule.UNDELIVERED: "opened because a text did not arrive",
    OpeningRule.HARM_DELIVERED: "opened because a harmful reply was delivered",
    OpeningRule.BY_HAND: "opened by a person",
}

BREACH_WORDS: Mapping[str, str] = {
    "acknowledge": "nobody had it in time",
    "contact": "contact is late",
    "record": "the record is late",
}

GAP_WORDS: Mapping[GapReason, str] = {
    GapReason.NOBODY: "nobody is on",
    GapReason.UNREACHABLE: "nobody who is on has a working contact method",
}


def zone_here() -> str:
    """The reader's own time zone, as their browser says; UTC where it does not."""
    return st.context.timezone or "UTC"


def clock(at: datetime) -> str:
    """A time of day with seconds, such as ``03:12:45``, in the reader's zone."""
    return f"{at.astimezone(zone(zone_here())):%H:%M:%S}"


def away(at: datetime, now: datetime) -> str:
    """How far a moment is from now: ``in 4:10``, ``2:00 ago``."""
    seconds = (at - now).total_seconds()
    return f"in {length(seconds)}" if seconds >= 0 else f"{length(-seconds)} ago"


def names_of(people: Iterable[uuid.UUID], names: Mapping[uuid.UUID, str]) -> str:
    """People by name, or that there is nobody."""
    return ", ".join(names.get(one, "somebody who left") for one in people) or "nobody"

"""What must stand before a case at high or imminent closes, and what must be reported by when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from oversight.domain.severity import Severity

FIELDS: Mapping[str, str] = {
    "location": "where the participant was",
    "callback": "a number to call back",
    "trigger_message_id": "the message that began it",
    "means": "means within reach",
    "intent": "intent",
    "protective_factors": "protective factors",
    "actions": "what was done",
    "consultations": "who was consulted",
    "disclosures": "what was disclosed to whom, and on which legal basis",
    "disposition": "how it ended",
    "reply_flags": "what was wrong with the bot's replies",
}
"""Fields in words; each holds something, or says why it is not known ("not known, because …")."""

OPTIONAL = frozenset({"level_differs_because"})


@dataclass(frozen=True)
class Standing:
    """Everything around the fields that closing looks at."""

    assigned: Severity | None
    model_level: Severity
    screener_complete: bool
    safety_plan_complete: bool
    tried_enough: bool
    follow_ups_owned: bool
    adverse_event_assessed: bool
    conversation_answered: bool


def closing_missing(fields: Mapping[str, str], standing: Standing) -> tuple[str, ...]:
    """What still lacks, in words for the person who wants to close; empty means it may."""
    missing = [words for name, words in FIELDS.items() if not fields.get(name, "").strip()]
    if standing.assigned is None:
        missing.append("the level that you give it")
    elif (
        standing.assigned is not standing.model_level
        and not fields.get("level_differs_because", "").strip()
    ):
        missing.append("why your level differs from the classifier's")
    for stands, words in (
        (
            standing.screener_complete,
            "the C-SSRS screener, each question asked or “not asked, because”",
        ),
        (standing.safety_plan_complete, "the safety plan, or that it was declined"),
        (standing.tried_enough, "contact, or the attempts that the protocol asks for"),
        (standing.follow_ups_owned, "follow-ups, each with an owner"),
        (standing.adverse_event_assessed, "the assessment as an adverse event"),
        (standing.conversation_answered, "an answer to the conversation in Triage"),
    ):
        if not stands:
            missing.append(words)
    return tuple(missing)


class SignatureMeaning(StrEnum):
    """What a signature says. Stored with it (21 CFR 11.50)."""

    AUTHOR = "author"
    REVIEW = "review"


MEANINGS: Mapping[SignatureMeaning, str] = {
    SignatureMeaning.AUTHOR: "I wrote this record and it is complete and true.",
    SignatureMeaning.REVIEW: "I have reviewed this record and agree with how the case was handled.",
}


@dataclass(frozen=True)
class AdverseEvent:
    """The assessment: ``life_threatening`` includes fatal. Aware from when reports count."""

    serious: bool
    life_threatening: bool
    related: bool
    expected: bool
    aware_at: datetime


class Unit(StrEnum):
    """How a reporting deadline counts."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True)
class ReportRule:
    """One report that may be owed. A study sets its own; these are starting values [default]."""

    name: str
    to: str
    count: int
    unit: Unit
    source: str


SPONSOR = ReportRule(
    "sponsor", "the sponsor", 24, Unit.HOURS, "ICH E6(R3): immediately; 24 hours by convention"
)
FATAL = ReportRule(
    "regulator_7_days", "the authority", 7, Unit.CALENDAR_DAYS, "ICH E2A III.B.1 (1994)"
)
UNEXPECTED = ReportRule(
    "regulator_15_days", "the authority", 15, Unit.CALENDAR_DAYS, "ICH E2A III.B.2 (1994)"
)
BOARD = ReportRule(
    "board_10_days",
    "the sponsor and the reviewing board",
    10,
    Unit.WORKING_DAYS,
    "21 CFR 812.150(a)(1)",
)


@dataclass(frozen=True)
class ReportDue:
    """A report that is owed, and by when; days end with their last moment at the site."""

    rule: ReportRule
    due_at: datetime


def reports_owed(event: AdverseEvent) -> tuple[ReportRule, ...]:
    """Which reports the assessment demands."""
    owed = []
    if event.serious:
        owed.append(SPONSOR)
    if event.serious and event.related and not event.expected:
        owed.append(FATAL if event.life_threatening else UNEXPECTED)
        owed.append(BOARD)
    return tuple(owed)


def reports_due(
    event: AdverseEvent, holidays: Collection[date], *, weekend: Collection[int] = (5, 6)
) -> Sequence[ReportDue]:
    """Each report with its deadline. ``aware_at`` must carry the site's time zone."""
    return [
        ReportDue(rule, _due(event.aware_at, rule, holidays, weekend))
        for rule in reports_owed(event)
    ]


def _due(
    aware_at: datetime, rule: ReportRule, holidays: Collection[date], weekend: Collection[int]
) -> datetime:
    if rule.unit is Unit.HOURS:
        return aware_at + timedelta(hours=rule.count)
    if rule.unit is Unit.CALENDAR_DAYS:
        day = aware_at.date() + timedelta(days=rule.count)
    else:
        day = after_working_days(aware_at.date(), rule.count, holidays, weekend=weekend)
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=aware_at.tzinfo)


def after_working_days(
    start: date, count: int, holidays: Collection[date], *, weekend: Collection[int] = (5, 6)
) -> date:
    """The ``count``-th working day after ``start``, which itself never counts."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() not in weekend and day not in holidays:
            count -= 1
    return day

"""A case in words: attempts and what is tried next, follow-ups, reports, signatures, timeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oversight.domain.contact import AttemptChannel, AttemptOutcome, NextStep
from oversight.domain.forms import Asked, PlanState, When
from oversight.queries.case_records import CaseView, FollowUpLine, ReportLine
from oversight.ui.duty_words import away, zone_here
from oversight.ui.words import badge, moment, safe

CHANNEL_WORDS: Mapping[AttemptChannel, str] = {
    AttemptChannel.CALL: "Call",
    AttemptChannel.MESSAGE: "Message by the bot's channel",
    AttemptChannel.SMS: "SMS",
    AttemptChannel.EMAIL: "E-mail",
    AttemptChannel.VISIT: "Visit",
    AttemptChannel.COLLATERAL: "Call to somebody close to them",
}
OUTCOME_WORDS: Mapping[AttemptOutcome, str] = {
    AttemptOutcome.SPOKE: "spoke with them",
    AttemptOutcome.VOICEMAIL: "voicemail",
    AttemptOutcome.NO_ANSWER: "no answer",
    AttemptOutcome.WRONG_NUMBER: "wrong number",
    AttemptOutcome.REFUSED: "refused",
}
NEXT_WORDS: Mapping[NextStep, str] = {
    NextStep.CALL: "call them",
    NextStep.ATTEMPT: "try to reach them",
    NextStep.ANOTHER_CHANNEL: "try another channel",
    NextStep.COLLATERAL: "call whom they named as close to them",
    NextStep.WELFARE_CHECK: "decide on a welfare check",
}
ASKED_WORDS: Mapping[Asked, str] = {
    Asked.YES: "Yes",
    Asked.NO: "No",
    Asked.NOT_ASKED: "Not asked",
}
WHEN_WORDS: Mapping[When, str] = {
    When.NOW: "now",
    When.WITHIN_24_HOURS: "within 24 hours",
    When.PAST_3_MONTHS: "in the past 3 months",
    When.LIFETIME: "longer ago",
}
PLAN_WORDS: Mapping[PlanState, str] = {
    PlanState.MADE: "Made now",
    PlanState.EXISTING: "Exists already",
    PlanState.DECLINED: "Declined",
}
FORM_WORDS = {
    "screener": "C-SSRS screener",
    "safety_plan": "Safety plan",
    "adverse_event": "Assessment as an adverse event",
}


def head_html(case: CaseView) -> str:
    """Level, reference, the way to the conversation, and how the record stands (HTML)."""
    return (
        f'<div class="ov-head">{badge(case.severity)}<span class="ov-who">{case.reference}</span>'
        f"<b>{safe(_record_words(case))}</b>"
        f'<a target="_self" href="/conversation?conversation={case.conversation_id}">Read the'
        " conversation</a></div>"
    )


def _record_words(case: CaseView) -> str:
    if case.record is None:
        return "No record begun"
    if case.signed_by is None:
        return "Record begun, not signed"
    signed = f"Signed by {case.signed_by}"
    return f"{signed}, co-signed by {case.cosigned_by}" if case.cosigned_by else signed


def attempts_html(case: CaseView, *, now: datetime) -> str:
    """What was tried, and what is tried next by when (HTML)."""
    lines = "".join(
        f"<li>{moment(one.at, zone_here())}: {CHANNEL_WORDS[one.channel]},"
        f" <b>{OUTCOME_WORDS[one.outcome]}</b> ({safe(one.person)})"
        + (f"; left these words: {safe(one.words_left)}" if one.words_left else "")
        + "</li>"
        for one in case.attempts
    )
    due = case.next_attempt
    told = "<p>Nothing more is due.</p>"
    if due is not None:
        late = "Late" if due.at < now else "Next"
        told = (
            f"<p><b>{late}: {NEXT_WORDS[due.step]}</b>, at the latest at"
            f" {moment(due.at, zone_here())} ({away(due.at, now)})</p>"
        )
    return (f"<ol>{lines}</ol>" if lines else "<p>Nobody has tried yet.</p>") + told


def welfare_words(case: CaseView) -> str:
    """Who asked for a welfare check, who agreed, whether it is ordered."""
    one = case.welfare
    if one is None:
        return "Nobody asked for a welfare check."
    agreed = f"{one.confirmed_by} agreed" if one.confirmed_by else "nobody has agreed yet"
    ordered = "It is ordered" if one.ordered_at else "It is not ordered"
    return f"{one.proposed_by} asked for it: {one.reason}. {ordered}; {agreed}."


def follow_up_words(one: FollowUpLine, *, now: datetime) -> str:
    """One follow-up in a line."""
    told = f"{moment(one.due_at, zone_here())} ({away(one.due_at, now)}), {one.owner}"
    if one.done_at is not None:
        return f"{told}: done, {one.outcome}"
    return f"{told}: MISSED" if one.due_at < now else told


def reports_html(found: Sequence[ReportLine], *, now: datetime) -> str:
    """Reports that are owed, and by when (HTML)."""
    lines = "".join(
        f"<li><b>{safe(one.rule.replace('_', ' '))}</b> by {moment(one.due_at, zone_here())}"
        f" ({'reported' if one.reported_at else away(one.due_at, now)})</li>"
        for one in found
    )
    return f"<p>Reports owed:</p><ul>{lines}</ul>" if lines else ""


def timeline_html(case: CaseView) -> str:
    """What happened, as the record has it (HTML)."""
    rows = "".join(
        f"<tr><td>{moment(one.at, zone_here())}</td><td>{safe(one.person or 'Oversight')}</td>"
        f"<td>{safe(one.kind.replace('.', ': ').replace('_', ' '))}</td></tr>"
        for one in case.timeline
    )
    return (
        '<div class="ov-table" tabindex="0" role="region" aria-label="Timeline"><table><thead><tr>'
        f"<th>When</th><th>Who</th><th>What</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )

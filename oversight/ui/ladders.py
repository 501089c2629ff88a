"""An escalation and its ladder in words: who has it, whom it called at which minute, what next."""

from collections.abc import Sequence
from datetime import datetime

from oversight.domain.ladder import REPEAT_SECONDS
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.pages import PageStatus
from oversight.queries.ladders import Ladder, OpenEscalation, Rung
from oversight.ui.duty_words import (
    BREACH_WORDS,
    ROLE_WORDS,
    RULE_WORDS,
    STATUS_WORDS,
    away,
    clock,
)
from oversight.ui.words import badge, length, safe

Called = Sequence[tuple[str | None, datetime, Sequence[PageStatus]]]


def escalation_html(one: OpenEscalation, ladder: Ladder, *, now: datetime) -> str:
    """Level, participant, who has it until when, and which clocks ran out (HTML)."""
    late = "".join(
        f'<span class="ov-late"><b>Breached:</b> {safe(BREACH_WORDS[name])}</span>'
        for name in one.breaches
    )
    return (
        f'<div class="ov-head">{badge(one.severity)}'
        f'<span class="ov-who">{safe(one.participant)}</span>'
        f'<span class="ov-soft">{safe(one.reference)}</span>'
        f"<b>{safe(_who(one, ladder, now=now))}</b>{late}</div>"
        f'<div class="ov-soft">{safe(_clocks(one, now=now))}</div>'
        '<div><a target="_self" href="/conversation?conversation='
        f'{one.conversation_id}">Read the conversation</a> · <a target="_self"'
        f' href="/case?escalation={one.id}">Case</a></div>'
    )


def _who(one: OpenEscalation, ladder: Ladder, *, now: datetime) -> str:
    if one.owner is None:
        return "NOT COVERED: nobody has it" if one.not_covered else "Nobody has it yet"
    if one.contact_begun_at is not None:
        return f"{one.owner} has it; contact began at {clock(one.contact_begun_at)}"
    until = ladder.next_page_at
    if until is None:
        return f"{one.owner} has it"
    return f"{one.owner} has it until {clock(until)} ({away(until, now)}); then people are called"


def _clocks(one: OpenEscalation, *, now: datetime) -> str:
    """When it opened and why, and what must be done by when."""
    told = [f"{RULE_WORDS[one.rule]} at {clock(one.opened_at)}"]
    if one.acknowledged_at is None:
        told.append(f"somebody must have it by {clock(one.acknowledge_due_at)}")
    if one.contact_due_at is not None and one.contact_begun_at is None:
        told.append(f"contact by {clock(one.contact_due_at)} ({away(one.contact_due_at, now)})")
    if one.record_due_at is not None:
        told.append(f"record by {clock(one.record_due_at)} ({away(one.record_due_at, now)})")
    return " · ".join(told)


def ladder_html(one: OpenEscalation, ladder: Ladder, *, now: datetime) -> str:
    """The frozen steps, minute by minute: whom each asks for, who was called, what is next."""
    rows = "".join(_row(rung, one, ladder, now=now) for rung in ladder.rungs)
    having = "".join(
        f"<li>{safe(name)} said “I have it” at {clock(at)}, until {clock(until)}</li>"
        for name, at, until in ladder.having
    )
    return (
        f'<div class="ov-table" tabindex="0" role="region" aria-label="Ladder of'
        f' {safe(one.reference)}"><table><thead><tr><th>Minute</th><th>Calls</th>'
        f"<th>What happened</th></tr></thead><tbody>{rows}"
        f"{_beyond(one, ladder, now=now)}</tbody></table></div>"
        + (f"<ul>{having}</ul>" if having else "")
    )


def _row(rung: Rung, one: OpenEscalation, ladder: Ladder, *, now: datetime) -> str:
    minute = length((rung.due_at - ladder.started_at).total_seconds())
    asks = ", ".join(ROLE_WORDS.get(role, role) for role in rung.roles) or "NOT COVERED"
    return _line(minute, asks, _told(rung.called) or _pending(rung.number, one, rung.due_at, now))


def _beyond(one: OpenEscalation, ladder: Ladder, *, now: datetime) -> str:
    told = _told(ladder.repeats)
    if ladder.next_page_at is not None and one.seen.step >= len(ladder.rungs):
        next_at = _pending(len(ladder.rungs), one, ladder.next_page_at, now)
        told = f"{told}<br>{next_at}" if told else next_at
    every = f"then every {length(REPEAT_SECONDS)}"
    return _line(every, "everybody, until somebody has it", told or "Later")


def _line(minute: str, asks: str, told: str) -> str:
    return f"<tr><td>{safe(minute)}</td><td>{safe(asks)}</td><td>{told}</td></tr>"


def _pending(number: int, one: OpenEscalation, due_at: datetime, now: datetime) -> str:
    """What a step that has not called yet waits for."""
    if one.status is EscalationStatus.ACKNOWLEDGED:
        return "Not called: somebody has it"
    if number == one.seen.step:
        return f"<b>Next</b>, at {clock(due_at)} ({away(due_at, now)})"
    return f"Later, at {clock(due_at)}" if number > one.seen.step else "Nobody was called"


def _told(called: Called) -> str:
    """Who was called when, and what became of their pages (HTML)."""
    lines = []
    for name, at, statuses in called:
        pages = ", ".join(dict.fromkeys(STATUS_WORDS[one] for one in statuses))
        who = safe(name) if name else "<b>Nobody could be called</b>"
        lines.append(f"{clock(at)} {who}" + (f" (page {safe(pages)})" if pages else ""))
    return "<br>".join(lines)

"""The one-page brief of a shift: what somebody has in hand, gravest first."""

from oversight.domain.handover import HandedOver
from oversight.domain.words import DecisionKind
from oversight.queries.handover import Brief, InHand
from oversight.ui.words import OWN_FIRST, badge, language, moment, safe

KIND_WORDS = {
    HandedOver.CLAIM: "open on the screen, not decided",
    HandedOver.SNOOZE: "set aside",
    HandedOver.ESCALATION: "a case",
    HandedOver.TAKE_OVER: "writes in the bot's place",
}
DUE_WORDS = {
    HandedOver.CLAIM: "to be answered by",
    HandedOver.SNOOZE: "comes back",
    HandedOver.ESCALATION: "called about again at",
    HandedOver.TAKE_OVER: "to be answered by",
}
DECIDED_WORDS = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.EDIT: "edited",
    DecisionKind.REPLACE: "written by themselves",
    DecisionKind.WITHHOLD: "withheld",
    DecisionKind.ESCALATE: "escalated",
    DecisionKind.MARK_READ: "marked as read",
    DecisionKind.LOWER: "lowered",
    DecisionKind.RECALL: "taken back",
    DecisionKind.CORRECT: "corrected",
    DecisionKind.RETRACT: "retracted",
    DecisionKind.RESEND: "sent again",
    DecisionKind.REACHED: "reached another way",
}


def brief_html(brief: Brief, *, own: bool) -> str:
    """One page (HTML). In one's ``own``, what is open keeps its level back: judge first."""
    lines = "".join(_line(one, own=own) for one in brief.gravest_first)
    ends = f", on duty until {moment(brief.shift_ends_at)}" if brief.shift_ends_at else ""
    return (
        f'<section class="ov-calm" aria-label="Brief of {safe(brief.name)}">'
        f"<p><b>{safe(brief.name)}</b>, shift since {moment(brief.shift_began_at)}{ends}</p>"
        f"<ul>{lines}</ul>{_questions(brief)}{_decided(brief)}"
        f'<p class="ov-soft">As things stand at {moment(brief.at)}.</p></section>'
    )


def _line(one: InHand, *, own: bool) -> str:
    mark = badge(one.severity) if one.severity else ""
    if own and one.kind is HandedOver.CLAIM:
        mark = OWN_FIRST
    facts = [f"{KIND_WORDS[one.kind]}", language(one.language)]
    if one.kind is not HandedOver.TAKE_OVER:
        facts.append(f"since {moment(one.since)}")
    if one.contact_begun_at is not None:
        facts.append(f"contact begun {moment(one.contact_begun_at)}")
    elif one.due_at is not None:
        facts.append(f"{DUE_WORDS[one.kind]} {moment(one.due_at)}")
    reason = f'<br><span dir="auto">{safe(one.reason)}</span>' if one.reason else ""
    return (
        f'<li>{mark} <a href="/conversation?conversation={one.conversation_id}" target="_blank">'
        f"{safe(one.participant)}</a>: {safe(', '.join(facts))}{reason}</li>"
    )


def _questions(brief: Brief) -> str:
    asked = [f"{safe(q.asked_by)} asked about {safe(q.participant)}" for q in brief.asked_of_them]
    asking = [
        f"asked {safe(q.asked_of)} about {safe(q.participant)}, no answer yet"
        for q in brief.asked_by_them
    ]
    told = "; ".join([*asked, *asking])
    return f"<p>Open questions, which stay with those who were asked: {told}.</p>" if told else ""


def _decided(brief: Brief) -> str:
    kinds = [
        f"{count} {DECIDED_WORDS[DecisionKind(kind)]}"
        for kind, count in brief.decisions.items()
        if DecisionKind(kind) in DECIDED_WORDS
    ]
    return f'<p class="ov-soft">Done in this shift: {", ".join(kinds)}.</p>' if kinds else ""

"""What *My shift* says: words for oneself, that compare nobody with anybody."""

import re
from datetime import datetime, timedelta

from oversight.domain.drill import DrillItem, DrillScore, Feedback
from oversight.domain.exposure import Exposure, ExposureLimits, Load, ReadingBlock, RestReason
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.exposure import OwnExposure, Rest, TeamLoad
from oversight.queries.questions import AskedQuestion
from oversight.queries.shift import AnsweredHandover, OwnDuty, Raised
from oversight.ui.words import badge, level, moment, safe

POSITION_WORDS = {
    ShiftPosition.PRIMARY: "first to be called",
    ShiftPosition.SECONDARY: "second to be called",
    ShiftPosition.SUPERVISOR: "supervisor",
    ShiftPosition.STUDY_LEAD: "study lead",
}

LOAD_WORDS = {
    Load.BELOW: "",
    Load.SOFT: (
        "That is a lot for one shift. Take your break, talk to somebody, and think about leaving"
        " heavy items to others for the rest of it. Nobody needs a reason for that."
    ),
    Load.HARD: (
        "That is as much as anybody should read in one shift. Heavy items go to others first now."
        " Please take a break, and talk to a colleague or your supervisor about how it was."
    ),
}

TEAM_WORDS = {
    Load.SOFT: "has read much that is heavy in this shift",
    Load.HARD: "has read as much as anybody should in one shift: have a word with them",
}


def duty_words(duty: OwnDuty) -> str:
    """Whether one is on duty, until when, as what."""
    if duty.until is None:
        return "You are off duty: you will not be called."
    as_what = sorted({POSITION_WORDS[position] for _, position in duty.positions})
    told = f"You are on duty until {moment(duty.until)}"
    return f"{told}, {' and '.join(as_what)}." if as_what else f"{told}."


def carried_html(own: OwnExposure) -> str:
    """What one read in this shift (HTML)."""
    return (
        f"<p>{_heavy(own.read, own.limits)}</p>"
        f'<p class="ov-soft">{_counted(own.read.items, "item")} in all,'
        f" {_minutes(own.read.minutes)}, since {moment(own.since)}. Heavy means <i>High</i> or"
        " <i>Imminent</i>. Only you see these figures.</p>"
    )


def _heavy(read: Exposure, limits: ExposureLimits) -> str:
    told = f"<b>{_counted(read.heavy_items, 'heavy item')}</b>"
    if read.heavy_items:
        told += f", {_minutes(read.heavy_minutes)} with them"
    return f"{told}. A gentle word comes at {limits.soft}; at {limits.hard} others go first."


def rest_words(rest: Rest) -> str:
    """Why heavy items go to others, until when, and what comes all the same."""
    why = (
        "as you asked" if rest.reason is RestReason.ASKED else "because you have read many of them"
    )
    return (
        f"Heavy items go to others first until {moment(rest.until)}, {why}. One comes to you only"
        " while nobody else on duty can take it, or when it is past its time; the card then says"
        " so. You can always put it back."
    )


def team_line(one: TeamLoad) -> str:
    """A colleague, for their supervisor (Markdown); nothing where there is nothing to say."""
    facts = ["on duty"] if one.on_duty else []
    facts += ["heavy items go to others first"] if one.resting else []
    facts += [TEAM_WORDS[one.load]] if one.load is not Load.BELOW else []
    name = re.sub(r"([^\w\s])", r"\\\1", one.name)
    return f"- **{name}**: {'; '.join(facts)}" if facts else ""


def block_words(block: ReadingBlock | None, limits: ExposureLimits, now: datetime) -> str:
    """Where one stands between two breaks."""
    length, pause = limits.block_minutes, limits.break_minutes
    if block is None:
        return (
            f"No reading block goes on. One begins with the next item you open, and ends with"
            f" {pause} minutes without one. A break is due after {length} minutes."
        )
    told = f"You have been reading for {_minutes(_since(block.began_at, now))}, since"
    told = f"{told} {moment(block.began_at)}."
    if block.due:
        return (
            f"{told} A break is due: {pause} minutes away from the screen. Put back what you have"
            " open, or hand it over; the list will still be here."
        )
    left = _minutes(_since(now, block.break_due_at))
    return (
        f"{told} Your break is due in {left}; {pause} minutes without an item open end the block."
    )


def question_html(one: AskedQuestion, *, mine: bool) -> str:
    """A question with who asks whom. Without the item's level: whoever answers judges it first."""
    who = f"You asked <b>{safe(one.asked_of)}</b>" if mine else f"<b>{safe(one.asked_by)}</b> asks"
    state = "" if one.item_open else " · decided meanwhile"
    parts = [
        f'<p class="ov-soft">{who} about {_link(one.participant, one.conversation_id)},'
        f" {moment(one.asked_at)}{state}</p>",
        f'<p class="ov-own" dir="auto">{safe(one.text)}</p>',
    ]
    if one.answer is not None and one.answered_at is not None:
        parts.append(
            f'<p class="ov-soft">{safe(one.asked_of)} answered, {moment(one.answered_at)}</p>'
            f'<p class="ov-won" dir="auto">{safe(one.answer)}</p>'
        )
    elif mine:
        seen = f"Seen {moment(one.seen_at)}" if one.seen_at else "Not seen yet"
        parts.append(f'<p class="ov-soft">{seen}, not answered. Asking hands nothing over.</p>')
    return f'<section class="ov-calm">{"".join(parts)}</section>'


def answered_words(one: AnsweredHandover) -> str:
    """How a colleague answered a handover."""
    if one.accepted:
        return f"{one.taker} accepted your handover at {moment(one.at)}: it is theirs now."
    return f"{one.taker} cannot take it over ({moment(one.at)}): {one.reason} It stays with you."


def raised_html(one: Raised) -> str:
    """A case that one raised, and what became of it (HTML)."""
    return (
        f'<section class="ov-calm"><div class="ov-line">{badge(one.severity)}'
        f" {_link(one.participant, one.conversation_id)}"
        f' <span class="ov-soft">raised {moment(one.raised_at)}</span></div>'
        f'<p dir="auto">{safe(_became(one))}</p></section>'
    )


def _became(one: Raised) -> str:
    if one.status is EscalationStatus.RESOLVED and one.resolved_at is not None:
        return f"Resolved {moment(one.resolved_at)}: {one.resolution or 'no words were left'}"
    if one.owner is None:
        return "Nobody has it yet; people are being called."
    if one.contact_begun_at is not None:
        return f"{one.owner} has it and has been in contact since {moment(one.contact_begun_at)}."
    return f"{one.owner} has it."


def drill_html(item: DrillItem) -> str:
    """A made-up moment (HTML)."""
    said = "".join(f'<p class="ov-own" dir="auto">{safe(words)}</p>' for words in item.said)
    return (
        '<section class="ov-calm" aria-label="Made-up moment"><p class="ov-soft">They wrote</p>'
        f'{said}<p class="ov-soft">The bot would reply</p>'
        f'<p class="ov-own" dir="auto">{safe(item.reply)}</p></section>'
    )


def feedback_words(told: Feedback, own: Severity | None) -> str:
    """What an answer was, and why, in a tone one can bear."""
    first = {
        (True, True): "Yes: this one needs a person.",
        (True, False): "Yes: this one can be left.",
        (False, True): "This one needs a person. It is easy to pass over; have another look.",
        (False, False): "This one could be left. Raising it costs little: better so than missed.",
    }[told.right, told.risky]
    stands = f"It stands at *{level(told.severity)}*"
    stands += f"; you said *{level(own)}*." if own is not None else "."
    return f"{first} {told.why} {stands}"


def score_words(score: DrillScore) -> str:
    """How far one is, and what one found; for oneself alone."""
    if not score.answered:
        return f"{score.total} moments, half of which need a person. Stop whenever you like."
    told = f"{score.answered} of {score.total}. You found {score.found}"
    risky = score.found + score.missed
    told += f" of {risky} that needed a person" if risky else " so far: none needed a person"
    if score.false_alarms:
        told += f", and raised {score.false_alarms} that could be left"
    return f"{told}."


def _link(participant: str, conversation_id: object) -> str:
    return (
        f'<a href="/conversation?conversation={conversation_id}" target="_blank">'
        f"{safe(participant)}</a>"
    )


def _since(earlier: datetime, later: datetime) -> float:
    return max(timedelta(), later - earlier).total_seconds() / 60


def _minutes(minutes: float) -> str:
    whole = round(minutes)
    if whole < 60:
        return _counted(whole, "minute")
    return f"{whole // 60} h {whole % 60:02} min"


def _counted(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"

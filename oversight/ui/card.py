"""Drawing one review item: who, how urgent, what was said, what the model thinks, the draft."""

from collections.abc import Sequence

from oversight.domain.flags import FLAG_TEXT, GRADES, Flag, Grade
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.severity import Severity, at_least
from oversight.queries.assessments import AssessmentView
from oversight.queries.escalations import EscalationView
from oversight.queries.triage import Card
from oversight.ui.evidence import absence, legend, marked
from oversight.ui.thread import thread
from oversight.ui.words import (
    CATEGORY_WORDS,
    KIND_WORDS,
    OWN_FIRST,
    UNSCORED_WORDS,
    badge,
    countdown,
    language,
    moment,
    safe,
    zone,
)

UNDELIVERED_WORDS = {
    DeliveryStatus.FAILED: "This text could not be delivered",
    DeliveryStatus.UNCERTAIN: "This text was not confirmed: it may or may not have arrived",
}

NOTABLE = 0.2
"""Probabilities below this are left out of the list of what the model sees."""


def heading(card: Card, *, revealed: bool, mine: bool) -> str:
    """Who it is, the level or a place for the reader's own, and the running clock (HTML).

    The page's script reads from here which card is on the screen.
    """
    parts = [badge(card.severity) if revealed else OWN_FIRST]
    parts.append(f'<span class="ov-who">{safe(card.participant)}</span>')
    parts.append(
        countdown(
            card.deadline_at,
            card.at,
            before="% left to answer",
            after="% late",
        )
    )
    if card.bridge_due_at is not None:
        parts.append(
            countdown(
                card.bridge_due_at,
                card.at,
                before="bridge message in %",
                after="bridge message is going out",
            )
        )
    marks = f'data-card="{card.item_id}:{card.version}"'
    head = f'<div class="ov-head" {marks}{" data-mine=1" if mine else ""}>{"".join(parts)}</div>'
    facts = [
        f"local time {card.at.astimezone(zone(card.timezone)):%H:%M (%Z)}",
        language(card.participant_language or card.language),
        card.jurisdiction or "place not known",
        f"crisis line: {card.crisis_line}",
    ]
    return f'{head}<div class="ov-soft">{safe(" · ".join(facts))}</div>'


def warnings(card: Card) -> str:
    """What the reader must know before anything else (HTML)."""
    shown = []
    if card.ai_blocked:
        shown.append(
            note(
                "The law where this participant lives does not allow the bot's words to be sent."
                " Write your own, or withhold."
            )
        )
    if card.notice:
        shown.append(
            note(
                "A message of this conversation was refused and is not shown here"
                f" ({card.notice.replace('_', ' ')}). Its participant may need you."
            )
        )
    if card.taken_over:
        shown.append(note("A person has taken over this conversation.", kind="info"))
    if card.others_wording is not None:
        name, text = card.others_wording
        shown.append(
            f'<details class="ov-details"><summary>{safe(name)} began an answer here (to read only)'
            f'</summary><p class="ov-words" dir="auto">{safe(text)}</p></details>'
        )
    return "".join(shown)


def undelivered(card: Card) -> str:
    """What may not have reached the participant: which words, whose, when, what is known (HTML)."""
    if not card.undelivered:
        return ""
    parts = []
    for one in card.undelivered:
        what = UNDELIVERED_WORDS[one.status]
        tries = f" after {one.attempts} tries" if one.status is DeliveryStatus.FAILED else ""
        facts = " · ".join(
            [
                KIND_WORDS[one.kind] + (f", {one.decided_by}" if one.decided_by else ""),
                f"sent {moment(one.at, card.timezone)}",
            ]
        )
        parts.append(
            f'<section class="ov-doubt" aria-label="{what}"><h3>✉ {what}{tries}</h3>'
            f'<p class="ov-soft">{safe(facts)}</p>'
            f'<div class="ov-words" dir="auto">{safe(one.text)}</div></section>'
        )
    address = f"/conversation?conversation={card.conversation_id}"
    parts.append(
        '<p class="ov-soft">If it did arrive, sending it again may show it twice.'
        f' <a href="{address}" target="_self">Correct or retract it</a> on the'
        " Conversation page.</p>"
    )
    return "".join(parts)


def escalation_line(escalation: EscalationView | None) -> str:
    """Who has the escalation, who was called, and when the next call goes out (HTML)."""
    if escalation is None:
        return ""
    called = ", ".join(escalation.called) or "nobody yet"
    if escalation.owner:
        more = f"Called: {called}."
        until = escalation.acknowledged_until
        if until is not None and escalation.next_page_at is not None:
            more += f" Calls begin again at {moment(until)} unless they are written to or reached."
        return note(more, first=f"{escalation.owner} has it.", kind="info")
    first, more = "Nobody has taken this yet.", f"Called: {called}."
    if escalation.not_covered:
        first = "NOT COVERED: nobody on duty was left to call, and nobody has taken this."
        more += " Use the local emergency number and your site's contact sheet."
    if escalation.reason:
        more += f" Reason: {escalation.reason}"
    return note(more, first=first, kind="alarm")


def questions(card: Card) -> str:
    """What was asked of colleagues about this item, and what they answered (HTML)."""
    parts = []
    for one in card.questions:
        told = f"{one.asked_by} asked {one.asked_of}"
        if one.answer is not None:
            words = f"{one.text} — {one.answer}"
        else:
            words = f"{one.text} — {'seen, ' if one.seen_at else ''}not answered yet"
        parts.append(note(words, first=f"{told}:", kind="info"))
    return "".join(parts)


def said(card: Card, *, revealed: bool) -> str:
    """The conversation, what is new marked, and once revealed the words that moved the score."""
    view = card.assessment
    shown = {}
    if revealed and view is not None and view.evidence is not None:
        shown = {
            turn.sequence: view.evidence
            for turn in card.turns
            if turn.message_id is not None and turn.message_id == view.message_id
        }
    return thread(
        card.turns,
        zone=card.timezone,
        read_sequence=card.read_sequence,
        leave_out_held=True,
        show_levels=False,
        evidence=shown,
    )


def draft(card: Card, *, revealed: bool) -> str:
    """The bot's proposal and, once revealed, what may be wrong with it (HTML)."""
    if card.draft is None:
        return '<p class="ov-soft">The bot has not proposed a reply.</p>'
    notes = []
    if card.draft.scoring == "pending":
        notes.append("being checked…")
    elif card.draft.scoring == "failed":
        notes.append("could not be checked: read it with extra care")
    elif revealed and card.draft.flags:
        notes.append("; ".join(FLAG_TEXT[flag] for flag in card.draft.flags))
    blocked = grade_words(card.draft.grade) if revealed else ""
    explains = revealed and bool(card.draft.flags)
    scored = card.draft.assessment
    evidence = scored.evidence if explains and scored is not None else None
    unknown = absence(evidence) if explains else ""
    line = f'<p class="ov-soft">{safe(" · ".join([*notes, blocked]).strip(" ·"))}</p>'
    return (
        '<section class="ov-draft" tabindex="0" aria-label="The bot\'s draft reply">'
        f"<h3>The bot's draft reply</h3>{line}"
        f'<div class="ov-words" dir="auto">{marked(card.draft.text, evidence)}</div>'
        f"{legend(evidence)}{unknown}{_preview(card.draft.text)}</section>"
    )


def _preview(text: str) -> str:
    """The words alone, as a messenger shows them: no marks, no notes."""
    return (
        '<details class="ov-preview"><summary>As the participant will see it</summary>'
        f'<p class="ov-words ov-bubble" dir="auto">{safe(text)}</p></details>'
    )


def grade_words(grade: Grade) -> str:
    """What a grade means for what can be done."""
    return {
        Grade.H3: "Do not send this: approving is not offered",
        Grade.H2: "Must be changed before it is sent",
        Grade.H1: "Could be better; may be sent",
    }.get(grade, "")


def assessment(card: Card) -> str:
    """What the model made of it (HTML). Scores route work; they decide nothing."""
    view = card.assessment
    if view is None:
        words = "<p>The classifier has not answered yet.</p>"
    elif not view.scored:
        why = UNSCORED_WORDS.get(view.unscored_reason or "", "it failed")
        words = f"<p>Not scored: {safe(why)}. Read it as if it were serious.</p>"
    else:
        words = (
            f"{_levels(card, view)}{_bars(view)}{_absent(view)}"
            f'<p class="ov-soft" title="{safe(view.model_version)}">An estimate by a program, often'
            " wrong. Levels are set low on purpose, so that few in danger are missed.</p>"
        )
    return (
        '<section class="ov-model" aria-label="What the classifier sees">'
        f"<h3>What the classifier sees</h3>{words}</section>"
    )


def _levels(card: Card, view: AssessmentView) -> str:
    """The gravest message's level, what raised it above its figures, and the card's own."""
    gravest = view.severity or Severity.LU
    parts = [f"<p>{badge(gravest)} for the gravest message here</p>"]
    if view.phrase_hits:
        parts.append(
            "<p>It has words of the safety list: they raise the level, whatever the figures"
            " say.</p>"
        )
    if card.lowered:
        parts.append(f"<p>A person lowered this card to {badge(card.severity)}.</p>")
    elif card.severity is not gravest:
        parts.append(f"<p>The card is {badge(card.severity)} because of something else in it.</p>")
    return "".join(parts)


def _absent(view: AssessmentView) -> str:
    """Words are looked for from moderate up."""
    risky = view.severity is not None and at_least(view.severity, Severity.L2)
    return absence(view.evidence) if risky else ""


def _bars(view: AssessmentView) -> str:
    rows: list[tuple[str, float]] = []
    if view.probability is not None:
        rows.append(("suicide or self-harm", view.probability))
    rows += [
        (CATEGORY_WORDS[category], value) for category, value in view.categories if value >= NOTABLE
    ]
    return f'<div class="ov-bars">{"".join(_bar(words, value) for words, value in rows[:5])}</div>'


def _bar(words: str, value: float) -> str:
    percent = round(100 * value)
    return (
        f"<span>{safe(words)}</span>"
        f'<span class="ov-bar" role="presentation"><i style="width:{percent}%"></i></span>'
        f"<span>{percent} of 100</span>"
    )


def flag_groups(chosen: Sequence[Flag]) -> list[tuple[str, list[tuple[Flag, str, bool]]]]:
    """Flags by grade for a form, those the model suggests ticked beforehand only when asked."""
    names = {
        Grade.H3: "Never send",
        Grade.H2: "Must be changed",
        Grade.H1: "Could be better",
    }
    return [
        (
            words,
            [(flag, FLAG_TEXT[flag], flag in chosen) for flag in Flag if GRADES[flag] is grade],
        )
        for grade, words in names.items()
    ]


def note(words: str, *, first: str = "", kind: str = "warning") -> str:
    """A boxed notice: ``warning``, ``info`` or ``alarm``; its first words stand out (HTML)."""
    strong = f"<b>{safe(first)}</b> " if first else ""
    role = ' role="alert"' if kind != "info" else ""
    mark = {"warning": "!", "info": "i", "alarm": "‼"}[kind]
    return (
        f'<div class="ov-note ov-{kind}"{role}><span aria-hidden="true">{mark}</span>'
        f"<p>{strong}{safe(words)}</p></div>"
    )

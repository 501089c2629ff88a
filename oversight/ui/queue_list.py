"""The list beside the card: what waits, who has it, how long it may still wait."""

import uuid

import streamlit as st

from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity
from oversight.queries.triage import Queue, QueueLine
from oversight.ui import desk
from oversight.ui.words import OWN_FIRST, badge, countdown, language, level, safe

ORDER = sorted(Severity, key=lambda severity: -severity.rank)
SHOWN = 12


def queue_list(waiting: Queue, item: uuid.UUID | None) -> None:
    """Counts by level, then the worst lines; each can be opened."""
    st.subheader(f"{waiting.total} open", anchor=False)
    unseen = next((line for line in waiting.lines if line.item_id == desk.judged_first()), None)
    st.html(f'<div class="ov-counts">{_counts(waiting, unseen)}</div>')
    if waiting.overdue:
        st.html(f'<p class="ov-late">{waiting.overdue} over the time to answer</p>')
    changed = next((line for line in waiting.lines if line.item_id == item), None)
    if item is not None and changed is not None:
        _newer(changed)
    for line in waiting.lines[:SHOWN]:
        _line(line, waiting, mine=line.item_id == item)
    rest = waiting.total - min(len(waiting.lines), SHOWN)
    if rest > 0:
        st.html(f'<p class="ov-soft">and {rest} more, less urgent</p>')


def _counts(waiting: Queue, unseen: QueueLine | None) -> str:
    """How many there are by level; one whose reader judges first is told apart from all levels."""
    counts = dict(waiting.counts)
    if unseen is not None and counts.get(unseen.severity):
        counts[unseen.severity] -= 1
    shown = [f"<span>{badge(one)} {counts[one]}</span>" for one in ORDER if counts.get(one)]
    if unseen is not None:
        shown.append(f"<span>{OWN_FIRST} 1</span>")
    return "".join(shown)


def _newer(line: QueueLine) -> None:
    """The open card has moved on: offer to show it, never redraw under the reader's hands."""
    hand = desk.desk()
    if hand.shown_at is not None and hand.shown_at != f"{line.version}":
        st.warning("Something new arrived in the conversation you have open.")
        st.button(
            "Show what is new",
            key=f"show-{line.item_id}-{line.version}",
            shortcut="V",
            on_click=desk.show_newer,
        )


def _line(line: QueueLine, waiting: Queue, *, mine: bool) -> None:
    clock = countdown(line.deadline_at, waiting.at, before="% left", after="% over")
    facts = [language(line.language)] if line.language and line.language != "en" else []
    if line.undelivered:
        facts.append("a text may not have arrived")
    if line.holder:
        facts.append("you have it open" if mine else f"{line.holder} has it open")
    if line.owner:
        facts.append(f"escalation: {line.owner}")
    elif line.status is ItemStatus.ESCALATED:
        facts.append("escalated, nobody has it")
    mark = " ov-mine" if mine else ""
    shown = OWN_FIRST if line.item_id == desk.judged_first() else badge(line.severity)
    words, button = st.columns([3, 1], vertical_alignment="center")
    words.html(
        f'<div class="ov-queue-line{mark}">{shown} <b>{safe(line.participant)}</b>'
        f' {clock}<div class="ov-soft">{safe(" · ".join(facts))}</div></div>'
    )
    if not mine and not line.holder:
        button.button(
            "Open",
            key=f"open-{line.item_id}",
            on_click=desk.take,
            args=(line.item_id,),
            help=f"{level(line.severity)}: {line.participant}",
        )

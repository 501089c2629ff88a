"""Words for conversations that are decided together."""

import uuid
from collections.abc import Mapping

from oversight.queries.bulk import BulkLine
from oversight.services.bulk import BulkResult, BulkUndone
from oversight.ui.words import badge, safe


def line_html(line: BulkLine) -> str:
    """What was said and not read, and the reply that would go out (HTML)."""
    score = "" if line.score is None else f"likeliest risk {round(100 * line.score)} of 100"
    said = "".join(f'<p class="ov-words" dir="auto">{safe(words)}</p>' for words in line.said)
    reply = (
        f'<p class="ov-soft">Reply that would go out</p><p class="ov-words" dir="auto">'
        f"{safe(line.reply)}</p>"
        if line.reply is not None
        else '<p class="ov-soft">No reply waits: it is marked as read.</p>'
    )
    return (
        f'<section class="ov-calm" aria-label="{safe(line.participant)}">'
        f'<div class="ov-line">{badge(line.severity)} <span class="ov-soft">{score}</span> <a'
        f' href="/conversation?conversation={line.conversation_id}" target="_blank">whole'
        f" conversation</a></div>{said}{reply}</section>"
    )


def told_decided(done: BulkResult, names: Mapping[uuid.UUID, str]) -> str:
    """How many were decided, and each one that was left with its reason."""
    words = f"{_count(len(done.done))} decided."
    for one in done.left:
        words += f"\n\n{names.get(one.item_id, 'One')} was left as it is: {one.reason}."
    return words


def told_undone(undone: BulkUndone) -> str:
    """What was taken back, and what could not be."""
    parts = [f"{_count(undone.recalled)} taken back: nothing was sent."]
    if undone.gone:
        parts.append(
            f"{_count(undone.gone)} had left already: correct or retract them on the"
            " Conversation page."
        )
    if undone.read:
        parts.append(f"{_count(undone.read)} had only been marked as read.")
    return " ".join(parts)


def _count(number: int) -> str:
    return "1 conversation" if number == 1 else f"{number} conversations"

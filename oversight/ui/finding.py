"""Search as it is shown: conversations by their participant, and texts by their words."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from db.session import Session
from oversight.domain.search import Place, Search
from oversight.queries.conversations import find_conversations
from oversight.queries.search import BEGIN, END, Find, Finds, search
from oversight.ui.words import badge, level, moment, safe

BY_NAME = 5
AT_ONCE = 12


@dataclass(frozen=True)
class Found:
    """One conversation to open. ``excerpt`` holds the words found between the two marks."""

    conversation: str
    who: str
    facts: str
    excerpt: str = ""


@dataclass(frozen=True)
class Answered:
    """What a search brought; ``note`` says what else there is to know."""

    found: Sequence[Found]
    note: str


def find(session: Session, reader: uuid.UUID, words: str) -> Answered:
    """Conversations whose ids hold ``words``, then the newest texts that have them."""
    if not words.strip():
        return Answered((), "Type a participant, or words that were said or sent.")
    named = [
        Found(str(one.id), one.participant, f"{one.external_id} · newest {moment(one.newest_at)}")
        for one in find_conversations(session, words=words, limit=BY_NAME)
    ]
    said = search(session, reader, Search(words), limit=AT_ONCE)
    texts = [
        Found(str(one.conversation_id), one.participant, _facts(one), one.excerpt)
        for one in said.finds
    ]
    if not named and not texts:
        return Answered((), "Nothing was found. Try fewer or other words.")
    return Answered([*named, *texts], _more(said.after))


def _more(after: Place | None) -> str:
    return "There is more: see the Conversation page, or add a word." if after else ""


def _facts(one: Find) -> str:
    return _when(one) + (f" · {level(one.severity)}" if one.severity is not None else "")


def _when(one: Find) -> str:
    return f"{'said' if one.severity is not None else 'sent to them'} · {moment(one.at)}"


def finds_html(finds: Finds) -> str:
    """A list of finds, each a link to its conversation (HTML)."""
    return f'<ul class="ov-finds">{"".join(_line(one) for one in finds.finds)}</ul>'


def _line(one: Find) -> str:
    mark = f" {badge(one.severity)}" if one.severity is not None else ""
    excerpt = safe(one.excerpt).replace(BEGIN, "<mark>").replace(END, "</mark>")
    return (
        f'<li><a href="/conversation?conversation={one.conversation_id}" target="_self">'
        f"<b>{safe(one.participant)}</b></a>{mark}"
        f' <span class="ov-soft">{safe(_when(one))}</span>'
        f'<p class="ov-words" dir="auto">{excerpt}</p></li>'
    )

"""Conversation: find one, read it whole, and act on what was already sent."""

import uuid
from collections.abc import Mapping, Sequence

import streamlit as st

from db.session import Session
from oversight.domain.errors import Incomplete, NotFound
from oversight.domain.permissions import Page
from oversight.domain.search import Search, read_place
from oversight.domain.severity import Severity
from oversight.queries.conversation import turns_of
from oversight.queries.conversations import (
    ConversationFacts,
    ConversationLine,
    conversation_facts,
    find_conversations,
)
from oversight.queries.escalations import escalation_of
from oversight.queries.evidence import EvidenceView, evidence_of
from oversight.queries.record import record_lines
from oversight.queries.search import Finds, search
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.after_sending import escalation_form, sent_texts, taking_over
from oversight.ui.card import escalation_line
from oversight.ui.finding import finds_html
from oversight.ui.record_table import record_table
from oversight.ui.thread import thread
from oversight.ui.who import guard
from oversight.ui.words import badge, language, level, moment, safe


def render() -> None:
    """The list, or the conversation that the address names."""
    person = guard(Page.CONVERSATION)
    chosen = st.query_params.get("conversation")
    if chosen:
        _show(chosen, person)
    else:
        _find(person)


def _find(person: Person) -> None:
    st.title("Conversations", anchor=False)
    words = st.text_input(
        "Find a participant, or words that were said or sent",
        key="find-conversation",
        placeholder='For example: p-014, or: sleep "so tired" -work',
    )
    levels = st.multiselect(
        "Only messages at these levels",
        options=[one for one in Severity if one is not Severity.LU],
        format_func=level,
        key="find-levels",
    )
    with runtime.database().reading() as session:
        named = find_conversations(session, words=words)
        try:
            finds = _search(session, person, words, levels)
        except Incomplete as refusal:
            st.warning(f"{refusal.message[:1].upper()}{refusal.message[1:]}.")
            finds = None
    if not named and not (finds and finds.finds):
        st.write("Nothing was found." if words or levels else "No message has arrived yet.")
    if not levels:
        _conversations(named)
    if finds and finds.finds:
        st.html(f"<h3>What was said and sent, newest first</h3>{finds_html(finds)}")
        if finds.after is not None:
            st.session_state.find_after = (words, str(finds.after))
            st.button("Older ones", on_click=_older)


def _search(
    session: Session, person: Person, words: str, levels: Sequence[Severity]
) -> Finds | None:
    """Texts by their words or levels; None while nothing was asked for."""
    if not words.strip() and not levels:
        return None
    asked, place = st.session_state.get("find_from", ("", ""))
    after = read_place(place) if place and asked == words else None
    return search(session, person.id, Search(words, severities=levels), after=after)


def _older() -> None:
    st.session_state.find_from = st.session_state.find_after


def _conversations(found: Sequence[ConversationLine]) -> None:
    for line in found:
        text, button = st.columns([5, 1], vertical_alignment="center")
        shown = badge(line.severity) if line.severity else "nothing open"
        text.html(
            f"<div><b>{safe(line.participant)}</b> {shown}"
            f'<div class="ov-soft">{safe(line.external_id)} · {line.messages} messages · newest'
            f" {moment(line.newest_at)} · {safe(language(line.language))}</div></div>"
        )
        button.button("Read", key=f"read-{line.id}", on_click=_choose, args=(line.id,))


def _show(chosen: str, person: Person) -> None:
    st.button("All conversations", icon=":material/arrow_back:", on_click=_choose, args=(None,))
    try:
        with runtime.database().reading() as session:
            facts = conversation_facts(session, uuid.UUID(chosen))
            turns = turns_of(session, facts.id)
            escalation = escalation_of(session, facts.id)
            lines = record_lines(session, conversation_id=facts.id, limit=200)
    except (NotFound, ValueError):
        st.error("There is no such conversation. It may have been mistyped in the address.")
        return
    _heading(facts)
    if escalation is not None:
        st.html(escalation_line(escalation))
        escalation_form(escalation, person)
    st.html(thread(turns, zone=facts.timezone, whole_page=True, evidence=_evidence(facts.id)))
    taking_over(facts, person)
    sent_texts(turns, person, zone=facts.timezone)
    with st.expander("What happened in this conversation, newest first"):
        record_table(lines)


def _evidence(conversation_id: uuid.UUID) -> Mapping[int, EvidenceView]:
    """On request; what nobody has judged yet is never among it."""
    asked = st.toggle(
        "Underline the words that moved the scores",
        key="show-evidence",
        help="Only in what has been read. A score may be wrong, and so may its words.",
    )
    if not asked:
        return {}
    with runtime.database().reading() as session:
        return evidence_of(session, conversation_id)


def _heading(facts: ConversationFacts) -> None:
    shown = badge(facts.severity) if facts.severity else "<span>nothing open</span>"
    st.html(
        f'<div class="ov-head">{shown}<span class="ov-who">{safe(facts.participant)}</span>'
        f'<span class="ov-soft">{safe(facts.external_id)} · {safe(language(facts.language))} ·'
        f" {safe(facts.jurisdiction or 'place not known')}</span></div>"
    )


def _choose(conversation_id: uuid.UUID | None) -> None:
    if conversation_id is None:
        st.query_params.pop("conversation", None)
    else:
        st.query_params["conversation"] = str(conversation_id)

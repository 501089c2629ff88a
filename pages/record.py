"""Record: everything that happened, newest first, as the audit record has it."""

import streamlit as st

from oversight.domain.permissions import Page
from oversight.queries.record import record_lines
from oversight.ui import runtime
from oversight.ui.record_table import record_table
from oversight.ui.record_words import WORDS
from oversight.ui.who import guard

PAGE_SIZE = 100


def render() -> None:
    """A filter and a page of events; older pages by key."""
    guard(Page.RECORD)
    st.title("Record", anchor=False)
    st.write(
        "Every change, in order. Nothing here can be changed or deleted, and no words of a"
        " conversation are in it."
    )
    kinds = st.multiselect(
        "Only these",
        options=list(WORDS),
        format_func=lambda kind: WORDS[kind],
        placeholder="Everything",
        on_change=_newest,
    )
    before = st.session_state.get("record-before")
    with runtime.database().reading() as session:
        lines = record_lines(session, before=before, kinds=kinds, limit=PAGE_SIZE)
    record_table(lines)
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", on_click=_newest)
        if len(lines) == PAGE_SIZE:
            st.button("Older", on_click=_older, args=(lines[-1].number,))


def _older(number: int) -> None:
    st.session_state["record-before"] = number


def _newest() -> None:
    st.session_state["record-before"] = None

"""What every part of *My shift* does alike: acting in one transaction, and saying how it went."""

from collections.abc import Callable

import streamlit as st

from db.session import Session
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.who import acting

TOLD = "shift-told"


def press(part: str, act: Callable[[Session, Person], str]) -> bool:
    """Do it as whoever is signed in, all or nothing; the part of the page says how it went."""
    try:
        with runtime.database().transaction() as session:
            words = act(session, acting(Page.SHIFT, session))
    except Refusal as refusal:
        refuse(part, f"{_sentence(refusal.message)}.")
        return False
    st.session_state[TOLD] = (part, "success", words)
    return True


def refuse(part: str, words: str) -> None:
    """Say why something was not done."""
    st.session_state[TOLD] = (part, "warning", words)


def tell(part: str) -> None:
    """How the last press went, where it was pressed, until the next one."""
    where, kind, words = st.session_state.get(TOLD, ("", "", ""))
    if where == part and words:
        (st.success if kind == "success" else st.warning)(words)


def heading(words: str) -> None:
    """A part of the page."""
    st.header(words, anchor=False, divider="gray")


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]

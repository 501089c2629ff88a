"""Pressing a button on a page: one transaction, and words for what was done or refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from db.session import RECORD_ERRORS, Session
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting


@dataclass
class Act:
    """What a press needs; ``done`` holds the words that the page says afterwards."""

    session: Session
    person: Person
    now: datetime
    done: str


@contextmanager
def doing(page: Page, done: str = "Done.") -> Iterator[Act]:
    """The transaction of one press by whoever is signed in now; a refusal becomes words."""
    try:
        with runtime.database().transaction() as session:
            act = Act(session, acting(page, session), runtime.now(session), done)
            yield act
    except Refusal as refusal:
        st.session_state.told = (False, f"{sentence(refusal.message)}.")
    except RECORD_ERRORS:
        st.session_state.told = (False, AWAY)
    else:
        st.session_state.told = (True, act.done)


def tell() -> None:
    """What the last press came to; said once."""
    done, words = st.session_state.pop("told", (True, ""))
    if words and done:
        st.success(words, icon=":material/check:")
    elif words:
        st.warning(words, icon=":material/block:")


def sentence(words: str) -> str:
    """Words that begin a sentence."""
    return words[:1].upper() + words[1:]

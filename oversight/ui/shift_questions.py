"""Questions between colleagues, answered in place; and what became of cases one raised."""

import uuid
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from db.session import Session
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page
from oversight.queries.questions import AskedQuestion
from oversight.queries.shift import Raised
from oversight.services import asking
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.shift import heading, press, tell
from oversight.ui.shift_words import question_html, raised_html
from oversight.ui.who import acting


def questions_part(
    asked_of_me: Sequence[AskedQuestion], asked_by_me: Sequence[AskedQuestion]
) -> None:
    """What colleagues want to know, each with a place for the answer; what one asked oneself."""
    heading("Questions")
    tell("questions")
    if not asked_of_me:
        st.write("Nobody waits for an answer of yours.")
    for one in asked_of_me:
        st.html(question_html(one, mine=False))
        with st.form(f"answer-{one.id}", border=False, enter_to_submit=False):
            st.text_area(f"Your answer to {one.asked_by}", key=_key(one.id), height=80)
            st.form_submit_button("Answer", on_click=_answer, args=(one.id, one.asked_by))
    _seen(asked_of_me)
    for one in asked_by_me:
        st.html(question_html(one, mine=True))
        if one.answer is None:
            st.button(
                f"Withdraw the question to {one.asked_of}",
                key=f"withdraw-{one.id}",
                on_click=_withdraw,
                args=(one.id,),
            )


def raised_part(raised: Sequence[Raised]) -> None:
    """What became of cases one raised."""
    heading("Cases you raised")
    if not raised:
        st.write("You raised no case within the last two weeks.")
    for one in raised:
        st.html(raised_html(one))


def _key(question_id: uuid.UUID) -> str:
    return f"answer-to-{question_id}"


def _seen(asked_of_me: Sequence[AskedQuestion]) -> None:
    """They are before somebody's eyes now: whoever asked is told so."""
    unseen = [one.id for one in asked_of_me if one.seen_at is None]
    if unseen:
        with suppress(Refusal), runtime.database().transaction() as session:
            person = acting(Page.SHIFT, session)
            for question_id in unseen:
                asking.see(session, question_id, person.id)


def _answer(question_id: uuid.UUID, asker: str) -> None:
    text = st.session_state.get(_key(question_id), "")

    def act(session: Session, person: Person) -> str:
        asking.answer(session, question_id, person.id, text=text)
        return f"Your answer is with {asker}."

    press("questions", act)


def _withdraw(question_id: uuid.UUID) -> None:
    def act(session: Session, person: Person) -> str:
        asking.withdraw(session, question_id, person.id)
        return "The question is withdrawn."

    press("questions", act)

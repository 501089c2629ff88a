"""On the page On call: one's own pager, swaps and leave."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Page
from oversight.queries.accounts import Account
from oversight.queries.pages import PagerState
from oversight.queries.rota import SwapAsked
from oversight.services import pager_tests, reaching, rota
from oversight.services.answering import answer_in_console
from oversight.services.people import Person
from oversight.ui.duty_words import CHANNEL_WORDS, zone_here
from oversight.ui.on_call import methods_html, pager_words
from oversight.ui.said import doing
from oversight.ui.words import moment


def my_pager(state: PagerState, *, now: datetime) -> None:
    """Contact methods, the last test and its answer."""
    st.subheader("My pager", anchor=False)
    st.write(("It works. " if state.works else "It is not proven to work. ") + _hint(state, now))
    with st.container(horizontal=True):
        st.button("Test my pager", key="test-pager", type="primary", on_click=_test)
        if state.tested_at and not state.answered_at and not state.given_up_at:
            st.button("The test reached me", key="answer-test", on_click=_answer)
    with st.expander("My contact methods, first tried first"):
        st.html(methods_html(state))
        for one in state.methods:
            st.button(
                f"Remove {CHANNEL_WORDS[one.channel]} {one.address}",
                key=f"remove-{one.id}",
                on_click=_remove,
                args=(one.id,),
            )
        with st.form("method", border=False):
            st.selectbox(
                "Channel",
                [one for one in ChannelKind if one is not ChannelKind.INBOX],
                format_func=lambda one: CHANNEL_WORDS[one].capitalize(),
                key="new-channel",
            )
            st.text_input("Address", key="new-address")
            st.form_submit_button("Add", on_click=_add)


def _hint(state: PagerState, now: datetime) -> str:
    told = pager_words(state, now=now)
    return f"{told} Only following the link of a page proves a contact method."


def swaps_and_leave(
    person: Person, asked: Sequence[SwapAsked], colleagues: Sequence[Account]
) -> None:
    """Swaps that wait, asking for one, and one's own leave."""
    st.subheader("Swaps and leave", anchor=False)
    for one in asked:
        _swap(one, person)
    with st.expander("Ask a colleague to take my turns"), st.form("swap", border=False):
        st.selectbox(
            "Colleague",
            [one for one in colleagues if one.id != person.id],
            format_func=lambda one: one.name,
            key="swap-with",
        )
        span_inputs("swap")
        st.form_submit_button("Ask", on_click=_ask)
    with st.expander("I cannot be called for a while"), st.form("leave", border=False):
        span_inputs("leave")
        st.form_submit_button("Take leave", on_click=_leave)


def span_inputs(name: str) -> None:
    """A first and a last moment, by the reader's own clock."""
    today = datetime.now(ZoneInfo(zone_here())).date()
    left, right = st.columns(2)
    left.date_input("First day", today, key=f"{name}-day")
    right.time_input("From", time(9), key=f"{name}-from", step=timedelta(minutes=15))
    left.date_input("Last day", today + timedelta(days=1), key=f"{name}-last")
    right.time_input("To", time(9), key=f"{name}-to", step=timedelta(minutes=15))
    st.caption(f"Times are of {zone_here()}.")


def span_of(name: str) -> tuple[datetime, datetime]:
    """What stands in those inputs."""
    here, state = ZoneInfo(zone_here()), st.session_state

    def at(day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=here).astimezone(UTC)

    return (
        at(state[f"{name}-day"], state[f"{name}-from"]),
        at(state[f"{name}-last"], state[f"{name}-to"]),
    )


def _swap(one: SwapAsked, person: Person) -> None:
    told = f"{moment(one.starts_at, zone_here())} to {moment(one.ends_at, zone_here())}"
    st.write(f"{one.gives} asks {one.takes} to take over from {told}.")
    with st.container(horizontal=True):
        if one.takes_id == person.id:
            st.button("Accept", key=f"accept-{one.id}", on_click=_reply, args=(one.id, True))
            st.button("Decline", key=f"decline-{one.id}", on_click=_reply, args=(one.id, False))
        else:
            st.button("Take it back", key=f"withdraw-{one.id}", on_click=_back, args=(one.id,))


def _test() -> None:
    with doing(Page.ON_CALL, "A test was sent to every contact method of yours.") as act:
        pager_tests.ring_pager(act.session, act.person.id, now=act.now)


def _answer() -> None:
    with doing(Page.ON_CALL, "Noted: the test reached you.") as act:
        answer_in_console(act.session, act.person.id, now=act.now)


def _add() -> None:
    state = st.session_state
    with doing(Page.ON_CALL, "Added. Test your pager, so that it counts.") as act:
        reaching.add_contact_method(
            act.session,
            act.person.id,
            act.person.id,
            channel=state["new-channel"],
            address=state["new-address"],
        )


def _remove(method_id: uuid.UUID) -> None:
    with doing(Page.ON_CALL, "Removed.") as act:
        reaching.remove_contact_method(act.session, act.person.id, method_id)


def _ask() -> None:
    starts_at, ends_at = span_of("swap")
    colleague: Account = st.session_state["swap-with"]
    with doing(
        Page.ON_CALL, f"{colleague.name} was asked. Nothing changes until they accept."
    ) as act:
        rota.ask_swap(
            act.session, act.person.id, colleague.id, starts_at=starts_at, ends_at=ends_at
        )


def _reply(swap_id: uuid.UUID, accepts: bool) -> None:  # noqa: FBT001 (an argument of a button)
    with doing(Page.ON_CALL, "Accepted." if accepts else "Declined.") as act:
        rota.answer_swap(act.session, swap_id, act.person.id, accepts=accepts)


def _back(swap_id: uuid.UUID) -> None:
    with doing(Page.ON_CALL, "Taken back.") as act:
        rota.withdraw_swap(act.session, swap_id, act.person.id)


def _leave() -> None:
    starts_at, ends_at = span_of("leave")
    with doing(Page.ON_CALL, "Noted: you will not be called then.") as act:
        rota.take_leave(
            act.session, act.person.id, act.person.id, starts_at=starts_at, ends_at=ends_at
        )

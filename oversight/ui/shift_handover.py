"""Handing a shift over by name: what one has, to whom, and what colleagues offer."""

import uuid
from collections.abc import Sequence

import streamlit as st

from db.session import Session
from oversight.domain.handover import LEFT_BEHIND_AFTER
from oversight.queries.handover import Brief, OfferedHandover
from oversight.queries.people import Reader
from oversight.queries.shift import AnsweredHandover
from oversight.services import handing_over
from oversight.services.people import Person
from oversight.ui.shift import heading, press, refuse, tell
from oversight.ui.shift_brief import brief_html
from oversight.ui.shift_words import answered_words
from oversight.ui.words import moment

UNTIL_THEN = (
    "Until it is accepted, everything stays with you, also when your shift has ended: its clocks go"
    f" on, and {int(LEFT_BEHIND_AFTER.total_seconds() // 60)} minutes after your shift ends what"
    " you set aside comes back to everybody and people are called about your cases again."
)


def handover_part(
    person: Person,
    own: Brief,
    offered: Sequence[OfferedHandover],
    answered: Sequence[AnsweredHandover],
    colleagues: Sequence[Reader],
) -> None:
    """What one would hand over and to whom; what is offered to oneself."""
    heading("Handing over")
    tell("handover")
    for one in offered:
        if one.taker_id == person.id:
            _offered_to_me(one)
    for done in answered:
        st.write(answered_words(done))
    mine = next((one for one in offered if one.giver_id == person.id), None)
    st.subheader("What you have in hand", anchor=False)
    if not own.in_hand:
        st.write("You have nothing in hand: there is nothing to hand over.")
    else:
        st.html(brief_html(own, own=True))
    if mine is not None:
        st.info(
            f"Offered to {mine.taker} at {moment(mine.offered_at)}; not answered yet. {UNTIL_THEN}",
            icon=":material/hourglass_top:",
        )
        st.button("Withdraw the handover", on_click=_withdraw, args=(mine.id,))
    elif own.in_hand:
        _offer(person, colleagues)


def _offer(person: Person, colleagues: Sequence[Reader]) -> None:
    others = {one.id: one for one in colleagues if one.id != person.id}
    with st.form("handover", border=False, enter_to_submit=False):
        st.selectbox(
            "Hand it over to",
            list(others),
            index=None,
            format_func=lambda one: _named(others[one]),
            placeholder="Choose a colleague",
            key="handover-taker",
        )
        st.text_area("What they should know (optional)", key="handover-note", height=80)
        st.form_submit_button("Offer the handover", on_click=_give)
    st.caption(f"They accept it with their name. {UNTIL_THEN}")


def _named(one: Reader) -> str:
    return f"{one.name} ({f'on duty until {moment(one.until)}' if one.until else 'off duty'})"


def _offered_to_me(one: OfferedHandover) -> None:
    st.subheader(f"{one.giver} offers you their shift", anchor=False)
    if one.note:
        st.text(one.note)
    st.html(brief_html(one.brief, own=False))
    st.write(
        "Accept with your name and all of this is yours, as it stands at that moment. Until then it"
        f" stays with {one.giver}."
    )
    with st.form(f"accept-{one.id}", border=False):
        st.text_input("Your name, as you are signed in", key=f"name-{one.id}")
        st.form_submit_button(
            "Accept the handover", type="primary", on_click=_accept, args=(one.id, one.giver)
        )
    with st.form(f"decline-{one.id}", border=False):
        st.text_input("Why you cannot take it over", key=f"why-{one.id}")
        st.form_submit_button("Decline", on_click=_decline, args=(one.id, one.giver))


def _give() -> None:
    taker: uuid.UUID | None = st.session_state.get("handover-taker")
    note = st.session_state.get("handover-note", "")
    if taker is None:
        refuse("handover", "Choose the colleague you hand over to.")
        return
    chosen = taker

    def act(session: Session, person: Person) -> str:
        handing_over.offer(session, person.id, taker_id=chosen, note=note)
        return "The handover is offered. It is yours until it is accepted."

    press("handover", act)


def _withdraw(handover_id: uuid.UUID) -> None:
    def act(session: Session, person: Person) -> str:
        handing_over.withdraw(session, handover_id, person.id)
        return "The handover is withdrawn. Everything stays with you."

    press("handover", act)


def _accept(handover_id: uuid.UUID, giver: str) -> None:
    name = st.session_state.get(f"name-{handover_id}", "")

    def act(session: Session, person: Person) -> str:
        things = handing_over.accept(session, handover_id, person.id, name=name)
        what = "1 thing" if things == 1 else f"{things} things"
        return f"You took over {what} from {giver}; you have it in hand now, with its clocks."

    press("handover", act)


def _decline(handover_id: uuid.UUID, giver: str) -> None:
    reason = st.session_state.get(f"why-{handover_id}", "")

    def act(session: Session, person: Person) -> str:
        handing_over.decline(session, handover_id, person.id, reason=reason)
        return f"{giver} sees that you cannot take it over, and why. It stays with them."

    press("handover", act)

"""Duty, and what somebody carries: going on and off, resting from heavy items, breaks."""

from collections.abc import Sequence

import streamlit as st

from db.session import Session
from db.session import now as database_now
from oversight.domain.exposure import Load
from oversight.domain.permissions import Page, answers_for
from oversight.domain.words import ShiftPosition
from oversight.queries.exposure import OwnExposure, TeamLoad, own_exposure
from oversight.queries.shift import OwnDuty
from oversight.services import duty as duties
from oversight.services import resting
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.shift import heading, press, tell
from oversight.ui.shift_words import (
    LOAD_WORDS,
    POSITION_WORDS,
    block_words,
    carried_html,
    duty_words,
    rest_words,
    team_line,
)
from oversight.ui.who import guard
from oversight.ui.words import moment

LOOKED_EVERY = 30
"""Seconds between two looks at the clock of a reading block."""


def duty_part(person: Person, duty: OwnDuty) -> None:
    """On duty until when, as what; on and off by hand."""
    heading("On duty")
    tell("duty")
    st.write(duty_words(duty))
    if duty.until is not None:
        st.button("Go off duty", key="shift-off", on_click=_off)
        return
    open_to = [one for one in ShiftPosition if answers_for(person.role, one)]
    with st.form("duty", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("As", open_to, format_func=POSITION_WORDS.__getitem__, key="shift-position")
        st.number_input("For hours", 1, 24, 8, key="shift-hours")
        st.form_submit_button("Go on duty", on_click=_on)


def _on() -> None:
    position = ShiftPosition(st.session_state["shift-position"])
    hours = float(st.session_state["shift-hours"])

    def act(session: Session, person: Person) -> str:
        duties.go_on_duty(session, person.id, position=position, hours=hours)
        return "You are on duty and will be called."

    press("duty", act)


def _off() -> None:
    def act(session: Session, person: Person) -> str:
        duties.go_off_duty(session, person.id)
        return "You are off duty. What you still have stands under Handing over."

    press("duty", act)


@st.fragment(run_every=LOOKED_EVERY)
def load_part() -> None:
    """What one carried, rest from heavy items, and the break; the page looks again by itself."""
    person = guard(Page.SHIFT)
    with runtime.database().reading() as session:
        own = own_exposure(session, person.id)
        now = database_now(session)
    heading("What you carried in this shift")
    tell("load")
    st.html(carried_html(own))
    _advise(own)
    if own.rest is not None:
        st.info(rest_words(own.rest), icon=":material/self_improvement:")
        st.button("I can take heavy items again", key="shift-heavy", on_click=_back_on_heavy)
    else:
        st.button("Take me off heavy items", key="shift-light", on_click=_off_heavy)
        st.caption("For the rest of your shift. Nobody needs a reason, and none is kept.")
    heading("Reading and breaks")
    due = own.block is not None and own.block.due
    (st.warning if due else st.write)(block_words(own.block, own.limits, now))


def _advise(own: OwnExposure) -> None:
    words = LOAD_WORDS[own.load]
    if own.load is Load.HARD and own.rest is None:
        words = (
            "That is as much as anybody should read in one shift. Heavy items still come to you:"
            " below you can change that. Please take a break, and talk to a colleague or your"
            " supervisor about how it was."
        )
    if words:
        st.warning(words, icon=":material/favorite:")


def team_part(team: Sequence[TeamLoad]) -> None:
    """Who on the team may need a word; by name alone, in the order of the alphabet."""
    heading("Your team")
    lines = [line for one in team if (line := team_line(one))]
    st.write("\n".join(lines) if lines else "Nobody is on duty, and nobody has read too much.")
    st.caption("Without figures, on purpose: what somebody read is for their own eyes.")


def _off_heavy() -> None:
    def act(session: Session, person: Person) -> str:
        until = resting.take_off_heavy(session, person.id)
        return f"Heavy items go to others first until {moment(until)}."

    press("load", act)


def _back_on_heavy() -> None:
    def act(session: Session, person: Person) -> str:
        resting.back_on_heavy(session, person.id)
        return "Heavy items come to you as to anybody."

    press("load", act)

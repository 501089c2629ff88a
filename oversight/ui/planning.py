"""On the page On call: planning shifts, and the rota as a calendar file."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from oversight.domain.permissions import Page
from oversight.domain.words import ShiftPosition
from oversight.queries.accounts import Account
from oversight.queries.rota import TeamRota
from oversight.services import rota
from oversight.services.calendars import import_calendar
from oversight.ui.duty_words import POSITION_WORDS, zone_here
from oversight.ui.my_pager import span_inputs, span_of
from oversight.ui.said import doing

CALENDAR_DAYS = timedelta(days=28)


def planning(teams: Sequence[TeamRota], people: Sequence[Account]) -> None:
    """For whoever plans: a team, a shift or override, a calendar."""
    st.subheader("Plan", anchor=False)
    with st.expander("Add a shift"), st.form("shift", border=False):
        _team_and_position("shift", teams)
        st.selectbox("Person", people, format_func=lambda one: one.name, key="shift-person")
        span_inputs("shift")
        st.checkbox("In place of whoever is planned then (override)", key="shift-override")
        st.form_submit_button("Add the shift", on_click=_add_shift)
    with st.expander("Add a team"), st.form("team", border=False):
        st.text_input("Name", key="team-name")
        st.text_input("Time zone", zone_here(), key="team-zone")
        st.form_submit_button("Add the team", on_click=_add_team)
    named = [one for one in teams if one.id is not None]
    if named:
        with st.expander("Plan from a calendar file (iCalendar)"), st.form("ics", border=False):
            _team_and_position("ics", named)
            st.file_uploader("Calendar file (.ics), at most 1 MB", type="ics", key="ics-file")
            st.caption("Each entry names one person of the team by user name or full name.")
            st.form_submit_button("Plan these shifts", on_click=_import)


def _team_and_position(name: str, teams: Sequence[TeamRota]) -> None:
    left, right = st.columns(2)
    left.selectbox("Team", teams, format_func=lambda one: one.name, key=f"{name}-team")
    right.selectbox(
        "Position",
        list(ShiftPosition),
        format_func=lambda one: POSITION_WORDS[one],
        key=f"{name}-position",
    )


def _add_shift() -> None:
    state = st.session_state
    starts_at, ends_at = span_of("shift")
    with doing(Page.ON_CALL, "The shift stands.") as act:
        rota.plan_shift(
            act.session,
            act.person.id,
            state["shift-team"].id,
            state["shift-person"].id,
            position=state["shift-position"],
            starts_at=starts_at,
            ends_at=ends_at,
            override=state["shift-override"],
        )


def _add_team() -> None:
    state = st.session_state
    with doing(Page.ON_CALL, "The team stands; its position Primary must never be empty.") as act:
        rota.create_team(
            act.session, act.person.id, name=state["team-name"], timezone=state["team-zone"]
        )


def _import() -> None:
    state = st.session_state
    with doing(Page.ON_CALL) as act:
        file = state["ics-file"]
        done = import_calendar(
            act.session,
            act.person.id,
            state["ics-team"].id,
            file.getvalue() if file is not None else b"",
            position=state["ics-position"],
            now=act.now,
        )
        act.done = f"{done.planned} shifts planned, {done.known} were there already."

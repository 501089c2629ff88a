"""On call: who is on, who follows, where nobody is, and whether one's own pager works."""

from datetime import timedelta

import streamlit as st

from oversight.domain.permissions import Page, plans_rota
from oversight.queries.accounts import accounts
from oversight.queries.pages import pager_state
from oversight.queries.rota import (
    INSTANT,
    calendar,
    gaps_ahead,
    now_and_next,
    reachable,
    rotas,
    swaps_asked,
)
from oversight.services.calendars import export_calendar
from oversight.ui import runtime
from oversight.ui.my_pager import my_pager, swaps_and_leave
from oversight.ui.on_call import DAYS, days_html, gaps_html, now_html
from oversight.ui.planning import CALENDAR_DAYS, planning
from oversight.ui.said import tell
from oversight.ui.who import guard


def render() -> None:
    """For everybody; whoever plans the rota also plans here."""
    person = guard(Page.ON_CALL)
    st.title("On call", anchor=False)
    tell()
    with runtime.database().reading() as session:
        now = runtime.now(session)
        people = [one for one in accounts(session) if one.deactivated_at is None]
        standing = now_and_next(session, now=now)
        ahead = calendar(session, now, now + timedelta(days=DAYS + 1))
        gaps = gaps_ahead(session, now=now, ahead=timedelta(days=DAYS))
        able = reachable(session)
        pager = pager_state(session, person.id)
        swaps = swaps_asked(session, person.id, now=now)
        teams = rotas(session, now, now + INSTANT)
        file = export_calendar(session, now, now + CALENDAR_DAYS)
    names = {one.id: one.name for one in people}
    st.html(now_html(standing, names))
    st.subheader("Gaps in the coming 7 days", anchor=False)
    if gaps:
        st.html(gaps_html(gaps, names, now=now))
    elif any(team.id is not None for team in teams):
        st.write("None.")
    else:
        st.write("No team is set up: people go on duty by hand, and nothing is planned ahead.")
    silent = [one.name for one in people if one.id not in able]
    st.write(f"Without a contact method that works: {', '.join(silent) or 'nobody'}.")
    my_pager(pager, now=now)
    with st.expander("The coming 7 days"):
        st.html(days_html(ahead, names, now=now))
    swaps_and_leave(person, swaps, people)
    st.download_button(
        "Download the coming 4 weeks (iCalendar)",
        file,
        file_name="on-call.ics",
        mime="text/calendar",
        icon=":material/download:",
    )
    if plans_rota(person.role):
        planning(teams, people)

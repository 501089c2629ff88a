"""Around every page: who is signed in, whether they are on duty, the keys, signing out."""

import streamlit as st

from oversight.domain.permissions import reads_items
from oversight.queries.pages import pager_state
from oversight.queries.people import Reader, readers
from oversight.queries.watching import watch
from oversight.services import duty
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.strip import banner_html, strip_html
from oversight.ui.words import moment


def shell(person: Person) -> None:
    """The side bar; above the page, what everybody must know now."""
    with runtime.database().reading() as session:
        now = runtime.now(session)
        team = readers(session)
        pager = pager_state(session, person.id)
        standing = watch(session, dead_man_wanted=False)
    with st.sidebar:
        st.markdown(f"**{person.name}**")
        st.caption(person.role.value.replace("_", " ").capitalize())
        if reads_items(person.role):
            _duty(next((one for one in team if one.id == person.id), None), person)
        st.html(strip_html(team, pager, person, now=now))
        if reads_items(person.role):
            st.caption("Keys: press ? on Triage. Search: press /.")
        st.html(
            '<form method="post" action="/sign-out"><button type="submit"'
            ' class="ov-sign-out">Sign out</button></form>'
        )
    if banner := banner_html(standing):
        st.html(banner)


def _duty(me: Reader | None, person: Person) -> None:
    if me is not None and me.until is not None:
        st.success(f"On duty until {moment(me.until)}", icon=":material/notifications_active:")
        st.button("Go off duty", key="duty-off", on_click=_off_duty, args=(person,))
    else:
        st.info("You are off duty: you will not be called.", icon=":material/notifications_off:")
        st.button("Go on duty for 8 hours", key="duty-on", on_click=_on_duty, args=(person,))


def _on_duty(person: Person) -> None:
    with runtime.database().transaction() as session:
        duty.go_on_duty(session, person.id)


def _off_duty(person: Person) -> None:
    with runtime.database().transaction() as session:
        duty.go_off_duty(session, person.id)

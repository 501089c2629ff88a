"""Around every page: who is signed in, whether they are on duty, the keys, signing out."""

import streamlit as st

from oversight.domain.permissions import reads_items
from oversight.queries.people import readers
from oversight.services import duty
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.words import moment


def shell(person: Person) -> None:
    """The side bar."""
    with st.sidebar:
        st.markdown(f"**{person.name}**")
        st.caption(person.role.value.replace("_", " ").capitalize())
        if reads_items(person.role):
            _duty(person)
            st.caption("Keys: press ? on Triage. Search: press /.")
        st.html(
            '<form method="post" action="/sign-out"><button type="submit"'
            ' class="ov-sign-out">Sign out</button></form>'
        )


def _duty(person: Person) -> None:
    with runtime.database().reading() as session:
        me = next((one for one in readers(session) if one.id == person.id), None)
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

"""Around every page: who is signed in, whether they are on duty, the keys, signing out."""

import streamlit as st

from oversight.domain.permissions import reads_items
from oversight.queries.people import readers
from oversight.services import duty
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.words import moment

KEYS = (
    ("N", "next item, or open it"),
    ("0 – 4", "your own level"),
    ("K", "I have it (takes the escalation)"),
    ("A", "approve"),
    ("E", "edit the draft"),
    ("W", "write your own reply"),
    ("X", "withhold"),
    ("U", "escalate"),
    ("M", "mark as read"),
    ("T", "send a text again that may not have arrived"),
    ("O", "note that they were reached another way (phone, in person)"),
    ("L", "lower the level"),
    ("P", "set aside until a time, or until they write again"),
    ("S", "not for me: leave it to others"),
    ("B", "put back undecided, for anybody"),
    ("Z", "undo, while it is not sent"),
    ("V", "show what is new"),
    ("Ctrl+Enter", "send the form you are in"),
    ("Esc", "leave the form; your words are kept"),
)


def shell(person: Person) -> None:
    """The side bar."""
    with st.sidebar:
        st.markdown(f"**{person.name}**")
        st.caption(person.role.value.replace("_", " ").capitalize())
        if reads_items(person.role):
            _duty(person)
            _keys()
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


def _keys() -> None:
    with st.expander("Keys"):
        for key, words in KEYS:
            st.markdown(f"`{key}` {words}")

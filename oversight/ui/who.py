"""Who is looking. Asked first by every page and again by every action: tabs outlive sign-ins."""

import streamlit as st

from oversight.domain.errors import NotPermitted
from oversight.domain.permissions import PAGES, Page
from oversight.services.people import Person, person_of
from oversight.ui import runtime
from oversight.ui.guard import COOKIE


def cookie() -> str | None:
    """The session token the browser sent. A seam: tests without a browser replace it."""
    return st.context.cookies.get(COOKIE)


def current_person() -> Person | None:
    """The signed-in person, as the record knows them at this moment."""
    token = cookie()
    if not token:
        return None
    with runtime.database().reading() as session:
        return person_of(session, token)


def guard(page: Page) -> Person:
    """The person looking, or the page ends here."""
    person = current_person()
    if person is None:
        st.error("You are signed out. Sign in again to go on.", icon=":material/lock:")
        st.html('<a href="/sign-in" target="_self">Sign in</a>')
        st.stop()
    if page not in PAGES[person.role]:
        st.error("This page is not part of your role.", icon=":material/lock:")
        st.stop()
    return person


def acting(page: Page) -> Person:
    """The person pressing a button; NotPermitted when their sign-in has ended meanwhile."""
    person = current_person()
    if person is None or page not in PAGES[person.role]:
        raise NotPermitted("you are signed out: sign in again, then repeat what you did")
    return person

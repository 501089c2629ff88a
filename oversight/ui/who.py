"""Who is looking. Asked first by every page and again by every action: tabs outlive sign-ins."""

import time

import streamlit as st

from db.session import Session
from oversight.domain.errors import SignedOut
from oversight.domain.permissions import PAGES, Page
from oversight.services.people import Person, person_of
from oversight.ui import runtime
from oversight.ui.guard import CACHE_SECONDS, COOKIE

MOST_KNOWN = 1_000
SIGNED_OUT = "you are signed out: sign in again in another tab, then repeat what you did"
_known: dict[str, tuple[float, Person | None]] = {}


def cookie() -> str | None:
    """The session token the browser sent. A seam: tests without a browser replace it."""
    return st.context.cookies.get(COOKIE)


def current_person() -> Person | None:
    """The signed-in person, as the record knew them within the last second.

    For drawing. Whoever acts is looked up anew.
    """
    token = cookie() or ""
    until, person = _known.get(token, (0.0, None))
    if until > time.monotonic():
        return person
    with runtime.database().reading() as session:
        return _look_up(session, token)


def _look_up(session: Session, token: str | None) -> Person | None:
    if not token:
        return None
    person = person_of(session, token)
    if len(_known) > MOST_KNOWN:
        _known.clear()
    _known[token] = (time.monotonic() + CACHE_SECONDS, person)
    return person


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


def forget(token: str) -> None:
    """Ask the database anew about this token."""
    _known.pop(token, None)


def acting(page: Page, session: Session | None = None, token: str | None = None) -> Person:
    """The person pressing a button; SignedOut when their sign-in has ended meanwhile.

    Looked up in the transaction ``session`` of what they do, where one is given; by ``token`` where
    no page of Streamlit's is being drawn.
    """
    token = cookie() if token is None else token
    if session is not None:
        person = _look_up(session, token)
    else:
        with runtime.database().reading() as opened:
            person = _look_up(opened, token)
    return _permitted(person, page)


def _permitted(person: Person | None, page: Page) -> Person:
    """The person, or SignedOut where there is none or the page is not theirs."""
    if person is None:
        raise SignedOut(SIGNED_OUT)
    if page not in PAGES[person.role]:
        raise SignedOut("this page is no longer part of your role: sign in again")
    return person

"""Inbox of pages: everybody who was called, how, and what became of it; also who was not told."""

import streamlit as st

from oversight.domain.permissions import Page
from oversight.queries.pages import kept_pages, pages
from oversight.ui import runtime
from oversight.ui.duty_words import clock, zone_here
from oversight.ui.inbox import inbox_html, link_of
from oversight.ui.who import guard

SHOWN = 100


def render() -> None:
    """The newest pages; a link only of one's own: it confirms in the name of whoever got it."""
    person = guard(Page.INBOX)
    st.title("Pages sent", anchor=False)
    st.write(
        "Every page that was sent or should have been: ids, a level and a link, never a word that"
        " was said. The link of a page stands here for whoever it was sent to, where the page is"
        " kept in this inbox."
    )
    mine = st.toggle("Only mine", key="only-mine")
    with runtime.database().reading() as session:
        now = runtime.now(session)
        lines = pages(session, limit=SHOWN, clinician_id=person.id if mine else None)
        kept = kept_pages(session, limit=10 * SHOWN)
    st.button(f"As of {clock(now)} ({zone_here()}). Look again", icon=":material/refresh:")
    if not lines:
        st.info("Nobody was called yet.", icon=":material/done_all:")
        return
    own = {line.id for line in lines if line.person_id == person.id}
    links = {one.page_id: link for one in kept if one.page_id in own and (link := link_of(one))}
    st.html(inbox_html(lines, links))
    if len(lines) == SHOWN:
        st.caption(f"The newest {SHOWN}. Older ones are in the Record.")

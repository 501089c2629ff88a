"""From the signed-in person's role to the pages they have."""

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from oversight.domain.permissions import PAGES, Page
from oversight.ui.components import STATIC
from oversight.ui.shell import shell
from oversight.ui.who import current_person

TITLES: Mapping[Page, tuple[str, str]] = {
    Page.TRIAGE: ("Triage", ":material/inbox:"),
    Page.CONVERSATION: ("Conversation", ":material/forum:"),
    Page.RECORD: ("Record", ":material/history:"),
    Page.QUALITY: ("Quality", ":material/fact_check:"),
    Page.METRICS: ("Metrics", ":material/monitoring:"),
}


def show(pages: Mapping[Page, Callable[[], None]]) -> None:
    """Draw the page that the address names, out of those the person's role has."""
    st.set_page_config(page_title="Oversight", page_icon=str(STATIC / "icon.png"), layout="wide")
    st.html(f"<style>{(STATIC / 'console.css').read_text(encoding='utf-8')}</style>")
    person = current_person()
    if person is None:
        st.html('<meta http-equiv="refresh" content="0; url=/sign-in">')
        st.html('<p>You are signed out. <a href="/sign-in" target="_self">Sign in</a></p>')
        st.stop()
    registered = [
        st.Page(
            pages[page],
            title=TITLES[page][0],
            icon=TITLES[page][1],
            url_path=page.value,
        )
        for page in PAGES[person.role]
        if page in pages
    ]
    # Streamlit serves its default page at "/" only and calls the page's own address unknown. So the
    # default is a door of its own: every page has its name, and "/" leads to the role's first.
    start = st.Page(_door_to(registered[0]), url_path="start", default=True, visibility="hidden")
    chosen = st.navigation([*registered, start], position="top")
    shell(person)
    chosen.run()


def _door_to(page: StreamlitPage) -> Callable[[], None]:
    def start() -> None:
        st.switch_page(page, query_params=st.query_params.to_dict())

    return start

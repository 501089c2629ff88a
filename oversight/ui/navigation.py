"""From the signed-in person's role to the pages they have."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from oversight.domain.permissions import PAGES, Page
from oversight.services.people import Person
from oversight.ui.components import STATIC
from oversight.ui.shell import shell
from oversight.ui.who import current_person

TITLES: Mapping[Page, tuple[str, str]] = {
    Page.TRIAGE: ("Triage", ":material/inbox:"),
    Page.TOGETHER: ("Calm ones", ":material/done_all:"),
    Page.SHIFT: ("My shift", ":material/self_improvement:"),
    Page.CONVERSATION: ("Conversation", ":material/forum:"),
    Page.RECORD: ("Record", ":material/history:"),
    Page.QUALITY: ("Quality", ":material/fact_check:"),
    Page.METRICS: ("Metrics", ":material/monitoring:"),
    Page.ESCALATIONS: ("Escalations", ":material/notification_important:"),
    Page.CASE: ("Case", ":material/folder_shared:"),
    Page.ON_CALL: ("On call", ":material/calendar_month:"),
    Page.INBOX: ("Pages sent", ":material/call:"),
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
    own = [_registered(page, pages[page]) for page in PAGES[person.role] if page in pages]
    foreign = [
        _registered(page, _not_for(person, page), hidden=True)
        for page in pages
        if page not in PAGES[person.role]
    ]
    # Streamlit serves its default page at "/" only and calls the page's own address unknown. So the
    # default is a door of its own: every page has its name, and "/" leads to the role's first.
    start = st.Page(_door_to(own), url_path="start", default=True, visibility="hidden")
    chosen = st.navigation([*own, *foreign, start], position="top")
    shell(person)
    chosen.run()


def _registered(page: Page, draw: Callable[[], None], *, hidden: bool = False) -> StreamlitPage:
    title, icon = TITLES[page]
    return st.Page(
        draw,
        title=title,
        icon=icon,
        url_path=page.value,
        visibility="hidden" if hidden else "visible",
    )


def _not_for(person: Person, page: Page) -> Callable[[], None]:
    """What stands in place of a page that others have: nobody is led elsewhere without a word."""
    role = person.role.value.replace("_", " ")

    def draw() -> None:
        st.error(
            f"The page {TITLES[page][0]} is not for your role ({role}). Your pages stand above.",
            icon=":material/lock:",
        )

    return draw


def _door_to(own: Sequence[StreamlitPage]) -> Callable[[], None]:
    """The role's first page; at an address that nothing has, words and the way back."""

    def draw() -> None:
        if urlsplit(st.context.url or "").path.strip("/") in ("", "start"):
            st.switch_page(own[0], query_params=st.query_params.to_dict())
        st.error("There is no page at this address. Your pages are:", icon=":material/search_off:")
        for page in own:
            st.page_link(page)

    return draw

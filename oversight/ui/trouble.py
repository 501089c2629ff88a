"""When a page cannot do its work: plain words instead of a stack trace."""

import streamlit as st

from db.session import unavailable

AWAY = (
    "The record cannot be reached right now. Nothing you wrote is lost: unfinished text is kept in"
    " this page. It comes back by itself; reload if this message stays for more than a minute."
)
FAILED = (
    "This page could not be shown. The team that runs Oversight can see why in its log. Reload the"
    " page; if someone may be in danger, use your site's phone procedure now."
)


def show_trouble(error: Exception) -> None:
    """Say what is wrong and what to do."""
    if unavailable(error):
        st.error(AWAY, icon=":material/cloud_off:")
    else:
        st.error(FAILED, icon=":material/error:")

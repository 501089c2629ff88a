"""Triage: the next item, worst first, the conversation, the draft, and the decision."""

import uuid

import streamlit as st

from oversight.domain.permissions import Page
from oversight.queries.delivery import delivery_state
from oversight.ui import runtime
from oversight.ui.components import desk_card, pulse
from oversight.ui.desk import desk
from oversight.ui.desk_view import view_of
from oversight.ui.keys import KEYS
from oversight.ui.outcome import fate
from oversight.ui.queue_list import queue_list, read_list
from oversight.ui.who import guard


def render() -> None:
    """The whole page: the desk on the left, what waits on the right."""
    person = guard(Page.TRIAGE)
    hand = desk()
    left, right = st.columns([2.6, 1], gap="medium")
    with left, hand.lock:
        desk_card(view_of(hand, person), KEYS, key="triage-desk")
    with right:
        _queue()


@st.fragment
def _queue() -> None:
    """News redraw the list alone, and it asks each time who is looking: tabs outlive sign-ins."""
    person, hand = guard(Page.TRIAGE), desk()
    with runtime.database().reading() as session:
        waiting = read_list(session, person, hand)
        last = hand.last_delivery
        sent = delivery_state(session, uuid.UUID(last)) if last else None
    pulse(now=waiting.queue.at.timestamp(), fate=fate(sent), on_news=_on_news, key="triage-pulse")
    queue_list(waiting, hand)


def _on_news() -> None:
    """Nothing to do here: being called redraws the list. The card is never changed underfoot."""

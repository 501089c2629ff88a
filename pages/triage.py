"""Triage: the next item, worst first, the conversation, the draft, and the decision."""

import uuid

import streamlit as st

from oversight.domain.chance import own_level_first
from oversight.domain.permissions import Action, Page
from oversight.queries.delivery import delivery_state
from oversight.queries.faster import Faster
from oversight.queries.triage import Card, queue
from oversight.services.people import Person
from oversight.ui import card as draw
from oversight.ui import desk, runtime
from oversight.ui.actions import action_row, next_row, own_level_row
from oversight.ui.components import news, place, pulse
from oversight.ui.forms import form_of
from oversight.ui.in_hand import InHand, read
from oversight.ui.outcome import fate, outcome, refusal
from oversight.ui.queue_list import queue_list
from oversight.ui.who import guard

PULSE = "triage-pulse"


def render() -> None:
    """The whole page: the card on the left, what waits on the right.

    Each half redraws by itself and asks each time who is looking: a tab outlives its sign-in.
    """
    guard(Page.TRIAGE)
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        _card()
    with right:
        _queue()


@st.fragment
def _card() -> None:
    """The same places in the same order each time, the empty ones too: see ``place``."""
    person = guard(Page.TRIAGE)
    hand = desk.desk()
    seen = read(hand, person)
    _settle(hand, seen)
    outcome(hand, seen.sent, seen.lost)
    if seen.card is None:
        _nothing_in_hand(hand, seen.lost)
    else:
        _item(seen.card, hand, person, seen.lost)
    desk.drawn()


def _item(found: Card, hand: desk.Desk, person: Person, lost: Faster | None) -> None:
    mine = found.holder_id == person.id
    first = (
        own_level_first(found.severity, found.item_id, found.own_level_share)
        and hand.own_level is None
        and mine
    )
    desk.judging(found.item_id if first else None)
    writing = hand.form if mine else None
    place(
        refusal(hand, lost)
        + draw.heading(found, revealed=not first, mine=mine)
        + draw.warnings(found)
        + draw.escalation_line(found.escalation)
        + draw.undelivered(found)
        + draw.said(found, revealed=not first)
    )
    own_level_row(found if first else None)
    place(
        _draft_and_model(found, revealed=not first, writing=writing)
        + draw.participant_details(found)
    )
    form_of(found if writing else None, hand)
    action_row(None if writing else found, person)


def _draft_and_model(found: Card, *, revealed: bool, writing: str | None) -> str:
    """Side by side while reading; what a form already shows is not drawn twice beside it."""
    if writing == Action.EDIT:
        return ""
    if writing or not revealed:
        return draw.draft(found, revealed=revealed)
    return f'<div class="ov-pair">{draw.draft(found, revealed=True)}{draw.assessment(found)}</div>'


def _nothing_in_hand(hand: desk.Desk, lost: Faster | None) -> None:
    desk.judging(None)
    place(
        refusal(hand, lost) + "<h3>Nothing open</h3>"
        "<p>Take the next item when you are ready. The list updates by itself.</p>"
    )
    own_level_row(None)
    place("")
    form_of(None, hand)
    next_row()


def _settle(hand: desk.Desk, seen: InHand) -> None:
    """A closed or unknown item is laid aside; of another, note which version is shown."""
    if seen.card is None and hand.item:
        hand.item = None
        desk.keep(hand)
    elif seen.card is not None and hand.shown_at is None:
        hand.shown_at = f"{seen.card.version}"
        desk.keep(hand)


@st.fragment
def _queue() -> None:
    guard(Page.TRIAGE)
    hand = desk.desk()
    if not desk.drawn_as_it_is():
        st.rerun()  # a press and a piece of news came together, and only this half was redrawn
    with runtime.database().reading() as session:
        waiting = queue(session)
        last = hand.last_delivery
        sent = delivery_state(session, uuid.UUID(last)) if last else None
    item = uuid.UUID(hand.item) if hand.item else None
    pulse(now=waiting.at.timestamp(), fate=fate(sent), on_news=_on_news, key=PULSE)
    queue_list(waiting, item)


def _on_news() -> None:
    """Nothing to do here: being called redraws the list. The card is never changed underfoot."""
    lapsed = news(PULSE).get("lapsed")
    hand = desk.desk()
    if lapsed and lapsed == hand.item:
        hand.warning = "Your hold on this item ended; open it again to go on."
        hand.lost = hand.item
        desk.keep(hand)

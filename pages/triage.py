"""Triage: the next item, worst first, the conversation, the draft, and the decision."""

import uuid

import streamlit as st

from db.session import Session
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, Page
from oversight.queries.delivery import DeliveryState, delivery_state
from oversight.queries.triage import Card, card, queue
from oversight.services.people import Person
from oversight.ui import card as draw
from oversight.ui import desk, runtime
from oversight.ui.actions import action_row, form_of, offered_keys, own_level_row
from oversight.ui.components import news, pulse
from oversight.ui.not_sent import not_sent
from oversight.ui.outcome import fate, outcome
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
    person = guard(Page.TRIAGE)
    hand = desk.desk()
    above = st.container()
    found, sent = _read(hand, person)
    desk.drawn()
    if found is None:
        _nothing_in_hand()
    else:
        _item(found, hand, person)
    with above:  # stands above the item and is drawn after it: the item is waited for
        outcome(hand, sent)
        if hand.lost:
            not_sent(uuid.UUID(hand.lost), person)


def _item(found: Card, hand: desk.Desk, person: Person) -> None:
    mine = found.holder_id == person.id
    first = draw.own_level_first(found) and hand.own_level is None and mine
    desk.judging(found.item_id if first else None)
    allowed = "" if hand.form else offered_keys(found, person)
    draw.heading(found, revealed=not first, mine=mine, offers=allowed)
    draw.warnings(found)
    if found.escalation is not None:
        draw.escalation_line(found.escalation)
    draw.undelivered(found)
    draw.said(found, revealed=not first)
    if first:
        own_level_row(found)
        st.html(draw.draft(found, revealed=False))
    else:
        _draft_and_model(found, writing=hand.form)
    if hand.form and mine:
        form_of(found, hand)
    else:
        action_row(found, person)
    st.html(draw.participant_details(found))


def _draft_and_model(found: Card, *, writing: str | None) -> None:
    """Side by side while reading; what a form already shows is not drawn twice beside it."""
    if writing == Action.EDIT:
        return
    if writing:
        st.html(draw.draft(found, revealed=True))
        return
    pair = draw.draft(found, revealed=True) + draw.assessment(found)
    st.html(f'<div class="ov-pair">{pair}</div>')


def _read(hand: desk.Desk, person: Person) -> tuple[Card | None, DeliveryState | None]:
    """The card in hand, and where the last text stands; a closed or unknown card is laid aside."""
    with runtime.database().reading() as session:
        found = _in_hand(session, hand, person)
        last = hand.last_delivery
        sent = delivery_state(session, uuid.UUID(last)) if last else None
    if found is None and hand.item:
        hand.item = None
        desk.keep(hand)
    elif found is not None and hand.shown_at is None:
        hand.shown_at = f"{found.version}"
        desk.keep(hand)
    return found, sent


def _in_hand(session: Session, hand: desk.Desk, person: Person) -> Card | None:
    if not hand.item:
        return None
    try:
        found = card(session, uuid.UUID(hand.item), person.id)
    except (NotFound, ValueError):
        return None
    return None if found.status is ItemStatus.CLOSED else found


def _nothing_in_hand() -> None:
    st.subheader("Nothing open", anchor=False)
    st.write("Take the next item when you are ready. The list updates by itself.")
    st.button(
        "Next item",
        key="next-item",
        type="primary",
        shortcut="N",
        on_click=desk.take_next,
        icon=":material/arrow_forward:",
    )


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

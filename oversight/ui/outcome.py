"""What became of the last decision: undo while it can be undone, then proof that it arrived."""

import uuid

import streamlit as st

from oversight.domain.lifecycle import DeliveryStatus
from oversight.queries.delivery import DeliveryState, delivery_state
from oversight.ui import desk, runtime
from oversight.ui.words import DELIVERY_WORDS, countdown, moment, safe


def outcome(hand: desk.Desk) -> None:
    """The line above the card: a refusal in plain words, or the fate of what was just sent."""
    if hand.warning:
        st.warning(hand.warning, icon=":material/info:")
    if hand.last_delivery is None:
        if hand.last_words:
            st.html(f'<p role="status"><b>{safe(hand.last_words)}</b></p>')
        return
    delivery_id = uuid.UUID(hand.last_delivery)
    with runtime.database().reading() as session:
        state = delivery_state(session, delivery_id)
    words, button = st.columns([4, 1], vertical_alignment="center")
    words.html(f'<p role="status"><b>{safe(hand.last_words)}</b> · {_fate(state)}</p>')
    if state.status is DeliveryStatus.QUEUED and state.not_before > state.at:
        button.button(
            "Undo", key=f"undo-{delivery_id}", shortcut="Z", on_click=desk.undo, args=(delivery_id,)
        )


def _fate(state: DeliveryState) -> str:
    if state.status is DeliveryStatus.QUEUED and state.not_before > state.at:
        return countdown(
            state.not_before,
            state.at,
            before=f"to {state.participant} in %",
            after=f"being sent to {state.participant}",
        )
    words = f"to {state.participant}: {DELIVERY_WORDS[state.status]}"
    if state.settled_at is not None:
        words += f" {moment(state.settled_at)}"
    return safe(words)

"""What became of the last decision: undo while it can be undone, then proof that it arrived."""

import streamlit as st

from oversight.domain.lifecycle import DeliveryStatus
from oversight.queries.delivery import DeliveryState
from oversight.ui import desk
from oversight.ui.components import Fate
from oversight.ui.words import DELIVERY_WORDS, countdown, moment, safe


def outcome(hand: desk.Desk, sent: DeliveryState | None) -> None:
    """The line above the card: a refusal in plain words, or the fate of what was just sent."""
    if hand.warning:
        st.warning(hand.warning, icon=":material/info:")
    if sent is None:
        if hand.last_words:
            st.html(f'<p role="status"><b>{safe(hand.last_words)}</b></p>')
        return
    words, button = st.columns([4, 1], vertical_alignment="center")
    words.html(
        f'<p role="status"><b>{safe(hand.last_words)}</b> ·'
        f' <span data-fate="{sent.id}">{_fate(sent)}</span></p>'
    )
    if _can_be_undone(sent):
        button.button(
            "Undo", key=f"undo-{sent.id}", shortcut="Z", on_click=desk.undo, args=(sent.id,)
        )


def fate(sent: DeliveryState | None) -> Fate | None:
    """What became of the last text by now; None while nothing was sent or it can be undone.

    The line above the card is part of the card, which news never redraw: the page's script puts
    these words there.
    """
    if sent is None or _can_be_undone(sent):
        return None
    return Fate(str(sent.id), _settled(sent))


def _can_be_undone(state: DeliveryState) -> bool:
    return state.status is DeliveryStatus.QUEUED and state.not_before > state.at


def _fate(state: DeliveryState) -> str:
    if _can_be_undone(state):
        return countdown(
            state.not_before,
            state.at,
            before=f"to {state.participant} in %",
            after=f"being sent to {state.participant}",
        )
    return safe(_settled(state))


def _settled(state: DeliveryState) -> str:
    words = f"to {state.participant}: {DELIVERY_WORDS[state.status]}"
    if state.settled_at is not None:
        words += f" {moment(state.settled_at)}"
    return words

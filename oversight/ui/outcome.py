"""What became of the last decision: undo while it can be undone, then proof that it arrived."""

from functools import partial

from oversight.domain.lifecycle import DeliveryStatus
from oversight.queries.delivery import DeliveryState
from oversight.queries.faster import Faster
from oversight.ui import presses
from oversight.ui.card import note
from oversight.ui.components import ButtonRow, Clock, Fate, RowButton, Told
from oversight.ui.desk import Desk
from oversight.ui.not_sent import LAY_ASIDE, not_sent, own_words
from oversight.ui.rows import Offered, row
from oversight.ui.words import DELIVERY_WORDS, length, moment

UNDO = RowButton("undo", "Undo", key="Z")


def outcome(hand: Desk, sent: DeliveryState | None, lost: Faster | None) -> ButtonRow:
    """Above the card: what was just done, its fate, and what can still be done about it."""
    offered = []
    if sent is not None and _can_be_undone(sent):
        offered = [Offered(UNDO, partial(presses.undo, hand, sent.id))]
    if lost is not None:
        offered += [Offered(one) for one in own_words(lost)]
        offered.append(Offered(LAY_ASIDE, partial(presses.lay_aside_lost, hand)))
    about = str(sent.id) if sent is not None else ""
    return row(hand, "What was done last", offered, about=about, told=_told(hand, sent))


def refusal(hand: Desk, lost: Faster | None) -> str:
    """Why something was not done, in plain words, and what won (HTML)."""
    return (note(hand.warning) if hand.warning else "") + not_sent(lost)


def _told(hand: Desk, sent: DeliveryState | None) -> Told | None:
    if sent is None:
        return Told(hand.last_words) if hand.last_words else None
    return Told(hand.last_words, str(sent.id), _settled(sent), _clock(sent))


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


def _clock(state: DeliveryState) -> Clock | None:
    """Counts down while it can be undone."""
    if not _can_be_undone(state):
        return None
    before = f"to {state.participant} in %"
    left = length((state.not_before - state.at).total_seconds())
    return Clock(
        words=before.replace("%", left),
        deadline=round(state.not_before.timestamp()),
        before=before,
        after=f"being sent to {state.participant}",
    )


def _settled(state: DeliveryState) -> str:
    words = f"to {state.participant}: {DELIVERY_WORDS[state.status]}"
    if state.settled_at is not None:
        words += f" {moment(state.settled_at)}"
    return words

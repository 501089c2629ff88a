"""What one reader has before them: the item in hand, the open form, and what was said last."""

import uuid
from dataclasses import dataclass

import streamlit as st

REMEMBERED = 20
"""How many presses are remembered; a browser has one or two without an answer at a time."""


@dataclass
class Desk:
    """What one reader has in hand. Ids and small words only; all else lives in the record."""

    item: str | None = None
    form: str | None = None
    form_id: str = ""
    trouble: str = ""
    own_level: str | None = None
    shown_at: str | None = None
    last_delivery: str | None = None
    last_words: str = ""
    warning: str = ""
    lost: str | None = None


def desk() -> Desk:
    """This browser tab's desk; the page's script puts the item in the address, for a reload."""
    state = st.session_state
    if "desk" not in state:
        state.desk = {"item": st.query_params.get("item")}
    return Desk(**state.desk)


def keep(changed: Desk) -> None:
    """Remember the desk."""
    st.session_state.desk = dict(vars(changed))
    st.session_state.desk_changes = st.session_state.get("desk_changes", 0) + 1


def judging(item_id: uuid.UUID | None) -> None:
    """Note which item's reader gives their own level first: the list keeps its level to itself."""
    st.session_state.judging = None if item_id is None else str(item_id)


def judged_first() -> uuid.UUID | None:
    """The item whose level its reader must not see yet."""
    kept = st.session_state.get("judging")
    return None if kept is None else uuid.UUID(kept)


def answered() -> list[str]:
    """The presses carried out last, by id: the browser sends others again."""
    kept: list[str] = st.session_state.setdefault("answered", [])
    return kept


def answer(press_id: str) -> bool:
    """Take on a press, once; False for one that was carried out before."""
    kept = answered()
    if press_id in kept:
        return False
    kept.append(press_id)
    del kept[:-REMEMBERED]
    return True


def drawn() -> None:
    """Note that the card was drawn with the desk as it is."""
    st.session_state.desk_drawn = st.session_state.get("desk_changes", 0)


def drawn_as_it_is() -> bool:
    """Whether the card on the screen shows the desk as it is."""
    return bool(st.session_state.get("desk_drawn", 0) == st.session_state.get("desk_changes", 0))


def say(words: str) -> None:
    """Words above the card, and nothing else changed."""
    hand = desk()
    hand.warning = words
    keep(hand)


def decision_id(item_id: uuid.UUID, version: int) -> uuid.UUID:
    """Made when a card is first drawn: a second click names the same decision."""
    known = st.session_state.setdefault("decision_ids", {})
    key = f"{item_id}:{version}"
    if key not in known:
        known.clear()
        known[key] = str(uuid.uuid4())
    return uuid.UUID(known[key])

"""What one reader has before them in one browser tab: kept here, changed by what they press."""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from oversight.services.people import Person
from oversight.ui import who

if TYPE_CHECKING:
    from oversight.ui.in_hand import InHand

REMEMBERED = 20
"""How many presses are remembered; a browser has one or two without an answer at a time."""

LATELY_SECONDS = 120
"""A tab that asked for nothing for as long as this is not somebody looking: leases end alike."""

MOST_DESKS = 500
"""Tabs kept at a time; the one used longest ago goes first, and its page then loads anew."""

Answer = Mapping[str, Any]
"""What a form sends: text, flags, choice, reason, where it has them. Any: JSON from a browser."""
Offer = Callable[[Answer], None]


@dataclass
class Desk:
    """Ids and small words only; all else lives in the record. Whoever uses it holds ``lock``.

    ``offers`` are what can be pressed on what was drawn last, by what it acts on and name; a press
    that is not among them was meant for something else. ``drawings`` counts the views made, so that
    a browser never shows an older one over a newer.
    """

    id: str
    token: str
    name: str = ""
    seen_at: float = 0.0
    item: str | None = None
    form: str | None = None
    form_id: str = ""
    trouble: str = ""
    own_level: str | None = None
    shown_at: str | None = None
    participant: str = ""
    last_delivery: str | None = None
    last_words: str = ""
    warning: str = ""
    lost: str | None = None
    judging: uuid.UUID | None = None
    filter: str = ""
    filtering: bool = False
    drawings: int = 0
    offers: dict[tuple[str, str], Offer] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    just_seen: "InHand | None" = None
    pressed_by: Person | None = None
    decisions: dict[str, uuid.UUID] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def take_on(self, press_id: str) -> bool:
        """Take on a press, once; False for one that was carried out before."""
        self.pressed_by = None
        if press_id in self.answered:
            return False
        self.answered.append(press_id)
        del self.answered[:-REMEMBERED]
        return True

    def decision_id(self, mark: str) -> uuid.UUID:
        """Made when a card is first drawn: a second click names the same decision."""
        if mark not in self.decisions:
            self.decisions = {mark: uuid.uuid4()}
        return self.decisions[mark]


class Desks:
    """The desks of this console. A desk belongs to the sign-in it was laid out for."""

    def __init__(self, most: int = MOST_DESKS) -> None:
        self._most = most
        self._kept: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()

    def lay_out(self, token: str, item: str | None, query: str = "") -> Desk:
        """A new desk, with the item and the list's filter that the page's address names."""
        made = Desk(uuid.uuid4().hex, token, item=item, filter=query)
        with self._lock:
            self._kept[made.id] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def find(self, desk_id: str, token: str) -> Desk | None:
        """None for a desk of another sign-in, or of a console that has been restarted since."""
        with self._lock:
            found = self._kept.get(desk_id)
            if found is None or found.token != token:
                return None
            self._kept.move_to_end(desk_id)
            found.seen_at = time.monotonic()
            return found

    def others_at(self, mine: Desk) -> list[str]:
        """Who else has the same item on the screen in a tab that was alive lately, by name."""
        lately = time.monotonic() - LATELY_SECONDS
        with self._lock:
            names = {
                one.name
                for one in self._kept.values()
                if one.item == mine.item and one.name != mine.name and one.seen_at > lately
            }
        return sorted(names) if mine.item else []


DESKS = Desks()


def desk() -> Desk:
    """This browser tab's desk; the page's script puts the item in the address, for a reload."""
    token = who.cookie() or ""
    found = DESKS.find(st.session_state.get("desk", ""), token)
    if found is None:
        asked = st.query_params
        query = urlencode([(name, value) for name in asked for value in asked.get_all(name)])
        found = DESKS.lay_out(token, asked.get("item"), query)
        st.session_state.desk = found.id
    return found

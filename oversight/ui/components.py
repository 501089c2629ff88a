"""The console's browser components. Their scripts draw with textContent only."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True)
class TextField:
    """A text to write; with ``before`` the form shows what changes against it, word by word."""

    label: str
    value: str
    before: str = ""
    mustChange: bool = False  # noqa: N815  the name its script reads
    language: str = ""


@dataclass(frozen=True)
class ReasonField:
    """One line of reason, with ready-made words to pick."""

    label: str
    required: bool = True
    suggestions: Sequence[str] = ()


@dataclass(frozen=True)
class ChoiceField:
    """One of several, by value and words."""

    label: str
    options: Sequence[tuple[str, str]]
    required: bool = False
    empty: str = "Nobody in particular"
    missing: str = "Choose one first."


@dataclass(frozen=True)
class FlagChoice:
    """One flag that can be ticked."""

    code: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class FlagGroup:
    """Flags of one grade."""

    label: str
    flags: Sequence[FlagChoice]


@dataclass(frozen=True)
class FlagsField:
    """What was wrong with the draft."""

    label: str
    groups: Sequence[FlagGroup]
    required: bool = False


@dataclass(frozen=True)
class DeskForm:
    """One decision's form. ``id`` is new for each drawing of a new form and survives reruns."""

    id: str
    item: str
    title: str
    submit: str
    hint: str = ""
    text: TextField | None = None
    flags: FlagsField | None = None
    choice: ChoiceField | None = None
    reason: ReasonField | None = None
    trouble: str = field(default="")


@dataclass(frozen=True)
class Fate:
    """What became of the text that was sent last, in plain words."""

    delivery: str
    words: str


@dataclass(frozen=True)
class Clock:
    """A time that the page counts by itself; ``%`` in the words stands for it."""

    words: str
    deadline: int
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """What was done last, and what has become of it by now."""

    done: str
    delivery: str = ""
    fate: str = ""
    clock: Clock | None = None


@dataclass(frozen=True)
class RowButton:
    """One button and its key. With ``copies`` it copies those words and asks the server nothing."""

    name: str
    words: str
    key: str = ""
    primary: bool = False
    copies: str = ""


@dataclass(frozen=True)
class ButtonRow:
    """Buttons in a row. ``about`` is what they act on; ``answered`` are presses carried out."""

    label: str
    shown: bool
    about: str
    answered: Sequence[str]
    buttons: Sequence[RowButton]
    told: Told | None = None


@dataclass(frozen=True)
class Pressed:
    """Which button was pressed, and what it was about when it was drawn; each press has an id."""

    id: str
    name: str
    about: str


@dataclass(frozen=True)
class LevelMark:
    """A level: the name of its colours, and its words."""

    code: str
    words: str


@dataclass(frozen=True)
class ListedCount:
    """How many are open at one level."""

    level: LevelMark
    count: int


@dataclass(frozen=True)
class ListedLine:
    """One open item in the list. ``open`` offers to take it."""

    item: str
    level: LevelMark
    who: str
    deadline: int
    clock: str
    late: bool
    facts: str
    mine: bool
    open: bool


@dataclass(frozen=True)
class QueueBox:
    """The whole list: one element, because dozens of them took most of a redraw."""

    head: str
    counts: Sequence[ListedCount]
    overdue: str
    lines: Sequence[ListedLine]
    rest: str


Answer = Mapping[str, Any]
"""What a form sends: text, flags, choice, reason, where it has them. Any: JSON from a browser."""


@cache
def _desk() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_desk_form",
        html='<div class="ov-desk"></div>\n',
        css=(STATIC / "desk_form.css").read_text(encoding="utf-8"),
        js=(STATIC / "desk_form.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


@cache
def _pulse() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_pulse",
        html='<span class="ov-pulse" role="status"></span>\n',
        css=".ov-pulse { font-size: .85rem; opacity: .85; }\n"
        ".ov-pulse[data-live=no] { font-weight: 600; }\n",
        js=(STATIC / "pulse.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


@cache
def _row() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_row",
        html='<div class="ov-row" role="group"></div>\n',
        css=(STATIC / "row.css").read_text(encoding="utf-8"),
        js=(STATIC / "row.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


@cache
def _queue() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_queue",
        html='<div class="ov-queue-box"></div>\n',
        css=(STATIC / "queue.css").read_text(encoding="utf-8"),
        js=(STATIC / "queue.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


NOTHING = '<span class="ov-nothing" hidden></span>'


def place(html: str) -> None:
    """One place of a page: our own HTML, or nothing to be seen.

    A page that changes under its reader has the same elements in the same order each time, and what
    is empty is drawn empty. An element that one drawing has and the next leaves out or replaces may
    stay on the screen: Streamlit sweeps with the numbers of a later run when two come together
    (streamlit issue 16708), and one participant's words would stand under the next one's card.
    """
    st.html(html or NOTHING)


def button_row(row: ButtonRow, *, on_press: Callable[[], None], key: str) -> None:
    """Draw a row; read the press with ``pressed`` inside ``on_press``."""
    _row()(data=asdict(row), key=key, on_press_change=on_press)


def pressed(key: str) -> list[Pressed]:
    """Presses in the row under ``key`` that the browser has no answer to yet, oldest first."""
    values = st.session_state[key].press
    presses = values.get("presses") if isinstance(values, Mapping) else None
    return [
        Pressed(str(one.get("id")), str(one.get("name")), str(one.get("about")))
        for one in presses or ()
        if isinstance(one, Mapping)
    ]


def desk_form(
    form: DeskForm | None,
    *,
    on_submit: Callable[[], None],
    on_cancel: Callable[[], None],
    key: str,
) -> None:
    """Draw a form, or its empty place; read what it sent with ``submitted``."""
    data = asdict(form) if form is not None else None
    _desk()(data=data, key=key, on_submit_change=on_submit, on_cancel_change=on_cancel)


def submitted(key: str) -> Answer:
    """The values of the form that was just submitted under ``key``."""
    values = st.session_state[key].submit
    return values if isinstance(values, Mapping) else {}


def pulse(*, now: float, fate: Fate | None, on_news: Callable[[], None], key: str) -> None:
    """Follow the live push, count clocks down, guard the keys, renew the open card's lease."""
    told = asdict(fate) if fate else None
    _pulse()(data={"now": now, "fate": told}, key=key, on_news_change=on_news)


def news(key: str) -> Answer:
    """What the pulse just reported: that something changed, or a ``lapsed`` item."""
    values = st.session_state[key].news
    return values if isinstance(values, Mapping) else {}


def queue_box(box: QueueBox, *, on_open: Callable[[], None], key: str) -> None:
    """Draw the list; read what was chosen with ``opened`` inside ``on_open``."""
    _queue()(data=asdict(box), key=key, on_open_change=on_open)


def opened(key: str) -> uuid.UUID | None:
    """The item whose button was just pressed; None for anything that is no item's id."""
    try:
        return uuid.UUID(str(st.session_state[key].open))
    except ValueError:
        return None

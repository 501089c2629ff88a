"""The console's browser components. Their scripts draw with textContent only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True)
class Wording:
    """Words to begin from, by what they are for."""

    title: str
    text: str


@dataclass(frozen=True)
class TextField:
    """A text to write; with ``before`` the form shows what changes against it, word by word.

    ``crisisLine`` is put in by one key; ``wordings`` are offered to begin from. Words ``toThem`` go
    to the participant: they are kept while they are written, and shown as they will be seen.
    """

    label: str
    value: str
    before: str = ""
    mustChange: bool = False  # noqa: N815  the name its script reads
    language: str = ""
    crisisLine: str = ""  # noqa: N815
    wordings: Sequence[Wording] = ()
    toThem: bool = True  # noqa: N815


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
    """Buttons in a row. ``about`` is what they act on."""

    label: str
    shown: bool
    about: str
    buttons: Sequence[RowButton]
    told: Told | None = None


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
class FilterChoice:
    """One thing the list can be narrowed to, and how many open items it alone would show."""

    value: str
    words: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class FilterGroup:
    """Choices under one name of the address."""

    name: str
    label: str
    choices: Sequence[FilterChoice]


@dataclass(frozen=True)
class DeskView:
    """All that stands before a reader, as one element: a page that changes under its reader.

    ``number`` counts the drawings of one desk. ``head`` and ``body`` are our own HTML; the level
    asked for stands between them, the form and the actions beneath.
    """

    desk: str
    number: int
    after: ButtonRow
    head: str
    level: ButtonRow
    body: str
    form: DeskForm | None
    actions: ButtonRow
    more: ButtonRow


@dataclass(frozen=True)
class QueueBox:
    """The whole list: one element, because dozens of them took most of a redraw.

    ``newer`` names the open card, as drawn, where its conversation has moved on.
    """

    newer: str
    head: str
    counts: Sequence[ListedCount]
    overdue: str
    lines: Sequence[ListedLine]
    rest: str
    filtered: bool = False
    filtering: bool = False
    filters: Sequence[FilterGroup] = ()
    trouble: str = ""
    on_duty: str = ""
    looking: str = ""


@cache
def _desk() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_desk",
        html='<div class="ov-desk"></div>\n',
        css=_static("row.css", "form.css", "desk.css"),
        js=_static("buttons.js", "form.js", "sheets.js", "desk.js"),
        isolate_styles=False,
    )


@cache
def _pulse() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_pulse",
        html='<span class="ov-pulse" role="status"></span>\n',
        css=".ov-pulse { font-size: .85rem; opacity: .85; }\n"
        ".ov-pulse[data-live=no] { font-weight: 600; }\n",
        js=_static("pulse.js"),
        isolate_styles=False,
    )


@cache
def _queue() -> Any:  # Any: Streamlit's renderer
    return st.components.v2.component(
        "oversight_queue",
        html='<div class="ov-queue-box"></div>\n',
        css=_static("queue.css"),
        js=_static("buttons.js", "queue.js"),
        isolate_styles=False,
    )


def _static(*names: str) -> str:
    """Files of this package as one: a component has a single script and a single style sheet."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


def desk_card(view: DeskView, keys: Sequence[tuple[str, str]], *, key: str) -> None:
    """Draw the desk. What is pressed on it goes to a route of ours, not through Streamlit.

    ``keys`` are the sheet that ``?`` opens: keys and what they do.
    """
    _desk()(data={"view": asdict(view), "keys": keys}, key=key)


def pulse(*, now: float, fate: Fate | None, on_news: Callable[[], None], key: str) -> None:
    """Follow the live push, count clocks down, guard the keys, renew the open card's lease."""
    told = asdict(fate) if fate else None
    _pulse()(data={"now": now, "fate": told}, key=key, on_news_change=on_news)


def queue_box(box: QueueBox, *, on_filter: Callable[[], None], key: str) -> None:
    """Draw the list; what is pressed in it goes to the desk beside it, a filter comes here."""
    _queue()(data=asdict(box), key=key, on_filter_change=on_filter)


def filter_chosen(key: str) -> Mapping[str, Any]:
    """The ``query`` that was just chosen in the list, and whether the choices are ``open``."""
    values = st.session_state[key].filter
    return values if isinstance(values, Mapping) else {}

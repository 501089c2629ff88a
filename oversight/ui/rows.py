"""Rows of buttons: what each does is kept on the desk, what they look like goes to the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oversight.ui.components import ButtonRow, RowButton, Told
from oversight.ui.desk import Desk


@dataclass(frozen=True)
class Offered:
    """A button and what pressing it does; None where the browser does it alone."""

    button: RowButton
    do: Callable[[], None] | None = None


def row(
    hand: Desk,
    label: str,
    offered: Sequence[Offered],
    *,
    about: str = "",
    shown: bool = False,
    told: Told | None = None,
) -> ButtonRow:
    """A row whose buttons act on ``about``. Without buttons or anything told, an empty place.

    A press on a row drawn for something else, which the reader may still have on the screen, finds
    nothing here, changes nothing, and says so.
    """
    for one in offered:
        if one.do is not None:
            hand.offers[(about, one.button.name)] = _plain(one.do)
    return ButtonRow(
        label=label,
        shown=shown and bool(offered),
        about=about,
        buttons=[one.button for one in offered],
        told=told,
    )


def _plain(do: Callable[[], None]) -> Callable[[object], None]:
    return lambda _answer: do()

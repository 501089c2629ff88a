"""A row of buttons on a page: drawn, and its presses carried out for what they were meant for."""

from collections.abc import Callable, Sequence

from oversight.ui import desk
from oversight.ui.components import ButtonRow, RowButton, Told, button_row, pressed


def row(
    key: str,
    label: str,
    offered: Sequence[RowButton],
    press: Callable[[str], None],
    *,
    about: str = "",
    shown: bool = False,
    told: Told | None = None,
) -> None:
    """Draw the buttons ``offered``; ``press`` gets the name of the one pressed.

    ``about`` is what they act on. A press on a row drawn for something else, which the reader may
    still have had on the screen, changes nothing and says so; and so does one that follows a press
    that brought another card. Without buttons and without anything told, the place is empty.
    """
    names = {one.name for one in offered}

    def on_press() -> None:
        in_hand = desk.desk().item
        for one in pressed(key):
            if not desk.answer(one.id):
                continue
            if one.about != about or desk.desk().item != in_hand:
                desk.say("The card changed as you pressed: nothing was done.")
            elif one.name in names:
                press(one.name)

    drawn = ButtonRow(
        label=label,
        shown=shown and bool(offered),
        about=about,
        answered=desk.answered(),
        buttons=offered,
        told=told,
    )
    button_row(drawn, on_press=on_press, key=key)

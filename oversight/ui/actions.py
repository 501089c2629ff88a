"""The rows of buttons of Triage. What is offered comes from ``allowed_actions``."""

from oversight.domain.permissions import Action, allowed_actions
from oversight.domain.severity import Severity
from oversight.queries.triage import Card
from oversight.services.people import Person
from oversight.ui import desk, presses
from oversight.ui.components import RowButton
from oversight.ui.rows import row
from oversight.ui.words import ACTION_WORDS, LEVEL_WORDS

KEYS: dict[Action, str] = {
    Action.CLAIM: "N",
    Action.ACKNOWLEDGE: "K",
    Action.APPROVE: "A",
    Action.MARK_READ: "M",
    Action.RESEND: "T",
    Action.REACHED: "O",
    Action.EDIT: "E",
    Action.REPLACE: "W",
    Action.WITHHOLD: "X",
    Action.ESCALATE: "U",
    Action.LOWER: "L",
    Action.SKIP: "S",
    Action.UNCLAIM: "B",
}
"""One key each; C and R belong to Streamlit."""

AT_ONCE = (Action.APPROVE, Action.MARK_READ, Action.RESEND)
FIRST = (Action.CLAIM, Action.ACKNOWLEDGE)
"""Those that stand out: before anything else, somebody must have it."""

LEVELS = (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)
ACTIONS, OWN_LEVEL = "triage-actions", "triage-own-level"
ACTIONS_LABEL = "What you can do"
LEVEL_LABEL = "How serious do you find it? Then you see what the classifier says."
NEXT = RowButton("next", "Next item", key="N", primary=True)


def next_row() -> None:
    """The button that takes the next item, where none is in hand."""
    row(ACTIONS, ACTIONS_LABEL, [NEXT], lambda _: presses.take_next())


def action_row(card: Card | None, person: Person) -> None:
    """One button for each action allowed now, with its key; an empty place without a card."""
    if card is None:
        row(ACTIONS, ACTIONS_LABEL, [], lambda _: None)
        return
    allowed = allowed_actions(card.view, clinician_id=str(person.id), role=person.role)
    offered = [
        RowButton(action.value, ACTION_WORDS[action], key=key, primary=action in FIRST)
        for action, key in KEYS.items()
        if action in allowed
    ]
    decision = desk.decision_id(card.item_id, card.version)

    def press(name: str) -> None:
        action = Action(name)
        if action is Action.CLAIM:
            presses.take(card.item_id)
        elif action is Action.ACKNOWLEDGE and card.escalation is not None:
            presses.acknowledge(card.escalation.id)
        elif action is Action.UNCLAIM:
            presses.put_back(card.item_id)
        elif action in AT_ONCE:
            presses.decide_now(action, card.item_id, card.version, decision)
        else:
            presses.open_form(action)

    row(ACTIONS, ACTIONS_LABEL, offered, press, about=mark(card))


def own_level_row(card: Card | None) -> None:
    """The reader's own level, by the keys 0 to 4; an empty place where none is asked for."""
    if card is None:
        row(OWN_LEVEL, LEVEL_LABEL, [], lambda _: None)
        return
    levels = {f"own-{number}": severity for number, severity in enumerate(LEVELS)}
    offered = [
        RowButton(name, LEVEL_WORDS[severity], key=name[-1]) for name, severity in levels.items()
    ]
    row(
        OWN_LEVEL,
        LEVEL_LABEL,
        offered,
        lambda name: presses.give_level(levels[name]),
        about=mark(card),
        shown=True,
    )


def mark(card: Card) -> str:
    """What a press is meant for: an item as it stood."""
    return f"{card.item_id}:{card.version}"

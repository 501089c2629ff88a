"""The rows of buttons of Triage. What is offered comes from ``allowed_actions``."""

from functools import partial

from oversight.domain.permissions import Action, allowed_actions
from oversight.domain.severity import Severity
from oversight.queries.triage import Card
from oversight.services.people import Person
from oversight.ui import presses
from oversight.ui.components import ButtonRow, RowButton
from oversight.ui.desk import Desk
from oversight.ui.forms import ASK
from oversight.ui.rows import Offered, row
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
    Action.SNOOZE: "P",
    Action.SKIP: "S",
    Action.UNCLAIM: "B",
}
"""One key each; C and R belong to Streamlit."""

AT_ONCE = (Action.APPROVE, Action.MARK_READ, Action.RESEND)
FIRST = (Action.CLAIM, Action.ACKNOWLEDGE)
"""Those that stand out: before anything else, somebody must have it."""

LEVELS = (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)
ACTIONS_LABEL = "What you can do"
MORE_LABEL = "What decides nothing yet"
LEVEL_LABEL = "How serious do you find it? Then you see what the classifier says."
NEXT = RowButton("next", "Next item", key="N", primary=True)


def next_row(hand: Desk) -> ButtonRow:
    """The button that takes the next item, where none is in hand."""
    return row(hand, ACTIONS_LABEL, [Offered(NEXT, partial(presses.take_next, hand))])


def action_row(hand: Desk, card: Card | None, person: Person) -> ButtonRow:
    """One button for each action allowed now, with its key; an empty place without a card."""
    if card is None:
        return row(hand, ACTIONS_LABEL, [])
    allowed = allowed_actions(card.view, clinician_id=str(person.id), role=person.role)
    offered = [
        Offered(
            RowButton(action.value, ACTION_WORDS[action], key=key, primary=action in FIRST),
            partial(_act, hand, card, action),
        )
        for action, key in KEYS.items()
        if action in allowed
    ]
    return row(hand, ACTIONS_LABEL, offered, about=mark(card))


def _act(hand: Desk, card: Card, action: Action) -> None:
    if action is Action.CLAIM:
        presses.take(hand, card.item_id)
    elif action is Action.ACKNOWLEDGE and card.escalation is not None:
        presses.acknowledge(hand, card.escalation.id)
    elif action is Action.UNCLAIM:
        presses.put_back(hand, card.item_id)
    elif action in AT_ONCE:
        decision = hand.decision_id(mark(card))
        presses.decide_now(hand, action, card.item_id, card.version, decision)
    else:
        presses.open_form(hand, action)


def more_row(hand: Desk, card: Card | None, *, mine: bool) -> ButtonRow:
    """What decides nothing about the item: asking somebody, and who speaks to the participant."""
    if card is None or not mine:
        return row(hand, MORE_LABEL, [])
    offered = [
        Offered(RowButton("ask", "Ask a colleague", key="Q"), partial(presses.open_form, hand, ASK))
    ]
    if card.taken_over:
        back = RowButton("hand-back", "Let the bot speak again", key="G")
        offered.append(Offered(back, partial(presses.hand_back, hand, card.conversation_id)))
    else:
        over = RowButton("take-over", "Take over from the bot", key="G")
        offered.append(Offered(over, partial(presses.take_over, hand, card.conversation_id)))
    return row(hand, MORE_LABEL, offered, about=mark(card))


def own_level_row(hand: Desk, card: Card | None) -> ButtonRow:
    """The reader's own level, by the keys 0 to 4; an empty place where none is asked for."""
    if card is None:
        return row(hand, LEVEL_LABEL, [])
    offered = [
        Offered(
            RowButton(f"own-{number}", LEVEL_WORDS[severity], key=str(number)),
            partial(presses.give_level, hand, severity),
        )
        for number, severity in enumerate(LEVELS)
    ]
    return row(hand, LEVEL_LABEL, offered, about=mark(card), shown=True)


def mark(card: Card) -> str:
    """What a press is meant for: an item as it stood."""
    return f"{card.item_id}:{card.version}"

"""The row of actions and the form of each. What is offered comes from ``allowed_actions``."""

import uuid
from typing import Any

import streamlit as st

from oversight.domain.lowering import levels_below
from oversight.domain.permissions import (
    MAY_FLAG,
    NEEDS_FLAG,
    NEEDS_REASON,
    Action,
    allowed_actions,
    names_next_owner,
)
from oversight.domain.severity import Severity
from oversight.queries.people import readers
from oversight.queries.triage import Card
from oversight.services.people import Person
from oversight.ui import card as draw
from oversight.ui import desk, runtime
from oversight.ui.components import (
    ChoiceField,
    DeskForm,
    FlagChoice,
    FlagGroup,
    FlagsField,
    ReasonField,
    TextField,
    desk_form,
)
from oversight.ui.words import ACTION_WORDS, LEVEL_WORDS

KEYS: dict[Action, str] = {
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
TITLES: dict[Action, tuple[str, str, str]] = {
    Action.EDIT: ("Edit the reply", "Send the edited reply", ""),
    Action.REPLACE: (
        "Write your own reply",
        "Send my words",
        "The participant sees these words as written by the team.",
    ),
    Action.WITHHOLD: ("Withhold the reply", "Withhold it", "Nothing is sent; the draft is kept."),
    Action.ESCALATE: (
        "Escalate",
        "Escalate now",
        "People are called at once. The reply stays held and the item stays open.",
    ),
    Action.REACHED: (
        "They were reached otherwise",
        "Note it",
        "Nothing is sent again. Say how and when they were reached.",
    ),
    Action.SKIP: ("Pass this on", "Pass it on", "It goes back to the queue, not to you."),
    Action.LOWER: (
        "Lower the level",
        "Lower it",
        "From high or imminent a second person must agree within 24 hours.",
    ),
}
REASONS: dict[Action, tuple[str, ...]] = {
    Action.WITHHOLD: ("Could do harm", "Not needed any more", "I will contact them myself"),
    Action.ESCALATE: (
        "Possible danger, needs a call",
        "Outside my experience",
        "Needs a supervisor's decision",
    ),
    Action.REACHED: (
        "Spoke with them on the phone",
        "They answered since",
        "Spoke with their contact person",
    ),
    Action.SKIP: ("I know this person", "Not in a language I read", "Too heavy for me now"),
    Action.LOWER: ("About somebody else", "Past and resolved", "A figure of speech"),
}


def action_row(card: Card, person: Person) -> None:
    """One button for each action allowed now, with its key."""
    allowed = allowed_actions(card.view, clinician_id=str(person.id), role=person.role)
    if Action.CLAIM in allowed:
        st.button(
            "Open it",
            key=f"claim-{card.item_id}",
            type="primary",
            shortcut="N",
            on_click=desk.take,
            args=(card.item_id,),
        )
    decision = desk.decision_id(card.item_id, card.version)
    with st.container(horizontal=True, gap="small"):
        for action in KEYS:
            if action in allowed:
                _button(action, card, decision)


def offered_keys(card: Card, person: Person) -> str:
    """The keys that mean something on this card now, for the page's script."""
    allowed = allowed_actions(card.view, clinician_id=str(person.id), role=person.role)
    return " ".join(key.lower() for action, key in KEYS.items() if action in allowed)


def _button(action: Action, card: Card, decision: uuid.UUID) -> None:
    press, *args = _press(action, card, decision)
    st.button(
        ACTION_WORDS[action],
        key=f"{action.value}-{card.item_id}-{card.version}",
        shortcut=KEYS[action],
        type="primary" if action is Action.ACKNOWLEDGE else "secondary",
        on_click=press,
        args=args,
    )


def _press(action: Action, card: Card, decision: uuid.UUID) -> tuple[Any, ...]:
    """What a button calls, and with what. Any: each function has arguments of its own."""
    if action is Action.ACKNOWLEDGE and card.escalation is not None:
        return desk.acknowledge, card.escalation.id
    if action is Action.UNCLAIM:
        return desk.put_back, card.item_id
    if action in AT_ONCE:
        return desk.decide_now, action, card.item_id, card.version, decision
    return desk.open_form, action


def own_level_row(card: Card) -> None:
    """The reader's own level, by the keys 0 to 4, before the model's is shown."""
    st.html("<p><b>How serious do you find it?</b> Then you see what the classifier says.</p>")
    with st.container(horizontal=True, gap="small"):
        for number, severity in enumerate(
            (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)
        ):
            st.button(
                LEVEL_WORDS[severity],
                key=f"own-{number}-{card.item_id}",
                shortcut=str(number),
                on_click=desk.give_level,
                args=(severity,),
            )


def form_of(card: Card, hand: desk.Desk) -> None:
    """The open form. Its decision id is the form's own: sending twice decides once."""
    action = Action(hand.form or "")
    title, submit, hint = TITLES[action]
    form = DeskForm(
        id=hand.form_id,
        item=str(card.item_id),
        title=title,
        submit=submit,
        hint=hint,
        text=_text(action, card),
        flags=_flags(action),
        choice=_choice(action, card),
        reason=_reason(action),
        trouble=hand.trouble,
    )
    args = (action, card.item_id, card.version, uuid.UUID(hex=hand.form_id))
    desk_form(
        form,
        key=desk.form_key(card.item_id),
        on_submit=lambda: desk.send_form(*args),
        on_cancel=desk.close_form,
    )


def _text(action: Action, card: Card) -> TextField | None:
    language = card.participant_language or card.language or ""
    if action is Action.EDIT and card.draft is not None:
        return TextField(
            label="Reply to send",
            value=card.wording or card.draft.text,
            before=card.draft.text,
            mustChange=True,
            language=language,
        )
    if action is Action.REPLACE:
        return TextField(
            label="Your words to the participant", value=card.wording or "", language=language
        )
    return None


def _flags(action: Action) -> FlagsField | None:
    """Nothing is ticked beforehand: the model's guess must not become the reader's label."""
    if action not in MAY_FLAG:
        return None
    groups = [
        FlagGroup(words, [FlagChoice(flag.value, text, on) for flag, text, on in flags])
        for words, flags in draw.flag_groups(())
    ]
    required = action in NEEDS_FLAG
    label = "What was wrong with the draft?" if required else "What was wrong with it, if anything?"
    return FlagsField(label=label, groups=groups, required=required)


def _choice(action: Action, card: Card) -> ChoiceField | None:
    if action is Action.SKIP:
        with runtime.database().reading() as session:
            people = readers(session)
        return ChoiceField(
            label="Who takes it next?",
            options=[
                (str(one.id), f"{one.name}{' (on duty)' if one.on_duty else ''}")
                for one in people
                if one.id != card.holder_id
            ],
            required=names_next_owner(card.severity),
            missing="Name who takes this next: it is high or imminent.",
        )
    if action is Action.LOWER:
        return ChoiceField(
            label="To which level?",
            options=[
                (one.value, LEVEL_WORDS[one]) for one in reversed(levels_below(card.severity))
            ],
            required=True,
            empty="Choose a level",
            missing="Choose the new level.",
        )
    return None


def _reason(action: Action) -> ReasonField | None:
    required = action in NEEDS_REASON
    if not required and action is not Action.EDIT:
        return None
    return ReasonField(
        label="Reason" if required else "Reason (if you like)",
        required=required,
        suggestions=REASONS.get(action, ()),
    )

"""The form of each action that needs words, a reason, a level or a next owner."""

import uuid
from collections import Counter
from datetime import timedelta
from functools import partial

from oversight.domain.lowering import levels_below
from oversight.domain.permissions import (
    MAY_FLAG,
    NEEDS_FLAG,
    NEEDS_REASON,
    Action,
    names_next_owner,
)
from oversight.queries.people import readers
from oversight.queries.templates import templates_of
from oversight.queries.triage import Card
from oversight.ui import card as draw
from oversight.ui import presses, runtime
from oversight.ui.components import (
    ChoiceField,
    DeskForm,
    FlagChoice,
    FlagGroup,
    FlagsField,
    ReasonField,
    TextField,
    Wording,
)
from oversight.ui.desk import Desk
from oversight.ui.words import LEVEL_WORDS

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
        "They were reached another way",
        "Note it",
        "Nothing is sent again. Say how and when they were reached.",
    ),
    Action.SNOOZE: (
        "Set this aside",
        "Set it aside",
        "It stays yours and comes back by itself, at once when they write again.",
    ),
    Action.SKIP: (
        "Not for me",
        "Leave it to others",
        "It goes back to the queue for the others. You are not offered it for ten minutes.",
    ),
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
    Action.SNOOZE: ("I want to see what they answer", "I am asking somebody", "Not urgent today"),
    Action.SKIP: ("I know this person", "Not in a language I read", "Too heavy for me now"),
    Action.LOWER: ("About somebody else", "Past and resolved", "A figure of speech"),
}


ASK = "ask"
"""The form of a question to a colleague: no decision."""
LATER = {15: "For 15 minutes", 30: "For 30 minutes", 60: "For an hour", 240: "For 4 hours"}


def form_of(hand: Desk, card: Card | None) -> DeskForm | None:
    """The open form, if any. Its decision id is its own: sent twice, decided once."""
    if card is None or not hand.form:
        return None
    hand.offers[(hand.form_id, presses.CLOSE)] = lambda _answer: presses.close_form(hand)
    if hand.form == ASK:
        return _asking(hand, card)
    action = Action(hand.form)
    title, submit, hint = TITLES[action]
    decision = uuid.UUID(hex=hand.form_id)
    hand.offers[(hand.form_id, presses.SEND)] = partial(
        presses.send_form, hand, action, card.item_id, card.version, decision
    )
    return DeskForm(
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


def _asking(hand: Desk, card: Card) -> DeskForm:
    """A question to somebody by name. Its words go to a colleague, never to the participant."""
    hand.offers[(hand.form_id, presses.SEND)] = partial(presses.ask, hand, card.item_id)
    return DeskForm(
        id=hand.form_id,
        item=str(card.item_id),
        title="Ask a colleague",
        submit="Ask",
        hint="The item stays yours, and its clock goes on. The participant never sees this.",
        text=TextField(label="Your question", value="", toThem=False),
        choice=ChoiceField(
            label="Whom?", options=_others(card), required=True, empty="Choose somebody"
        ),
        trouble=hand.trouble,
    )


def _others(card: Card) -> list[tuple[str, str]]:
    with runtime.database().reading() as session:
        people = readers(session)
    return [
        (str(one.id), f"{one.name}{' (on duty)' if one.on_duty else ''}")
        for one in people
        if one.id != card.holder_id
    ]


def _text(action: Action, card: Card) -> TextField | None:
    language = card.participant_language or card.language or ""
    if action is Action.EDIT and card.draft is not None:
        return TextField(
            label="Reply to send",
            value=card.wording or card.draft.text,
            before=card.draft.text,
            mustChange=True,
            language=language,
            crisisLine=card.crisis_line,
        )
    if action is Action.REPLACE:
        return TextField(
            label="Your words to the participant",
            value=card.wording or "",
            language=language,
            crisisLine=card.crisis_line,
            wordings=_wordings(card),
        )
    return None


def _wordings(card: Card) -> list[Wording]:
    """The policy's templates for this participant, each by its situation."""
    with runtime.database().reading() as session:
        found = templates_of(session, card.item_id)
    several = Counter(one.situation for one in found)
    return [
        Wording(f"{one.title} {one.number}" if several[one.situation] > 1 else one.title, one.text)
        for one in found
    ]


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
        return ChoiceField(
            label="Who takes it next?",
            options=_others(card),
            required=names_next_owner(card.severity),
            missing="Name who takes this next: it is high or imminent.",
        )
    if action is Action.SNOOZE:
        return ChoiceField(
            label="Until when?",
            options=[
                (str(minutes), words)
                for minutes, words in LATER.items()
                if card.at + timedelta(minutes=minutes) < card.deadline_at
            ],
            empty="Until they write again, or it is due",
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

"""What Triage does when something is pressed: call one service, say on the desk what came of it."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from db.session import RECORD_ERRORS
from oversight.domain.errors import (
    Incomplete,
    Refusal,
    SignedOut,
)
from oversight.domain.permissions import Action, Page
from oversight.domain.severity import Severity
from oversight.logs import logger
from oversight.services import (
    asking,
    claiming,
    escalating,
    snoozing,
    taking_over,
    undoing,
)
from oversight.services.people import Person
from oversight.services.wording import keep_wording
from oversight.ui import runtime
from oversight.ui.decided import SAID, acting_at, decide, lay_out
from oversight.ui.desk import Answer, Desk, Offer
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting
from oversight.ui.words import moment

log = logger(__name__)

SEND, CLOSE = "send", "close"
OPEN, LAPSED = "open", "lapsed"
NEWER = "newer"

NOTHING_FOR_YOU = (
    "Nothing waits for you: what is open, if anything, is with a colleague, was just left by you to"
    " others, or is in a language you do not read"
)


@dataclass(frozen=True)
class Press:
    """What a browser says was pressed: ``about`` is what it acted on when it was drawn."""

    id: str
    name: str
    about: str
    answer: Answer = field(default_factory=dict)


def press(hand: Desk, sent: Press) -> Person:
    """Carry out one press, once; what is refused is said on the desk and changes nothing else.

    Returns who pressed, as the record knows them now; SignedOut when it no longer does.
    """
    if hand.take_on(sent.id):
        _carry_out(hand, sent)
    return hand.pressed_by or acting(Page.TRIAGE, token=hand.token)


def _carry_out(hand: Desk, sent: Press) -> None:
    hand.warning = ""
    try:
        _meant(hand, sent)(sent.answer)
    except SignedOut:
        hand.answered.remove(sent.id)  # nothing was done: it can be sent again
        raise
    except Refusal as refusal:
        _say(hand, refusal.message[:1].upper() + refusal.message[1:] + ".")
    except RECORD_ERRORS as error:
        log.error("an action found the record away", error=type(error).__name__)
        _say(hand, AWAY)


def _meant(hand: Desk, sent: Press) -> Offer:
    """What this press does: only what is offered on what the desk shows now, or harmless things."""
    if sent.name == OPEN:
        return lambda _answer: take(hand, uuid.UUID(sent.about))
    if sent.name == LAPSED:
        return lambda _answer: lapsed(hand, sent.about)
    offered = hand.offers.get((sent.about, sent.name))
    if offered is not None:
        return offered
    if sent.name == SEND:
        return partial(nothing_sent, hand)
    return lambda _answer: _changed(hand, sent)


def _changed(hand: Desk, sent: Press) -> None:
    if sent.name != CLOSE:
        hand.warning = "The card changed as you pressed: nothing was done."


def _say(hand: Desk, words: str) -> None:
    hand.warning = words
    # The zero character and a number make the same words news to the form.
    hand.trouble = f"{words}\x00{uuid.uuid4().hex}"


def lapsed(hand: Desk, item: str) -> None:
    """Somebody's hold on the item they have before them ended."""
    if hand.item == item:
        hand.warning = "Your hold on this item ended; open it again to go on."
        hand.lost = item


def take_next(hand: Desk) -> None:
    """Claim the next item, worst first."""
    with acting_at(hand) as (session, person):
        found = claiming.claim_next(session, person.id)
    lay_out(hand, str(found) if found else None)
    if found is None:
        hand.last_words, hand.last_delivery = NOTHING_FOR_YOU, None


def take(hand: Desk, item_id: uuid.UUID) -> None:
    """Claim the item chosen from the list."""
    with acting_at(hand) as (session, person):
        claiming.claim(session, item_id, person.id)
    lay_out(hand, str(item_id))


def put_back(hand: Desk, item_id: uuid.UUID) -> None:
    """Return the item undecided."""
    with acting_at(hand) as (session, person):
        claiming.unclaim(session, item_id, person.id)
    lay_out(hand, None)
    hand.last_words = SAID[Action.UNCLAIM]


def open_form(hand: Desk, action: str) -> None:
    """Begin writing: the form's id is made now and stays until it is sent or closed."""
    hand.form, hand.form_id, hand.trouble = action, uuid.uuid4().hex, ""


def close_form(hand: Desk) -> None:
    """Back to reading; what was written is kept in the record."""
    hand.form, hand.trouble = None, ""


def give_level(hand: Desk, severity: Severity) -> None:
    """The reader's own level, before the model's is shown."""
    hand.own_level = severity.value


def decide_now(
    hand: Desk, action: Action, item_id: uuid.UUID, version: int, decision: uuid.UUID
) -> None:
    """A decision that needs nothing more: approve, or mark as read."""
    decide(hand, action, item_id, version, decision, {})


def send_form(
    hand: Desk,
    action: Action,
    item_id: uuid.UUID,
    version: int,
    decision: uuid.UUID,
    answer: Answer,
) -> None:
    """What a form sent, carried out."""
    if action is Action.SKIP:
        _skip(hand, item_id, answer)
    elif action is Action.SNOOZE:
        _snooze(hand, item_id, version, answer)
    elif action is Action.LOWER:
        _lower(hand, item_id, answer)
    else:
        decide(hand, action, item_id, version, decision, answer)


def nothing_sent(hand: Desk, answer: Answer) -> None:
    """A form that is no longer open was sent: its words are kept with its own item, unsent."""
    with acting_at(hand) as (session, person):
        if answer.get("text") and answer.get("item") and answer.get("toThem", True):
            item_id = uuid.UUID(str(answer["item"]))
            keep_wording(session, item_id, person.id, str(answer["text"]))
    hand.warning = "That form was no longer open: nothing was sent. Its words are kept."


def acknowledge(hand: Desk, escalation_id: uuid.UUID) -> None:
    """I have it: names an owner, stops the calls for a while, decides nothing."""
    with acting_at(hand) as (session, person):
        now = runtime.now(session)
        escalating.acknowledge(session, escalation_id, person.id, now=now)
    hand.last_words, hand.last_delivery = SAID[Action.ACKNOWLEDGE], None


def ask(hand: Desk, item_id: uuid.UUID, answer: Answer) -> None:
    """A question to a colleague about the item in hand, which stays in hand."""
    of = str(answer.get("choice") or "")
    if not of:
        raise Incomplete("choose whom to ask", field="of")
    with acting_at(hand) as (session, person):
        asking.ask(session, item_id, person.id, of=uuid.UUID(of), text=str(answer.get("text", "")))
    hand.form, hand.trouble = None, ""
    hand.last_words, hand.last_delivery = "Asked: the answer appears on this card", None


def withdraw_question(hand: Desk, question_id: uuid.UUID) -> None:
    """Take back a question that nobody answered."""
    with acting_at(hand) as (session, person):
        asking.withdraw(session, question_id, person.id)
    hand.last_words, hand.last_delivery = "Your question is taken back", None


def take_over(hand: Desk, conversation_id: uuid.UUID) -> None:
    """Speak in the bot's place: its replies are held until the conversation is handed back."""
    with acting_at(hand) as (session, person):
        taking_over.take_over(session, conversation_id, person.id)
    hand.last_words, hand.last_delivery = "You have taken over: the bot's replies are held", None


def hand_back(hand: Desk, conversation_id: uuid.UUID) -> None:
    """Let the bot speak again."""
    with acting_at(hand) as (session, person):
        taking_over.hand_back(session, conversation_id, person.id)
    hand.last_words, hand.last_delivery = "Handed back to the bot", None


def undo(hand: Desk, delivery_id: uuid.UUID) -> None:
    """Recall the last release and open its item again."""
    with acting_at(hand) as (session, person):
        item_id = undoing.undo(session, delivery_id, person.id)
        claiming.claim(session, item_id, person.id)
    lay_out(hand, str(item_id))
    hand.last_words, hand.last_delivery = "Undone: nothing was sent", None


def show_newer() -> None:
    """Show what is new in the open conversation, as every drawing does; a form keeps its words."""


def lay_aside_lost(hand: Desk) -> None:
    """Seen: the words that were not sent are no longer shown."""
    hand.lost = None


def _skip(hand: Desk, item_id: uuid.UUID, answer: Answer) -> None:
    owner = str(answer.get("choice") or "")
    with acting_at(hand) as (session, person):
        claiming.skip(
            session,
            item_id,
            person.id,
            reason=str(answer.get("reason") or ""),
            next_owner_id=uuid.UUID(owner) if owner else None,
        )
        found = claiming.claim_next(session, person.id)
    lay_out(hand, str(found) if found else None)
    hand.last_words, hand.last_delivery = SAID[Action.SKIP], None


def _snooze(hand: Desk, item_id: uuid.UUID, version: int, answer: Answer) -> None:
    minutes = str(answer.get("choice") or "")
    with acting_at(hand) as (session, person):
        until = None
        if minutes.isdecimal():
            until = runtime.now(session) + timedelta(minutes=int(minutes[:6]))
        reason = str(answer.get("reason") or "")
        until = snoozing.snooze(
            session, item_id, person.id, version=version, reason=reason, until=until
        )
        found = claiming.claim_next(session, person.id)
    lay_out(hand, str(found) if found else None)
    words = f"{SAID[Action.SNOOZE]}: it comes back when they write, and by {moment(until)}"
    hand.last_words, hand.last_delivery = words, None


def _lower(hand: Desk, item_id: uuid.UUID, answer: Answer) -> None:
    with acting_at(hand) as (session, person):
        undoing.lower_level(
            session,
            item_id,
            person.id,
            to=Severity(str(answer.get("choice") or "LU")),
            reason=str(answer.get("reason") or ""),
        )
    hand.form, hand.trouble = None, ""
    hand.last_words, hand.last_delivery = SAID[Action.LOWER], None

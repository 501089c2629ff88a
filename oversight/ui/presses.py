"""What Triage does when something is pressed: call one service, say what came of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from db.session import RECORD_ERRORS, Session
from oversight.domain.errors import AlreadyClaimed, ClaimLost, Refusal, StaleVersion
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Page
from oversight.domain.severity import Severity
from oversight.logs import logger
from oversight.services import claiming, deciding, escalating, undoing
from oversight.services.deciding import Request, Result
from oversight.services.people import Person
from oversight.services.wording import keep_wording
from oversight.ui import desk, in_hand, runtime
from oversight.ui.components import Answer
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting, known

log = logger(__name__)

SAID = {
    Action.APPROVE: "Approved",
    Action.EDIT: "Edited reply released",
    Action.REPLACE: "Your own words released",
    Action.WITHHOLD: "Withheld",
    Action.ESCALATE: "Escalated: people are being called",
    Action.MARK_READ: "Marked as read",
    Action.RESEND: "Sent again",
    Action.REACHED: "Noted that they were reached",
    Action.SKIP: "Passed on",
    Action.UNCLAIM: "Put back",
    Action.LOWER: "Level lowered",
    Action.ACKNOWLEDGE: "You have it",
}


NOTHING_FOR_YOU = (
    "Nothing waits for you: what is open, if anything, is with a colleague, was passed on by you,"
    " or is in a language you do not read"
)


def take_next() -> None:
    """Claim the next item, worst first."""
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            found = claiming.claim_next(session, person.id)
        _lay_out(hand, str(found) if found else None)
        if found is None:
            hand.last_words, hand.last_delivery = NOTHING_FOR_YOU, None
    desk.keep(hand)


def take(item_id: uuid.UUID) -> None:
    """Claim the item chosen from the list."""
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            claiming.claim(session, item_id, person.id)
        _lay_out(hand, str(item_id))
    desk.keep(hand)


def put_back(item_id: uuid.UUID) -> None:
    """Return the item undecided."""
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            claiming.unclaim(session, item_id, person.id)
        _lay_out(hand, None)
        hand.last_words = SAID[Action.UNCLAIM]
    desk.keep(hand)


def open_form(action: Action) -> None:
    """Begin writing: the form's id is made now and stays until it is sent or closed."""
    hand = desk.desk()
    hand.form, hand.form_id, hand.trouble = action.value, uuid.uuid4().hex, ""
    desk.keep(hand)


def close_form() -> None:
    """Back to reading; what was written is kept in the record."""
    hand = desk.desk()
    hand.form, hand.trouble = None, ""
    desk.keep(hand)


def give_level(severity: Severity) -> None:
    """The reader's own level, before the model's is shown."""
    hand = desk.desk()
    hand.own_level = severity.value
    desk.keep(hand)


def decide_now(action: Action, item_id: uuid.UUID, version: int, decision: uuid.UUID) -> None:
    """A decision that needs nothing more: approve, or mark as read."""
    _decide(action, item_id, version, decision, {})


def send_form(
    action: Action, item_id: uuid.UUID, version: int, decision: uuid.UUID, answer: Answer
) -> None:
    """What a form sent, carried out."""
    if action is Action.SKIP:
        _skip(item_id, answer)
    elif action is Action.LOWER:
        _lower(item_id, answer)
    else:
        _decide(action, item_id, version, decision, answer)


def nothing_sent(answer: Answer) -> None:
    """A form that is no longer open was sent: its words are kept with its own item, unsent."""
    hand = desk.desk()
    with _telling(hand):
        person = acting(Page.TRIAGE)
        if answer.get("text") and answer.get("item"):
            item_id = uuid.UUID(str(answer["item"]))
            with runtime.database().transaction() as session:
                keep_wording(session, item_id, person.id, str(answer["text"]))
        hand.warning = "That form was no longer open: nothing was sent. Its words are kept."
    desk.keep(hand)


def acknowledge(escalation_id: uuid.UUID) -> None:
    """I have it: names an owner, stops the calls for a while, decides nothing."""
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            now = runtime.now(session)
            escalating.acknowledge(session, escalation_id, person.id, now=now)
        hand.last_words, hand.last_delivery = SAID[Action.ACKNOWLEDGE], None
    desk.keep(hand)


def undo(delivery_id: uuid.UUID) -> None:
    """Recall the last release and open its item again."""
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            item_id = undoing.undo(session, delivery_id, person.id)
            claiming.claim(session, item_id, person.id)
        _lay_out(hand, str(item_id))
        hand.last_words, hand.last_delivery = "Undone: nothing was sent", None
    desk.keep(hand)


def show_newer() -> None:
    """Show what is new in the open conversation; a form that is open keeps its words."""
    hand = desk.desk()
    hand.warning, hand.shown_at = "", None
    desk.keep(hand)


def _decide(
    action: Action,
    item_id: uuid.UUID,
    version: int,
    decision: uuid.UUID,
    answer: Answer,
) -> None:
    hand = desk.desk()
    with _telling(hand):
        flags = answer.get("flags")
        flags = [Flag(one) for one in flags] if isinstance(flags, list) else []
        own = Severity(hand.own_level) if hand.own_level else None

        def asked_by(person: Person) -> Request:
            return Request(
                item_id=item_id,
                version=version,
                clinician_id=person.id,
                client_decision_id=decision,
                action=action,
                text=str(answer["text"]) if "text" in answer else None,
                reason=str(answer.get("reason") or "") or None,
                flags=flags,
                own_severity=own,
            )

        try:
            done = _carry_out(asked_by)
        except (StaleVersion, ClaimLost):
            _lost(hand, asked_by(known(Page.TRIAGE)))
            raise
        _after(hand, item_id, action, done)
    desk.keep(hand)


@dataclass(frozen=True)
class Done:
    """A decision carried out, and the item claimed after it."""

    result: Result
    following: uuid.UUID | None
    seen: in_hand.InHand | None = None


def _carry_out(asked_by: Callable[[Person], Request]) -> Done:
    """The decision and the next item; trouble with the next must not undo what was decided."""
    try:
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            result, following = deciding.decide_and_go_on(session, asked_by(person))
            return Done(result, following, _look(session, result, following, person))
    except AlreadyClaimed:
        with runtime.database().transaction() as session:
            return Done(deciding.decide(session, asked_by(acting(Page.TRIAGE, session))), None)


def _look(
    session: Session, result: Result, following: uuid.UUID | None, person: Person
) -> in_hand.InHand | None:
    """The next card, read while we are at it: a transaction of its own takes longer.

    A card that cannot be read must not undo what was decided about another: its trouble is met when
    it is drawn. What the record itself cannot do ends the transaction, and is told.
    """
    if following is None:
        return None
    sent = str(result.delivery_id) if result.delivery_id else None
    try:
        return in_hand.look(session, str(following), sent, person)
    except (Refusal, ValueError, LookupError) as error:  # what a card can hold that no one knows
        log.error("the next card could not be read", error=type(error).__name__)
        return None


def _lost(hand: desk.Desk, request: Request) -> None:
    """Somebody was faster: what was written is kept unsent, to be shown beside what won."""
    hand.lost = str(request.item_id)
    if request.text is not None:
        with runtime.database().transaction() as session:
            keep_wording(session, request.item_id, request.clinician_id, request.text)


def lay_aside_lost() -> None:
    """Seen: the words that were not sent are no longer shown."""
    hand = desk.desk()
    hand.lost = None
    desk.keep(hand)


def _after(hand: desk.Desk, item_id: uuid.UUID, action: Action, done: Done) -> None:
    """Say what happened; the next item is in hand unless this one still needs its reader."""
    result = done.result
    in_hand.remember(done.seen)
    words = SAID[action]
    hand.lost = None if hand.lost == str(item_id) else hand.lost
    hand.last_delivery = str(result.delivery_id) if result.delivery_id else None
    if result.closed or action is Action.ESCALATE:
        _lay_out(hand, str(done.following) if done.following else None)
    else:
        hand.form, hand.trouble = None, ""
        words = f"{words}. Still open: {'; '.join(result.still_open)}"
        hand.item = str(item_id)
    hand.last_words = words


def _skip(item_id: uuid.UUID, answer: Answer) -> None:
    hand = desk.desk()
    with _telling(hand):
        owner = str(answer.get("choice") or "")
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            claiming.skip(
                session,
                item_id,
                person.id,
                reason=str(answer.get("reason") or ""),
                next_owner_id=uuid.UUID(owner) if owner else None,
            )
            found = claiming.claim_next(session, person.id)
        _lay_out(hand, str(found) if found else None)
        hand.last_words, hand.last_delivery = SAID[Action.SKIP], None
    desk.keep(hand)


def _lower(item_id: uuid.UUID, answer: Answer) -> None:
    hand = desk.desk()
    with _telling(hand):
        with runtime.database().transaction() as session:
            person = acting(Page.TRIAGE, session)
            undoing.lower_level(
                session,
                item_id,
                person.id,
                to=Severity(str(answer.get("choice") or "LU")),
                reason=str(answer.get("reason") or ""),
            )
        hand.form, hand.trouble = None, ""
        hand.last_words, hand.last_delivery = SAID[Action.LOWER], None
    desk.keep(hand)


def _lay_out(hand: desk.Desk, item: str | None) -> None:
    hand.item, hand.form, hand.trouble = item, None, ""
    hand.own_level, hand.shown_at, hand.warning = None, None, ""


class _telling:  # noqa: N801  reads as a sentence: with _telling(hand)
    """Turn a refusal into words on the desk, never into a crash; other errors go up."""

    def __init__(self, hand: desk.Desk) -> None:
        self.hand = hand

    def __enter__(self) -> None:
        self.hand.warning = ""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Refusal):
            words = error.message[:1].upper() + error.message[1:] + "."
            self.hand.warning = words
            # The zero character and a number make the same words news to the form.
            self.hand.trouble = f"{words}\x00{uuid.uuid4().hex}"
            if isinstance(error, StaleVersion):
                self.hand.shown_at = None
            return True
        if isinstance(error, RECORD_ERRORS):
            log.error("an action found the record away", error=type(error).__name__)
            self.hand.warning = AWAY
            self.hand.trouble = f"{AWAY}\x00{uuid.uuid4().hex}"
            return True
        return False

"""A decision pressed in Triage: carried out with the next item, and what came of it on the desk."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from db.session import Session
from oversight.domain.errors import AlreadyClaimed, ClaimLost, Refusal, StaleVersion
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.permissions import Action, Page
from oversight.domain.severity import Severity
from oversight.logs import logger
from oversight.queries.delivery import DeliveryState
from oversight.services import deciding
from oversight.services.deciding import Request, Result
from oversight.services.people import Person
from oversight.services.wording import keep_wording
from oversight.ui import in_hand, runtime
from oversight.ui.desk import Answer, Desk
from oversight.ui.who import acting

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
    Action.SKIP: "Left to others",
    Action.SNOOZE: "Set aside",
    Action.UNCLAIM: "Put back",
    Action.LOWER: "Level lowered",
    Action.ACKNOWLEDGE: "You have it",
}


@contextmanager
def acting_at(hand: Desk) -> Iterator[tuple[Session, Person]]:
    """One transaction, and in it whoever presses, as the record knows them now."""
    with runtime.database().transaction() as session:
        hand.pressed_by = acting(Page.TRIAGE, session, hand.token)
        yield session, hand.pressed_by


def lay_out(hand: Desk, item: str | None) -> None:
    """Another item in hand, or none: nothing of the last one stays."""
    hand.item, hand.form, hand.trouble = item, None, ""
    hand.own_level, hand.warning = None, ""


def decide(
    hand: Desk,
    action: Action,
    item_id: uuid.UUID,
    version: int,
    decision: uuid.UUID,
    answer: Answer,
) -> None:
    """Decide about the item shown, once by its decision id, and go on to the next."""
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
        done = _decided(hand, asked_by)
    except (StaleVersion, ClaimLost):
        _lost(hand, asked_by(acting(Page.TRIAGE, token=hand.token)))
        raise
    _after(hand, item_id, action, done)


@dataclass(frozen=True)
class Done:
    """A decision carried out, and the item claimed after it."""

    result: Result
    following: uuid.UUID | None
    seen: in_hand.InHand | None = None


def _decided(hand: Desk, asked_by: Callable[[Person], Request]) -> Done:
    """The decision and the next item; trouble with the next must not undo what was decided."""
    try:
        with acting_at(hand) as (session, person):
            result, following = deciding.decide_and_go_on(session, asked_by(person))
            return Done(
                result, following, _look(session, result, following, person, hand.participant)
            )
    except AlreadyClaimed:
        with acting_at(hand) as (session, person):
            return Done(deciding.decide(session, asked_by(person)), None)


def _look(
    session: Session,
    result: Result,
    following: uuid.UUID | None,
    person: Person,
    participant: str = "",
) -> in_hand.InHand | None:
    """The next card, read while we are at it: a transaction of its own takes longer.

    A card that cannot be read must not undo what was decided about another: its trouble is met when
    it is drawn. What the record itself cannot do ends the transaction, and is told.
    """
    if following is None:
        return None
    sent = str(result.delivery_id) if result.delivery_id else None
    try:
        queued = _queued(result, participant)
        return in_hand.look(session, str(following), sent, person, queued=queued)
    except (Refusal, ValueError, LookupError) as error:  # what a card can hold that no one knows
        log.error("the next card could not be read", error=type(error).__name__)
        return None


def _queued(result: Result, participant: str) -> DeliveryState | None:
    """The state of what this transaction has queued; None where that is for the record to say."""
    if result.delivery_id is None or result.send_at is None or result.repeated or not participant:
        return None
    return DeliveryState(
        id=result.delivery_id,
        participant=participant,
        status=DeliveryStatus.QUEUED,
        not_before=result.send_at,
        handed_out_at=None,
        settled_at=None,
        at=result.send_at,  # until the card has been read, which knows the time
    )


def _lost(hand: Desk, request: Request) -> None:
    """Somebody was faster: what was written is kept unsent, to be shown beside what won."""
    hand.lost = str(request.item_id)
    if request.text is not None:
        with runtime.database().transaction() as session:
            keep_wording(session, request.item_id, request.clinician_id, request.text)


def _after(hand: Desk, item_id: uuid.UUID, action: Action, done: Done) -> None:
    """Say what happened; the next item is in hand unless this one still needs its reader."""
    result = done.result
    hand.just_seen = done.seen
    words = SAID[action]
    hand.lost = None if hand.lost == str(item_id) else hand.lost
    hand.last_delivery = str(result.delivery_id) if result.delivery_id else None
    if result.closed or action is Action.ESCALATE:
        lay_out(hand, str(done.following) if done.following else None)
    else:
        hand.form, hand.trouble = None, ""
        words = f"{words}. Still open: {'; '.join(result.still_open)}"
        hand.item = str(item_id)
    hand.last_words = words

"""The four lifecycles as tables: (status, event) -> next status. What is not listed is refused.

``services/transition.py`` is the only code that writes a status, and it asks these tables first.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from oversight.domain.errors import IllegalTransition


class ItemStatus(StrEnum):
    """Review item: the stretch of a conversation that nobody has read or decided yet."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    CLOSED = "closed"


class ItemEvent(StrEnum):
    """What can happen to a review item. ``RETURN`` is unclaim, lapsed lease or skip; ``WAKE`` the
    end of a snooze, by its time or by news.

    ``SETTLE`` ends an item that held nothing but a text in doubt, when that text has arrived.
    """

    CLAIM = "claim"
    RETURN = "return"
    RETURN_ESCALATED = "return_escalated"
    SNOOZE = "snooze"
    WAKE = "wake"
    ESCALATE = "escalate"
    CLOSE = "close"
    SETTLE = "settle"


class DraftStatus(StrEnum):
    """Draft reply: the bot's proposal, from arrival to its end."""

    HELD = "held"
    RELEASED = "released"
    WITHHELD = "withheld"
    SUPERSEDED = "superseded"
    RECALLED = "recalled"
    DELIVERED = "delivered"
    CORRECTED = "corrected"
    RETRACTED = "retracted"


class DraftEvent(StrEnum):
    """What can happen to a draft reply."""

    RELEASE = "release"
    WITHHOLD = "withhold"
    SUPERSEDE = "supersede"
    RECALL = "recall"
    DELIVER = "deliver"
    CORRECT = "correct"
    RETRACT = "retract"


class DeliveryStatus(StrEnum):
    """Delivery: one text on its way to the participant. Only a receipt means delivered."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    RECALLED = "recalled"


class DeliveryEvent(StrEnum):
    """What can happen to a delivery. ``RETRY`` follows a reported failure, never an unknown."""

    HAND_OUT = "hand_out"
    CONFIRM = "confirm"
    RETRY = "retry"
    FAIL = "fail"
    LOSE_SIGHT = "lose_sight"
    RECALL = "recall"
    RESEND = "resend"


class EscalationStatus(StrEnum):
    """Escalation: open until somebody has it, then until it is resolved."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class EscalationEvent(StrEnum):
    """``LAPSE`` is an acknowledgement that ran out without contact begun: it pages again."""

    ACKNOWLEDGE = "acknowledge"
    LAPSE = "lapse"
    RESTART = "restart"
    RESOLVE = "resolve"


ITEM: Mapping[tuple[ItemStatus, ItemEvent], ItemStatus] = {
    (ItemStatus.WAITING, ItemEvent.CLAIM): ItemStatus.CLAIMED,
    (ItemStatus.ESCALATED, ItemEvent.CLAIM): ItemStatus.CLAIMED,
    (ItemStatus.SNOOZED, ItemEvent.CLAIM): ItemStatus.CLAIMED,
    (ItemStatus.SNOOZED, ItemEvent.WAKE): ItemStatus.WAITING,
    (ItemStatus.CLAIMED, ItemEvent.SNOOZE): ItemStatus.SNOOZED,
    (ItemStatus.WAITING, ItemEvent.SETTLE): ItemStatus.CLOSED,
    (ItemStatus.CLAIMED, ItemEvent.RETURN): ItemStatus.WAITING,
    (ItemStatus.CLAIMED, ItemEvent.RETURN_ESCALATED): ItemStatus.ESCALATED,
    (ItemStatus.WAITING, ItemEvent.ESCALATE): ItemStatus.ESCALATED,
    (ItemStatus.CLAIMED, ItemEvent.ESCALATE): ItemStatus.ESCALATED,
    (ItemStatus.CLAIMED, ItemEvent.CLOSE): ItemStatus.CLOSED,
    (ItemStatus.ESCALATED, ItemEvent.CLOSE): ItemStatus.CLOSED,
}

DRAFT: Mapping[tuple[DraftStatus, DraftEvent], DraftStatus] = {
    (DraftStatus.HELD, DraftEvent.RELEASE): DraftStatus.RELEASED,
    (DraftStatus.HELD, DraftEvent.WITHHOLD): DraftStatus.WITHHELD,
    (DraftStatus.HELD, DraftEvent.SUPERSEDE): DraftStatus.SUPERSEDED,
    (DraftStatus.RELEASED, DraftEvent.RECALL): DraftStatus.RECALLED,
    (DraftStatus.RELEASED, DraftEvent.DELIVER): DraftStatus.DELIVERED,
    (DraftStatus.DELIVERED, DraftEvent.CORRECT): DraftStatus.CORRECTED,
    (DraftStatus.DELIVERED, DraftEvent.RETRACT): DraftStatus.RETRACTED,
}

DELIVERY: Mapping[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus] = {
    (DeliveryStatus.QUEUED, DeliveryEvent.HAND_OUT): DeliveryStatus.SENDING,
    (DeliveryStatus.QUEUED, DeliveryEvent.RECALL): DeliveryStatus.RECALLED,
    (DeliveryStatus.SENDING, DeliveryEvent.CONFIRM): DeliveryStatus.DELIVERED,
    (DeliveryStatus.SENDING, DeliveryEvent.RETRY): DeliveryStatus.QUEUED,
    (DeliveryStatus.SENDING, DeliveryEvent.FAIL): DeliveryStatus.FAILED,
    (DeliveryStatus.SENDING, DeliveryEvent.LOSE_SIGHT): DeliveryStatus.UNCERTAIN,
    # A receipt that comes late still settles what nobody knew.
    (DeliveryStatus.UNCERTAIN, DeliveryEvent.CONFIRM): DeliveryStatus.DELIVERED,
    (DeliveryStatus.UNCERTAIN, DeliveryEvent.FAIL): DeliveryStatus.FAILED,
    # A person, having looked, may send an uncertain or failed text again: same delivery, same id.
    (DeliveryStatus.UNCERTAIN, DeliveryEvent.RESEND): DeliveryStatus.QUEUED,
    (DeliveryStatus.FAILED, DeliveryEvent.RESEND): DeliveryStatus.QUEUED,
}

ESCALATION: Mapping[tuple[EscalationStatus, EscalationEvent], EscalationStatus] = {
    (EscalationStatus.OPEN, EscalationEvent.ACKNOWLEDGE): EscalationStatus.ACKNOWLEDGED,
    (EscalationStatus.ACKNOWLEDGED, EscalationEvent.ACKNOWLEDGE): EscalationStatus.ACKNOWLEDGED,
    (EscalationStatus.ACKNOWLEDGED, EscalationEvent.LAPSE): EscalationStatus.OPEN,
    (EscalationStatus.ACKNOWLEDGED, EscalationEvent.RESTART): EscalationStatus.OPEN,
    (EscalationStatus.OPEN, EscalationEvent.RESTART): EscalationStatus.OPEN,
    (EscalationStatus.ACKNOWLEDGED, EscalationEvent.RESOLVE): EscalationStatus.RESOLVED,
}

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def next_status(table: Mapping[tuple[S, E], S], status: S, event: E) -> S:
    """The status after ``event``, or IllegalTransition naming what was tried and what is."""
    try:
        return table[status, event]
    except KeyError:
        raise IllegalTransition(
            f"cannot {event.value.replace('_', ' ')}: it is {status.value}",
            status=status.value,
            event=event.value,
        ) from None


def sources(table: Mapping[tuple[S, E], S], event: E) -> tuple[S, ...]:
    """The statuses from which ``event`` is allowed, for a guarded update."""
    return tuple(status for status, known in table if known == event)

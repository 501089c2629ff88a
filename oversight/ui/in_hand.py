"""What Triage reads to draw its card: the item in hand, the last text sent, a race lost."""

import uuid
from dataclasses import dataclass, replace

from db.session import Session
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import ItemStatus
from oversight.queries.delivery import DeliveryState, delivery_state
from oversight.queries.faster import Faster, faster
from oversight.queries.triage import Card, card
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.desk import Desk


@dataclass(frozen=True)
class InHand:
    """``card`` is None where nothing is in hand, or what was is closed or unknown."""

    item: str | None
    last_delivery: str | None
    card: Card | None
    sent: DeliveryState | None
    lost: Faster | None = None


def look(
    session: Session,
    item: str | None,
    last_delivery: str | None,
    person: Person,
    *,
    queued: DeliveryState | None = None,
) -> InHand:
    """Read the card of an item and the state of a delivery, as this person sees them.

    What was queued in this very transaction is known already and not asked.
    """
    found = _card(session, item, person)
    if queued is not None and found is not None:
        return InHand(item, last_delivery, found, replace(queued, at=found.at))
    sent = delivery_state(session, uuid.UUID(last_delivery)) if last_delivery else None
    return InHand(item, last_delivery, found, sent)


def read(hand: Desk, person: Person) -> InHand:
    """What to draw for this desk: as its last press saw it, or read now."""
    seen, hand.just_seen = hand.just_seen, None
    wanted = (hand.item, hand.last_delivery)
    if seen is not None and not hand.lost and wanted == (seen.item, seen.last_delivery):
        return seen
    with runtime.database().reading() as session:
        seen = look(session, hand.item, hand.last_delivery, person)
        if not hand.lost:
            return seen
        lost = faster(session, uuid.UUID(hand.lost), person.id)
    return InHand(seen.item, seen.last_delivery, seen.card, seen.sent, lost)


def _card(session: Session, item: str | None, person: Person) -> Card | None:
    if not item:
        return None
    try:
        found = card(session, uuid.UUID(item), person.id)
    except (NotFound, ValueError):
        return None
    return None if found.status is ItemStatus.CLOSED else found

"""Who was faster with an item: what they sent, beside what this reader wrote and did not send."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Claim, Clinician, Conversation, Decision, Participant, ReviewItem, WorkingText
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.words import DecisionKind


@dataclass(frozen=True)
class Faster:
    """``kind``, ``text`` and ``at`` are of the decision that won; without one somebody holds it."""

    participant: str
    name: str
    kind: DecisionKind | None
    text: str | None
    at: datetime
    own_text: str | None


def faster(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> Faster | None:
    """Who closed or took the item; None while this reader can still decide it."""
    item = session.execute(
        select(ReviewItem.status, Participant.external_id, WorkingText.text)
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(
            WorkingText,
            (WorkingText.item_id == ReviewItem.id) & (WorkingText.clinician_id == clinician_id),
        )
        .where(ReviewItem.id == item_id)
    ).one_or_none()
    if item is None:
        return None
    if item.status == ItemStatus.CLOSED:
        won = session.execute(
            select(Clinician.name, Decision.kind, Decision.text, Decision.created_at)
            .join(Clinician, Clinician.id == Decision.clinician_id)
            .where(Decision.item_id == item_id)
            .order_by(Decision.created_at.desc(), Decision.id.desc())
            .limit(1)
        ).one_or_none()
        if won is None:
            return None
        kind = DecisionKind(won.kind)
        return Faster(item.external_id, won.name, kind, won.text, won.created_at, item.text)
    held = session.execute(
        select(Clinician.name, Claim.claimed_at)
        .join(Clinician, Clinician.id == Claim.clinician_id)
        .where(
            Claim.item_id == item_id,
            Claim.ended_at.is_(None),
            Claim.expires_at > func.oversight_now(),
            Claim.clinician_id != clinician_id,
        )
    ).one_or_none()
    if held is None:
        return None
    return Faster(item.external_id, held.name, None, None, held.claimed_at, item.text)

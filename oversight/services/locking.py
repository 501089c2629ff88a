"""Lock order: conversation first, then item, draft, delivery. Keeping it avoids deadlocks."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from db.rows import listed
from db.tables import Arm, Conversation, Participant, ReviewItem
from oversight.domain.errors import NotFound
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.policy import JurisdictionRule
from oversight.domain.words import ItemKind
from oversight.queries.stops import rule_of_conversation

_DEFAULT = aliased(Arm)
_LOCKED = (
    select(
        Conversation.id,
        Conversation.study_id,
        Conversation.external_id,
        Conversation.participant_id,
        Participant.external_id.label("participant"),
        Conversation.last_sequence,
        Conversation.taken_over_by,
        Participant.language,
        Participant.jurisdiction,
        func.coalesce(Arm.policy_version_id, _DEFAULT.policy_version_id),
        rule_of_conversation(),
    )
    .join(Participant, Participant.id == Conversation.participant_id)
    .outerjoin(Arm, Arm.id == Participant.arm_id)
    .outerjoin(
        _DEFAULT, and_(_DEFAULT.study_id == Conversation.study_id, _DEFAULT.name == "default")
    )
    .order_by(Conversation.id)
    .with_for_update(of=Conversation, key_share=True)
)
_CONVERSATIONS = _LOCKED.where(listed(Conversation.id, "ids"))
_NAMED_CONVERSATIONS = _LOCKED.where(
    Conversation.study_id == bindparam("study"), listed(Conversation.external_id, "names")
)
_CONVERSATION_OF_ITEM = _LOCKED.where(
    Conversation.id
    == select(ReviewItem.conversation_id)
    .where(ReviewItem.id == bindparam("item"))
    .correlate(None)
    .scalar_subquery()
)
_ITEM = (
    select(ReviewItem)
    .where(ReviewItem.id == bindparam("item"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_OPEN_ITEMS = (
    select(ReviewItem)
    .where(
        listed(ReviewItem.conversation_id, "conversations"),
        ReviewItem.kind == ItemKind.REVIEW,
        ReviewItem.status != ItemStatus.CLOSED,
    )
    .order_by(ReviewItem.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class LockedConversation:
    """A conversation whose lock we hold, with its participant's facts and policy version.

    ``external_id`` and ``participant`` are the bot's own names. The version is the arm's, or where
    no arm was ever named that of the study's arm ``default``. ``rule`` is the participant's own
    switch, or that the bot is stopped here.
    """

    id: uuid.UUID
    study_id: uuid.UUID
    external_id: str
    participant_id: uuid.UUID
    participant: str
    last_sequence: int
    taken_over_by: uuid.UUID | None
    language: str | None
    jurisdiction: str | None
    policy_version_id: uuid.UUID | None
    rule: JurisdictionRule | None = None


def lock_conversations(
    session: Session, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, LockedConversation]:
    """Lock conversations in order of id, each with its participant's facts and policy version."""
    rows = session.execute(_CONVERSATIONS, {"ids": list(ids)}).all()
    return {row.id: _locked(row) for row in rows}


def lock_named_conversations(
    session: Session, study_id: uuid.UUID, names: Sequence[str]
) -> dict[str, LockedConversation]:
    """The same by the names that the study's bot gave them; unknown names are left out."""
    said = {"study": study_id, "names": list(names)}
    rows = session.connection().execute(_NAMED_CONVERSATIONS, said).all()
    return {row.external_id: _locked(row) for row in rows}


def _locked(row: Iterable[Any]) -> LockedConversation:  # Any: the columns of _LOCKED
    values = list(row)
    values[-1] = JurisdictionRule(values[-1]) if values[-1] else None
    return LockedConversation(*values)


def lock_conversation(session: Session, conversation_id: uuid.UUID) -> LockedConversation:
    """Lock one conversation, or NotFound."""
    found = lock_conversations(session, [conversation_id])
    if not found:
        raise NotFound("no such conversation", conversation_id=str(conversation_id))
    return found[conversation_id]


def lock_open_items(session: Session, conversation_ids: Sequence[uuid.UUID]) -> list[ReviewItem]:
    """Lock the open review item of each conversation that has one."""
    return list(session.scalars(_OPEN_ITEMS, {"conversations": list(conversation_ids)}))


def lock_item(session: Session, item_id: uuid.UUID) -> tuple[LockedConversation, ReviewItem]:
    """Lock an item after its conversation; returns both, or NotFound."""
    found = session.execute(_CONVERSATION_OF_ITEM, {"item": item_id}).one_or_none()
    if found is None:
        raise NotFound("no such review item", item_id=str(item_id))
    return _locked(found), session.scalars(_ITEM, {"item": item_id}).one()

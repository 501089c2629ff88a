"""A person takes a conversation over from the bot, or hands it back.

While somebody has it nothing of the bot's is released by a policy; drafts are held and shown.
"""

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.session import Topic, ring
from db.tables import Clinician, Conversation, table_of
from oversight.domain.errors import AlreadyClaimed, NotPermitted
from oversight.domain.permissions import Role, reads_items
from oversight.services.audit import Actor, Event, record
from oversight.services.locking import LockedConversation, lock_conversation


def take_over(session: Session, conversation_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Speak in the bot's place from now on; AlreadyClaimed names whoever does so already."""
    conversation = _locked_for(session, conversation_id, clinician_id)
    holder = conversation.taken_over_by
    if holder == clinician_id:
        return
    if holder is not None:
        name = session.scalar(select(Clinician.name).where(Clinician.id == holder))
        raise AlreadyClaimed(f"{name} has already taken over this conversation")
    _set(session, conversation, clinician_id, clinician_id, "conversation.take_over")


def hand_back(session: Session, conversation_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """Let the bot speak again, under its arm's policy. Anyone on the team may do so."""
    conversation = _locked_for(session, conversation_id, clinician_id)
    if conversation.taken_over_by is not None:
        _set(session, conversation, None, clinician_id, "conversation.hand_back")


def _locked_for(
    session: Session, conversation_id: uuid.UUID, clinician_id: uuid.UUID
) -> LockedConversation:
    person = session.get(Clinician, clinician_id)
    if person is None or person.deactivated_at is not None or not reads_items(Role(person.role)):
        raise NotPermitted("only a clinician or supervisor on the team can do this")
    return lock_conversation(session, conversation_id)


def _set(
    session: Session,
    conversation: LockedConversation,
    holder: uuid.UUID | None,
    clinician_id: uuid.UUID,
    kind: str,
) -> None:
    table = table_of(Conversation)
    session.execute(update(table).where(table.c.id == conversation.id).values(taken_over_by=holder))
    event = Event(
        kind,
        Actor.clinician(clinician_id),
        study_id=conversation.study_id,
        conversation_id=conversation.id,
        subject=conversation.id,
    )
    record(session, event)
    ring(session, Topic.LIVE, conversation.id)

"""What the record already knows about a round of arrivals, read in a few statements and locked."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.rows import among, listed
from db.tables import Arm, Conversation, Draft, Message, Participant, ReviewItem, new_id, table_of
from oversight.domain.errors import Conflict, Incomplete, NotFound
from oversight.services.arrivals import Arrival, ParticipantFacts
from oversight.services.audit import Actor, Event, record_all
from oversight.services.locking import LockedConversation, lock_conversations

Key = tuple[uuid.UUID, str]


def _named(
    model: type[Participant] | type[Conversation] | type[Message] | type[Draft],
) -> ColumnElement[bool]:
    return and_(listed(model.study_id, "studies"), listed(model.external_id, "names"))


_PARTICIPANTS = select(Participant).where(_named(Participant))
_CONVERSATIONS = select(Conversation.study_id, Conversation.external_id, Conversation.id).where(
    _named(Conversation)
)
_MESSAGE = select(
    Message.id,
    Message.study_id,
    Message.external_id,
    Message.digest,
    Message.conversation_id,
    Message.received_at,
)
_MESSAGES = _MESSAGE.where(_named(Message))
_MESSAGES_BY_ID = _MESSAGE.where(listed(Message.id, "ids"))
_REPLIES = (
    select(Draft.reply_id, Draft.study_id, Draft.external_id, Draft.digest, Draft.status)
    .where(_named(Draft))
    .order_by(Draft.revision)
)


@dataclass(frozen=True)
class Place:
    """The item that a conversation's new turns belong to; none when the policy waits."""

    item: ReviewItem | None

    @property
    def item_id(self) -> uuid.UUID | None:
        """The item's id, for the rows of its turns."""
        return self.item.id if self.item else None


@dataclass(frozen=True)
class KnownMessage:
    """A stored message, as far as a repetition or a reply to it is concerned."""

    id: uuid.UUID
    study_id: uuid.UUID
    external_id: str
    digest: str
    conversation_id: uuid.UUID
    received_at: datetime


@dataclass(frozen=True)
class KnownReply:
    """The newest revision of a stored draft."""

    reply_id: uuid.UUID
    study_id: uuid.UUID
    external_id: str
    digest: str
    status: str


@dataclass
class Known:
    """Lookup over everything loaded for one round."""

    conversations: dict[Key, LockedConversation] = field(default_factory=dict)
    participants: dict[Key, uuid.UUID] = field(default_factory=dict)
    messages: dict[Key, KnownMessage] = field(default_factory=dict)
    replies: dict[Key, KnownReply] = field(default_factory=dict)
    missing_arms: frozenset[Key] = frozenset()

    def conversation(self, arrival: Arrival) -> LockedConversation:
        """The arrival's conversation; NotFound for a reply to one that nobody has begun."""
        self._check_arm(arrival)
        found = self.conversations.get((arrival.study_id, arrival.conversation))
        if found is None:
            raise NotFound(
                "no such conversation: report the participant's message first",
                field="conversation_id",
            )
        if arrival.message is not None:
            who = self.participants[arrival.study_id, arrival.message.participant.external_id]
            if who != found.participant_id:
                raise Conflict(
                    "this conversation belongs to another participant: use a new conversation_id",
                    field="participant.id",
                )
        return found

    def same_message(self, arrival: Arrival) -> KnownMessage | None:
        """The stored message of the same id; Conflict when its body was another."""
        if arrival.message is None:
            return None
        found = self.messages.get((arrival.study_id, arrival.message.external_id))
        if found is not None and found.digest != arrival.message.digest:
            raise Conflict(
                "this external_id was used before with another body: send a new external_id",
                field="message.external_id",
            )
        return found

    def same_reply(self, arrival: Arrival) -> KnownReply | None:
        """The stored draft of the same id; Conflict when its body was another."""
        if arrival.reply is None:
            return None
        found = self.replies.get((arrival.study_id, arrival.reply.external_id))
        if found is not None and found.digest != arrival.reply.digest:
            raise Conflict(
                "this external_id was used before with another body: send a new external_id",
                field="reply.external_id",
            )
        return found

    def answered_message(self, arrival: Arrival) -> uuid.UUID:
        """The message a reply answers; NotFound when it is not here yet or elsewhere."""
        assert arrival.reply is not None
        found = self.messages.get((arrival.study_id, arrival.reply.in_reply_to))
        here = self.conversations.get((arrival.study_id, arrival.conversation))
        if found is None or here is None or found.conversation_id != here.id:
            raise NotFound(
                "in_reply_to names no message of this conversation: report the message first",
                field="in_reply_to",
            )
        return found.id

    def _check_arm(self, arrival: Arrival) -> None:
        arm = arrival.message.participant.arm if arrival.message else None
        if arm is not None and (arrival.study_id, arm) in self.missing_arms:
            raise Incomplete(
                "the study has no such arm: leave participant.arm out, or create the arm",
                field="participant.arm",
            )


def load_known(session: Session, arrivals: Sequence[Arrival], *, now: datetime) -> Known:
    """Read, create and lock what a round of arrivals touches."""
    arms, missing = _arms(session, arrivals)
    known = Known(missing_arms=missing)
    usable = [one for one in arrivals if one.message is None or _arm_known(one, missing)]
    known.participants = _participants(session, usable, arms, now=now)
    known.conversations = _conversations(session, usable, known.participants)
    known.messages = _messages(session, arrivals)
    known.replies = _replies(session, arrivals)
    return known


def _arm_known(arrival: Arrival, missing: frozenset[Key]) -> bool:
    arm = arrival.message.participant.arm if arrival.message else None
    return arm is None or (arrival.study_id, arm) not in missing


def _arms(
    session: Session, arrivals: Sequence[Arrival]
) -> tuple[dict[Key, uuid.UUID], frozenset[Key]]:
    wanted = {
        (one.study_id, one.message.participant.arm)
        for one in arrivals
        if one.message and one.message.participant.arm
    }
    if not wanted:
        return {}, frozenset()
    studies, names = zip(*wanted, strict=True)
    rows = session.execute(
        select(Arm.study_id, Arm.name, Arm.id).where(
            among(Arm.study_id, set(studies)), among(Arm.name, names)
        )
    )
    found = {(row.study_id, row.name): row.id for row in rows}
    return found, frozenset(key for key in wanted if key not in found)


def _participants(
    session: Session,
    arrivals: Sequence[Arrival],
    arms: dict[Key, uuid.UUID],
    *,
    now: datetime,
) -> dict[Key, uuid.UUID]:
    facts = {
        (one.study_id, one.message.participant.external_id): one.message.participant
        for one in arrivals
        if one.message
    }
    if not facts:
        return {}
    wanted = _names(facts)
    stored = {
        (row.study_id, row.external_id): row for row in session.scalars(_PARTICIPANTS, wanted)
    }
    missing = [key for key in facts if key not in stored]
    if missing:
        rows = [_participant_row(key, facts[key], arms) for key in sorted(missing)]
        session.execute(insert(table_of(Participant)).on_conflict_do_nothing(), rows)
        stored = {
            (row.study_id, row.external_id): row for row in session.scalars(_PARTICIPANTS, wanted)
        }
    changed = []
    for key, row in sorted(stored.items()):
        changes = _changes(row, key, facts[key], arms)
        if changes:
            session.execute(
                update(Participant)
                .where(Participant.id == row.id)
                .values(**changes, updated_at=now)
                .execution_options(synchronize_session=False)
            )
            changed.append(_participant_event(row, sorted(changes)))
    record_all(session, changed)
    return {key: row.id for key, row in stored.items()}


def _participant_row(
    key: Key, facts: ParticipantFacts, arms: dict[Key, uuid.UUID]
) -> dict[str, Any]:  # Any: a row of several column types
    return {
        "id": new_id(),
        "study_id": key[0],
        "external_id": key[1],
        "arm_id": arms.get((key[0], facts.arm or "")),
        "language": facts.language,
        "jurisdiction": facts.jurisdiction,
        "timezone": facts.timezone,
    }


def _changes(
    row: Participant, key: Key, facts: ParticipantFacts, arms: dict[Key, uuid.UUID]
) -> dict[str, Any]:  # Any: a row of several column types
    told = _participant_row(key, facts, arms)
    return {
        name: told[name]
        for name in ("arm_id", "language", "jurisdiction", "timezone")
        if told[name] is not None and told[name] != getattr(row, name)
    }


def _participant_event(row: Participant, fields: list[str]) -> Event:
    actor = Actor.bot(row.study_id)
    return Event(
        "participant.change",
        actor,
        study_id=row.study_id,
        subject=row.id,
        detail={"fields": fields},
    )


def _conversations(
    session: Session, arrivals: Sequence[Arrival], participants: dict[Key, uuid.UUID]
) -> dict[Key, LockedConversation]:
    keys = {(one.study_id, one.conversation) for one in arrivals}
    ids = _conversation_ids(session, keys)
    begun = {
        (one.study_id, one.conversation): {
            "id": new_id(),
            "study_id": one.study_id,
            "external_id": one.conversation,
            "participant_id": participants[one.study_id, one.message.participant.external_id],
        }
        for one in arrivals
        if one.message and (one.study_id, one.conversation) not in ids
    }
    if begun:
        rows = [begun[key] for key in sorted(begun)]
        session.execute(insert(table_of(Conversation)).on_conflict_do_nothing(), rows)
        ids = _conversation_ids(session, keys)
    locked = lock_conversations(session, ids.values())
    return {key: locked[conversation_id] for key, conversation_id in ids.items()}


def _conversation_ids(session: Session, keys: Iterable[Key]) -> dict[Key, uuid.UUID]:
    rows = session.execute(_CONVERSATIONS, _names(keys))
    return {(row.study_id, row.external_id): row.id for row in rows}


def _messages(session: Session, arrivals: Sequence[Arrival]) -> dict[Key, KnownMessage]:
    named: set[Key] = set()
    ids: set[uuid.UUID] = set()
    for one in arrivals:
        if one.message:
            named.add((one.study_id, one.message.external_id))
        if one.reply and not one.message:
            named.add((one.study_id, one.reply.in_reply_to))
            ids |= _as_id(one.reply.in_reply_to)
    if not named:
        return {}
    rows = session.execute(_MESSAGES, _names(named)).all()
    if ids:
        rows = [*rows, *session.execute(_MESSAGES_BY_ID, {"ids": list(ids)})]
    found: dict[Key, KnownMessage] = {}
    for row in rows:
        message = KnownMessage(*row)
        if message.id in ids:
            found.setdefault((message.study_id, str(message.id)), message)
        found[message.study_id, message.external_id] = message
    return found


def _names(keys: Iterable[Key]) -> dict[str, list[Any]]:  # Any: ids or names
    """Keys as the statements above take them. They may find more than was asked for, where studies
    share names; what is found is looked up by key.
    """
    wanted = list(keys)
    return {"studies": list({study for study, _ in wanted}), "names": [name for _, name in wanted]}


def _as_id(text: str) -> set[uuid.UUID]:
    try:
        return {uuid.UUID(text)}
    except ValueError:
        return set()


def _replies(session: Session, arrivals: Sequence[Arrival]) -> dict[Key, KnownReply]:
    wanted = [(one.study_id, one.reply.external_id) for one in arrivals if one.reply]
    if not wanted:
        return {}
    rows = session.execute(_REPLIES, _names(wanted))
    return {(row.study_id, row.external_id): KnownReply(*row) for row in rows}

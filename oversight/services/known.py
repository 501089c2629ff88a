"""What the record already knows about a round of arrivals, read in a few statements and locked.

A round is of one study, so everything goes by the bot's own names.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.rows import listed
from db.tables import Arm, Draft, Message, Participant, ReviewItem, new_id
from oversight.domain.errors import Conflict, Incomplete, NotFound
from oversight.services.arrivals import Arrival, NewMessage, ParticipantFacts
from oversight.services.audit import Actor, Event, record_all
from oversight.services.locking import LockedConversation, lock_named_conversations

_FACTS = ("arm_id", "language", "jurisdiction", "timezone")
_FOUND = text("""
    SELECT told.conversation, told.participant, conversations.id AS conversation_id,
        participants.id AS participant_id, arm_id, language, jurisdiction, timezone
    FROM unnest(CAST(:conversations AS varchar[]), CAST(:participants AS varchar[]))
        AS told (conversation, participant)
    LEFT JOIN conversations ON conversations.study_id = :study
        AND conversations.external_id = told.conversation
    LEFT JOIN participants ON participants.study_id = :study
        AND participants.external_id = told.participant
""")
_BEGIN = text("""
    WITH told AS (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS told (
            conversation_id uuid, conversation varchar, participant_id uuid, participant varchar,
            known boolean, arm_id uuid, language varchar, jurisdiction varchar, timezone varchar
        )
    ), arrived AS (
        INSERT INTO participants
            (id, study_id, external_id, arm_id, language, jurisdiction, timezone)
        SELECT DISTINCT ON (participant)
            participant_id, :study, participant, arm_id, language, jurisdiction, timezone
        FROM told WHERE NOT known ORDER BY participant
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    INSERT INTO conversations (id, study_id, external_id, participant_id)
    SELECT conversation_id, :study, conversation, participant_id
    FROM told WHERE known OR participant_id IN (SELECT id FROM arrived)
    ORDER BY conversation
    ON CONFLICT DO NOTHING
""")
"""A participant whom somebody else began at the same moment is left for the next try."""

_TRIES = 3


def _of_study(name: InstrumentedAttribute[str], study: InstrumentedAttribute[uuid.UUID]) -> Any:
    return and_(study == bindparam("study"), listed(name, "names"))


_ARMS = select(Arm.name, Arm.id).where(_of_study(Arm.name, Arm.study_id))
_MESSAGE = select(
    Message.id,
    Message.external_id,
    Message.digest,
    Message.conversation_id,
    Message.received_at,
)
_MESSAGES = _MESSAGE.where(_of_study(Message.external_id, Message.study_id))
_MESSAGES_BY_ID = _MESSAGE.where(Message.study_id == bindparam("study"), listed(Message.id, "ids"))
_REPLIES = (
    select(Draft.reply_id, Draft.external_id, Draft.digest, Draft.status)
    .where(_of_study(Draft.external_id, Draft.study_id))
    .order_by(Draft.revision)
)


@dataclass(frozen=True)
class Place:
    """The item that a conversation's new turns belong to; none when the policy waits."""

    item: ReviewItem | None
    opened: bool = False

    @property
    def item_id(self) -> uuid.UUID | None:
        """The item's id, for the rows of its turns."""
        return self.item.id if self.item else None


@dataclass(frozen=True)
class KnownMessage:
    """A stored message, as far as a repetition or a reply to it is concerned."""

    id: uuid.UUID
    external_id: str
    digest: str
    conversation_id: uuid.UUID
    received_at: datetime


@dataclass(frozen=True)
class KnownReply:
    """The newest revision of a stored draft."""

    reply_id: uuid.UUID
    external_id: str
    digest: str
    status: str


@dataclass
class Known:
    """Lookup over everything loaded for one round."""

    conversations: Mapping[str, LockedConversation] = field(default_factory=dict)
    messages: Mapping[str, KnownMessage] = field(default_factory=dict)
    replies: Mapping[str, KnownReply] = field(default_factory=dict)
    missing_arms: Collection[str] = frozenset()

    def conversation(self, arrival: Arrival) -> LockedConversation:
        """The arrival's conversation; NotFound for a reply to one that nobody has begun."""
        if not _arm_known(arrival, self.missing_arms):
            raise Incomplete(
                "the study has no such arm: leave participant.arm out, or create the arm",
                field="participant.arm",
            )
        found = self.conversations.get(arrival.conversation)
        if found is None:
            raise NotFound(
                "no such conversation: report the participant's message first",
                field="conversation_id",
            )
        if arrival.message and arrival.message.participant.external_id != found.participant:
            raise Conflict(
                "this conversation belongs to another participant: use a new conversation_id",
                field="participant.id",
            )
        return found

    def same_message(self, arrival: Arrival) -> KnownMessage | None:
        """The stored message of the same id; Conflict when its body was another."""
        if arrival.message is None:
            return None
        found = self.messages.get(arrival.message.external_id)
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
        found = self.replies.get(arrival.reply.external_id)
        if found is not None and found.digest != arrival.reply.digest:
            raise Conflict(
                "this external_id was used before with another body: send a new external_id",
                field="reply.external_id",
            )
        return found

    def answered_message(self, arrival: Arrival) -> uuid.UUID:
        """The message a reply answers; NotFound when it is not here yet or elsewhere."""
        assert arrival.reply is not None
        found = self.messages.get(arrival.reply.in_reply_to)
        here = self.conversations.get(arrival.conversation)
        if found is None or here is None or found.conversation_id != here.id:
            raise NotFound(
                "in_reply_to names no message of this conversation: report the message first",
                field="in_reply_to",
            )
        return found.id


def load_known(session: Session, arrivals: Sequence[Arrival], *, now: datetime) -> Known:
    """Read, create and lock what a round of arrivals of one study touches."""
    study_id = arrivals[0].study_id
    arms, missing = _arms(session, study_id, arrivals)
    usable = [one for one in arrivals if _arm_known(one, missing)]
    return Known(
        conversations=_conversations(session, study_id, usable, arms, now=now),
        messages=_messages(session, study_id, arrivals),
        replies=_replies(session, study_id, arrivals),
        missing_arms=missing,
    )


def _arm_known(arrival: Arrival, missing: Collection[str]) -> bool:
    return arrival.message is None or arrival.message.participant.arm not in missing


def _arms(
    session: Session, study_id: uuid.UUID, arrivals: Sequence[Arrival]
) -> tuple[dict[str, uuid.UUID], frozenset[str]]:
    """The arms that are named, and those of them that the study does not have."""
    named = [one.message.participant.arm for one in arrivals if one.message]
    wanted = {name for name in named if name is not None}
    if not wanted:
        return {}, frozenset()
    rows = session.execute(_ARMS, {"study": study_id, "names": list(wanted)})
    found = {row.name: row.id for row in rows}
    return found, frozenset(wanted - found.keys())


def _conversations(
    session: Session,
    study_id: uuid.UUID,
    arrivals: Sequence[Arrival],
    arms: Mapping[str, uuid.UUID],
    *,
    now: datetime,
) -> dict[str, LockedConversation]:
    """The arrivals' conversations, locked; those whose first message this is are begun."""
    names = [one.conversation for one in arrivals]
    spoken = {one.conversation: one.message for one in arrivals if one.message}
    for _ in range(_TRIES):
        if spoken:
            _begin(session, study_id, spoken, arms, now=now)
        locked = lock_named_conversations(session, study_id, names)
        if spoken.keys() <= locked.keys():
            return locked
    raise LookupError("somebody keeps beginning the same conversations")


def _begin(
    session: Session,
    study_id: uuid.UUID,
    spoken: Mapping[str, NewMessage],
    arms: Mapping[str, uuid.UUID],
    *,
    now: datetime,
) -> None:
    """Begin the conversations that nobody has begun, and note what is new about participants."""
    said = {
        "study": study_id,
        "conversations": list(spoken),
        "participants": [message.participant.external_id for message in spoken.values()],
    }
    rows: list[dict[str, object]] = []
    arrived: dict[str, uuid.UUID] = {}
    changes: dict[uuid.UUID, dict[str, object]] = {}
    for found in session.connection().execute(_FOUND, said):
        facts = _told(spoken[found.conversation].participant, arms)
        if found.participant_id is not None and (news := _news(found, facts)):
            changes[found.participant_id] = news
        if found.conversation_id is None:
            new = arrived.setdefault(found.participant, new_id())
            rows.append(
                {
                    "conversation_id": str(new_id()),
                    "conversation": found.conversation,
                    "participant_id": str(found.participant_id or new),
                    "participant": found.participant,
                    "known": found.participant_id is not None,
                    **facts,
                }
            )
    if rows:
        told = json.dumps(rows, default=str)
        session.connection().execute(_BEGIN, {"study": study_id, "rows": told})
    _note_changes(session, study_id, changes, now=now)


def _told(facts: ParticipantFacts, arms: Mapping[str, uuid.UUID]) -> dict[str, object]:
    return {
        "arm_id": arms.get(facts.arm) if facts.arm else None,
        "language": facts.language,
        "jurisdiction": facts.jurisdiction,
        "timezone": facts.timezone,
    }


def _news(found: Row[Any], facts: Mapping[str, object]) -> dict[str, object]:  # Any: as _FOUND has
    """What a message says of its participant that the record has otherwise."""
    return {
        name: facts[name]
        for name in _FACTS
        if facts[name] is not None and facts[name] != getattr(found, name)
    }


def _note_changes(
    session: Session,
    study_id: uuid.UUID,
    changes: Mapping[uuid.UUID, dict[str, object]],
    *,
    now: datetime,
) -> None:
    events = []
    for participant_id, news in sorted(changes.items()):
        session.execute(
            update(Participant)
            .where(Participant.id == participant_id)
            .values(**news, updated_at=now)
            .execution_options(synchronize_session=False)
        )
        events.append(
            Event(
                "participant.change",
                Actor.bot(study_id),
                study_id=study_id,
                subject=participant_id,
                detail={"fields": sorted(news)},
            )
        )
    record_all(session, events)


def _messages(
    session: Session, study_id: uuid.UUID, arrivals: Sequence[Arrival]
) -> dict[str, KnownMessage]:
    """Messages that are brought again or answered, by the names that the arrivals use."""
    names: set[str] = set()
    ids: set[uuid.UUID] = set()
    for one in arrivals:
        if one.message:
            names.add(one.message.external_id)
        elif one.reply:
            names.add(one.reply.in_reply_to)
            ids |= _as_id(one.reply.in_reply_to)
    found: dict[str, KnownMessage] = {}
    if ids:
        for row in session.execute(_MESSAGES_BY_ID, {"study": study_id, "ids": list(ids)}):
            found[str(row.id)] = KnownMessage(*row)
    for row in session.execute(_MESSAGES, {"study": study_id, "names": list(names)}):
        found[row.external_id] = KnownMessage(*row)
    return found


def _as_id(text: str) -> set[uuid.UUID]:
    try:
        return {uuid.UUID(text)}
    except ValueError:
        return set()


def _replies(
    session: Session, study_id: uuid.UUID, arrivals: Iterable[Arrival]
) -> dict[str, KnownReply]:
    names = [one.reply.external_id for one in arrivals if one.reply]
    if not names:
        return {}
    rows = session.execute(_REPLIES, {"study": study_id, "names": names})
    return {row.external_id: KnownReply(*row) for row in rows}

"""What the bot reports: messages and draft replies, stored, queued for scoring, put in an item.

Arrivals come in batches so that many requests share one commit (a group commit); one request is
a batch of one. Each arrival is answered by its own Outcome or Refusal.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from db import session as db_session
from db.rows import changed, inserted, write
from db.session import Topic, ring
from db.tables import Conversation, Draft, Message, ScoringWork, new_id
from oversight.domain.errors import Refusal
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.release import waits_for_score
from oversight.domain.severity import Severity, at_least, worst
from oversight.queries.policies import policy_of
from oversight.services.arrivals import Arrival, Outcome
from oversight.services.audit import Actor, Event, record_all, together
from oversight.services.escalating import imminent_again
from oversight.services.items import (
    extend_items,
    items_opened,
    new_item,
    policy_version_for,
    refresh_items,
    rows_of,
)
from oversight.services.known import Known, Place, load_known
from oversight.services.locking import LockedConversation, lock_open_items
from oversight.services.recalling import (
    Recalled,
    bring_back,
    recall_unsent,
    superseded_by_new_draft,
)


@dataclass
class _Landed:
    """An arrival on its way into the tables."""

    arrival: Arrival
    conversation: LockedConversation
    message_id: uuid.UUID | None
    received_at: datetime
    message_sequence: int | None
    draft_id: uuid.UUID | None
    draft_sequence: int | None
    answers: uuid.UUID | None


def receive(session: Session, arrivals: Sequence[Arrival]) -> list[Outcome | Refusal]:
    """Store arrivals in order; the answers come in the same order.

    Within a conversation order is kept by rounds: each round holds at most one arrival of each
    conversation and is written with a handful of statements.
    """
    now = db_session.now(session)
    answers: dict[int, Outcome | Refusal] = {}
    for round_ in _rounds(arrivals):
        numbers = [number for number, _ in round_]
        answered = _receive_round(session, [arrival for _, arrival in round_], now=now)
        answers |= dict(zip(numbers, answered, strict=True))
    return [answers[number] for number in range(len(arrivals))]


def _rounds(arrivals: Sequence[Arrival]) -> Iterator[list[tuple[int, Arrival]]]:
    """Each round: one study, at most one arrival of each of its conversations, in order."""
    waiting: dict[uuid.UUID, dict[str, list[tuple[int, Arrival]]]] = {}
    for number, arrival in enumerate(arrivals):
        queues = waiting.setdefault(arrival.study_id, defaultdict(list))
        queues[arrival.conversation].append((number, arrival))
    for _, queues in sorted(waiting.items()):  # locks in one order, whoever asks first
        depth = 0
        while round_ := [queue[depth] for queue in queues.values() if len(queue) > depth]:
            yield round_
            depth += 1


def _receive_round(
    session: Session, arrivals: Sequence[Arrival], *, now: datetime
) -> list[Outcome | Refusal]:
    known = load_known(session, arrivals, now=now)
    answers: list[Outcome | Refusal | _Landed] = []
    for arrival in arrivals:
        try:
            answers.append(_repeated(arrival, known) or _land(arrival, known, now=now))
        except Refusal as refusal:
            answers.append(refusal)
    landed = [answer for answer in answers if isinstance(answer, _Landed)]
    if landed:
        with together(session):
            _write(session, landed, now=now)
    return [_outcome(answer) if isinstance(answer, _Landed) else answer for answer in answers]


def _repeated(arrival: Arrival, known: Known) -> Outcome | None:
    """The answer given before, when everything in the arrival was received before."""
    message = known.same_message(arrival)
    reply = known.same_reply(arrival)
    if (arrival.message and not message) or (arrival.reply and not reply):
        return None
    return Outcome(
        conversation=arrival.conversation,
        message_id=message.id if message else None,
        received_at=message.received_at if message else None,
        reply_id=reply.reply_id if reply else None,
        reply_status=DraftStatus(reply.status) if reply else None,
        repeated=True,
    )


def _land(arrival: Arrival, known: Known, *, now: datetime) -> _Landed:
    conversation = known.conversation(arrival)
    message = known.same_message(arrival)
    reply = known.same_reply(arrival)
    next_sequence = conversation.last_sequence
    message_id = message.id if message else None
    message_sequence = draft_sequence = None
    if arrival.message and not message:
        next_sequence += 1
        message_id, message_sequence = new_id(), next_sequence
    draft_id = answered = None
    if arrival.reply and not reply:
        next_sequence += 1
        draft_id, draft_sequence = new_id(), next_sequence
        answered = message_id if arrival.message else known.answered_message(arrival)
    return _Landed(
        arrival=arrival,
        conversation=replace(conversation, last_sequence=next_sequence),
        message_id=message_id,
        received_at=message.received_at if message else now,
        message_sequence=message_sequence,
        draft_id=draft_id,
        draft_sequence=draft_sequence,
        answers=answered,
    )


def _outcome(landed: _Landed) -> Outcome:
    return Outcome(
        conversation=landed.arrival.conversation,
        message_id=landed.message_id if landed.arrival.message else None,
        received_at=landed.received_at,
        reply_id=landed.draft_id,
        reply_status=DraftStatus.HELD if landed.draft_id else None,
    )


def _write(session: Session, landed: Sequence[_Landed], *, now: datetime) -> None:
    bot = Actor.bot(landed[0].arrival.study_id)
    with_message = [one for one in landed if one.message_sequence is not None]
    with_draft = [one for one in landed if one.draft_sequence is not None]
    conversations = {one.conversation.id: one.conversation for one in landed}
    recalled = recall_unsent(
        session,
        {one.conversation.id: one.conversation for one in with_message},
        now=now,
        actor=bot,
        why="the participant wrote again",
    )
    places = _places(session, landed, recalled, now=now, actor=bot)
    if with_draft:
        superseded_by_new_draft(
            session, [one.conversation.id for one in with_draft], now=now, actor=bot
        )
    opened = [place.item for place in places.values() if place.item and place.opened]
    write(
        session,
        changed(Conversation, [_numbered(one) for one in conversations.values()]),
        rows_of(opened),
        inserted(Message, [_message_row(one, places, now=now) for one in with_message]),
        inserted(Draft, [_draft_row(one, places, now=now) for one in with_draft]),
        inserted(ScoringWork, list(_work(with_message, with_draft))),
    )
    items_opened(session, opened, actor=bot, why="received")
    for conversation_id, back in recalled.items():
        item = places[conversation_id].item
        assert item is not None
        bring_back(session, item, back, now=now)
    record_all(session, [event for one in landed for event in _events(one, places)])
    items = [place.item for place in places.values() if place.item is not None]
    refresh_items(session, items, conversations, now=now, actor=bot)
    _start_again_at_imminent(session, with_message, places, now=now)
    ring(session, Topic.SCORE)


def _numbered(conversation: LockedConversation) -> dict[str, object]:
    return {"id": conversation.id, "last_sequence": conversation.last_sequence}


def _places(
    session: Session,
    landed: Sequence[_Landed],
    recalled: dict[uuid.UUID, Recalled],
    *,
    now: datetime,
    actor: Actor,
) -> dict[uuid.UUID, Place]:
    """For each conversation the open item its new turns belong to, made where one is due."""
    open_items = {
        item.conversation_id: item
        for item in lock_open_items(session, [one.conversation.id for one in landed])
    }
    places: dict[uuid.UUID, Place] = {}
    extended = []
    for one in landed:
        conversation = one.conversation
        back = recalled.get(conversation.id)
        revised = back.draft.sequence if back and back.draft else 0
        last = max(conversation.last_sequence, revised)
        item = open_items.get(conversation.id)
        if item is not None:
            turns = (one.message_sequence is not None) + (one.draft_sequence is not None)
            extended.append((item, last, turns))
        elif back or _opens_at_receipt(session, one):
            first = one.message_sequence or one.draft_sequence or last
            item = new_item(
                session, conversation, first_sequence=first, last_sequence=last, now=now
            )
        places[conversation.id] = Place(item, opened=conversation.id not in open_items)
    extend_items(session, extended, actor=actor)
    return places


def _opens_at_receipt(session: Session, one: _Landed) -> bool:
    """Every turn is in an item, except where the policy first waits for an unflagged score."""
    policy = policy_of(session, policy_version_for(session, one.conversation))
    message = one.arrival.message
    return not waits_for_score(
        policy.mode_for(one.conversation.jurisdiction, one.conversation.rule),
        taken_over=one.conversation.taken_over_by is not None,
        floor=message.floor if message and one.message_sequence is not None else None,
    )


def _message_row(
    one: _Landed, places: Mapping[uuid.UUID, Place], *, now: datetime
) -> dict[str, object]:
    message = one.arrival.message
    assert message is not None
    return {
        "id": one.message_id,
        "study_id": one.arrival.study_id,
        "conversation_id": one.conversation.id,
        "item_id": places[one.conversation.id].item_id,
        "external_id": message.external_id,
        "digest": message.digest,
        "sequence": one.message_sequence,
        "text": message.text,
        "sent_at": message.sent_at,
        "received_at": now,
        "severity": worst([Severity.LU, message.floor or Severity.LU]).value,
        "urgency": message.urgency,
        "language": message.language or one.conversation.language,
    }


def _draft_row(
    one: _Landed, places: Mapping[uuid.UUID, Place], *, now: datetime
) -> dict[str, object]:
    reply = one.arrival.reply
    assert reply is not None
    return {
        "id": one.draft_id,
        "reply_id": one.draft_id,
        "study_id": one.arrival.study_id,
        "conversation_id": one.conversation.id,
        "message_id": one.answers,
        "item_id": places[one.conversation.id].item_id,
        "external_id": reply.external_id,
        "digest": reply.digest,
        "sequence": one.draft_sequence,
        "text": reply.text,
        "model_name": reply.model_name,
        "model_version": reply.model_version,
        "prompt_version": reply.prompt_version,
        "received_at": now,
    }


def _work(
    with_message: Sequence[_Landed], with_draft: Sequence[_Landed]
) -> Iterator[dict[str, object]]:
    """A draft is as urgent as its message: nobody should read one without the other's score."""
    for one in with_message:
        message = one.arrival.message
        assert message is not None
        yield {
            "message_id": one.message_id,
            "draft_id": None,
            "urgency": message.urgency,
            "length": len(message.text),
        }
    for one in with_draft:
        reply, message = one.arrival.reply, one.arrival.message
        assert reply is not None
        yield {
            "message_id": None,
            "draft_id": one.draft_id,
            "urgency": message.urgency * 0.999 if message else 0.5,
            "length": len(reply.text),
        }


def _start_again_at_imminent(
    session: Session,
    landed: Sequence[_Landed],
    places: dict[uuid.UUID, Place],
    *,
    now: datetime,
) -> None:
    for one in landed:
        message, item = one.arrival.message, places[one.conversation.id].item
        imminent = message is not None and message.floor is Severity.L4
        if item is not None and imminent and at_least(Severity(item.severity), Severity.L4):
            imminent_again(session, item, now=now, actor=Actor.system("gateway"))


def _events(one: _Landed, places: dict[uuid.UUID, Place]) -> Iterator[Event]:
    actor = Actor.bot(one.arrival.study_id)
    common = {
        "actor": actor,
        "study_id": one.arrival.study_id,
        "conversation_id": one.conversation.id,
        "item_id": places[one.conversation.id].item_id,
    }
    if one.message_sequence is not None:
        yield Event(
            "message.receive",
            subject=one.message_id,
            detail={"sequence": one.message_sequence},
            **common,  # type: ignore[arg-type]
        )
    if one.draft_sequence is not None:
        yield Event(
            "draft.receive",
            subject=one.draft_id,
            detail={"sequence": one.draft_sequence, "answers": str(one.answers)},
            **common,  # type: ignore[arg-type]
        )

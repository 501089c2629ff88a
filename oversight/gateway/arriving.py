"""From a checked body to an arrival: the first look, and the digest that tells a repetition."""

import hashlib
import json
import uuid

from oversight.domain.errors import Refusal
from oversight.gateway.bodies import (
    ExchangeBody,
    ExchangeReplyBody,
    MessageBody,
    ParticipantBody,
    ReplyBody,
)
from oversight.gateway.first_look import first_look
from oversight.gateway.problems import Problem, problem_of
from oversight.services.arrivals import Arrival, NewMessage, NewReply, ParticipantFacts


def of_reply(study_id: uuid.UUID, body: ReplyBody) -> Arrival:
    """An arrival that brings a draft alone."""
    return Arrival(study_id, body.conversation_id, reply=_reply(body))


async def of_message(study_id: uuid.UUID, body: MessageBody) -> Arrival:
    """An arrival that brings a message alone."""
    return Arrival(study_id, body.conversation_id, message=await _message(body))


async def of_exchange(study_id: uuid.UUID, body: ExchangeBody) -> Arrival:
    """An arrival that brings both."""
    message, reply = body.message, _beside(body.message, body.reply)
    return Arrival(
        study_id, message.conversation_id, message=await _message(message), reply=_reply(reply)
    )


def problem_in_message(refusal: Refusal) -> Problem:
    """A refusal of a message, naming the field as a message's body has it."""
    return problem_of(refusal, field=_named(refusal).removeprefix("message.") or None)


def problem_in_reply(refusal: Refusal) -> Problem:
    """A refusal of a reply, naming the field as a reply's body has it."""
    return problem_of(refusal, field=_named(refusal).removeprefix("reply.") or None)


def problem_in_exchange(refusal: Refusal) -> Problem:
    """A refusal of an exchange, naming the field as an exchange's body has it."""
    named = _named(refusal)
    if named and not named.startswith(("message.", "reply.")):
        named = f"reply.{named}" if named == "in_reply_to" else f"message.{named}"
    return problem_of(refusal, field=named or None)


def _named(refusal: Refusal) -> str:
    return str(refusal.facts.get("field") or "")


def _beside(message: MessageBody, reply: ExchangeReplyBody) -> ReplyBody:
    """The reply in full; what it repeats of its message must be the same."""
    if reply.conversation_id not in (None, message.conversation_id):
        raise _mismatch("reply.conversation_id", "message.conversation_id")
    if reply.in_reply_to not in (None, message.external_id):
        raise _mismatch("reply.in_reply_to", "message.external_id")
    return ReplyBody.model_construct(
        external_id=reply.external_id,
        conversation_id=message.conversation_id,
        in_reply_to=message.external_id,
        text=reply.text,
        model=reply.model,
        prompt_version=reply.prompt_version,
    )


def _mismatch(field: str, other: str) -> Problem:
    return Problem("invalid_field", f"{field} must be {other}, or may be left out.", field=field)


async def _message(body: MessageBody) -> NewMessage:
    seen = await first_look(body.text, body.participant.language)
    return NewMessage(
        external_id=body.external_id,
        participant=_facts(body.participant),
        text=body.text,
        digest=_digest(body),
        sent_at=body.sent_at,
        urgency=seen.urgency,
        floor=seen.floor,
    )


def _facts(body: ParticipantBody) -> ParticipantFacts:
    return ParticipantFacts(
        external_id=body.id,
        language=body.language,
        jurisdiction=body.jurisdiction,
        arm=body.arm,
        timezone=body.timezone,
    )


def _reply(body: ReplyBody) -> NewReply:
    return NewReply(
        external_id=body.external_id,
        in_reply_to=body.in_reply_to,
        text=body.text,
        digest=_digest(body),
        model_name=body.model.name if body.model else None,
        model_version=body.model.version if body.model else None,
        prompt_version=body.prompt_version,
    )


def _digest(body: MessageBody | ReplyBody) -> str:
    """SHA-256 of what was said, whatever the order of its fields or the zone of its time."""
    said = body.model_dump(exclude_none=True)
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()

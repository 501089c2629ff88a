"""What travels over the HTTP API, version 1: a bot's requests and the gateway's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

JsonObject = Mapping[str, Any]
"""A decoded JSON object; its values are as free as JSON is."""


@dataclass(frozen=True)
class Participant:
    """Who writes, with what the bot knows of them; an omitted arm means hold_all."""

    id: str
    language: str | None = None
    jurisdiction: str | None = None
    arm: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class ParticipantMessage:
    """What a participant wrote; `sent_at` is by the bot's own clock."""

    external_id: str
    participant: Participant
    conversation_id: str
    text: str
    sent_at: datetime | None = None

    def body(self) -> dict[str, Any]:
        return without_missing(
            external_id=self.external_id,
            participant=without_missing(**vars(self.participant)),
            conversation_id=self.conversation_id,
            text=self.text,
            sent_at=timestamp(self.sent_at),
        )


@dataclass(frozen=True)
class BotModel:
    name: str
    version: str


@dataclass(frozen=True)
class DraftReply:
    """The bot's proposal; `in_reply_to` is the message's external id or its message id."""

    external_id: str
    conversation_id: str
    in_reply_to: str
    text: str
    model: BotModel | None = None
    prompt_version: str | None = None

    def body(self) -> dict[str, Any]:
        return without_missing(
            external_id=self.external_id,
            conversation_id=self.conversation_id,
            in_reply_to=self.in_reply_to,
            text=self.text,
            model=None if self.model is None else dict(vars(self.model)),
            prompt_version=self.prompt_version,
        )


@dataclass(frozen=True)
class MessageAccepted:
    """`repeated` is true when the gateway had this external id already."""

    message_id: str
    conversation_id: str
    received_at: str
    repeated: bool


@dataclass(frozen=True)
class ReplyAccepted:
    """`status` is where the draft stood when it came: held, unless it was released before."""

    reply_id: str
    status: str
    repeated: bool


@dataclass(frozen=True)
class ExchangeAccepted:
    message_id: str
    reply_id: str
    status: str
    repeated: bool


@dataclass(frozen=True)
class Bridge:
    """The message that covers a hold; shown once, whichever call tells it first."""

    delivery_id: str
    text: str


@dataclass(frozen=True)
class ReplyState:
    """`text` is what the participant may see, so it stays empty until the reply is released."""

    reply_id: str
    status: str
    text: str | None
    delivery_id: str | None
    decision: Any  # the gateway's account of who decided; its form is not part of the contract
    bridge: Bridge | None
    released_at: str | None


@dataclass(frozen=True)
class Delivery:
    """Something to show, once; `corrects` names the delivery that it corrects or retracts."""

    delivery_id: str
    conversation_id: str
    participant_id: str
    kind: str
    text: str
    corrects: str | None
    created_at: str


@dataclass(frozen=True)
class DeliveryPage:
    """In order; the next call goes on after `cursor`."""

    deliveries: tuple[Delivery, ...]
    cursor: str


def reply_state_of(answer: JsonObject) -> ReplyState:
    """KeyError when the answer lacks what the contract promises."""
    bridge = answer.get("bridge")
    return ReplyState(
        reply_id=str(answer["reply_id"]),
        status=str(answer["status"]),
        text=answer.get("text"),
        delivery_id=answer.get("delivery_id"),
        decision=answer.get("decision"),
        bridge=None if bridge is None else Bridge(str(bridge["delivery_id"]), str(bridge["text"])),
        released_at=answer.get("released_at"),
    )


def delivery_of(row: JsonObject) -> Delivery:
    """KeyError when the answer lacks what the contract promises."""
    return Delivery(
        delivery_id=str(row["delivery_id"]),
        conversation_id=str(row["conversation_id"]),
        participant_id=str(row["participant_id"]),
        kind=str(row["kind"]),
        text=str(row["text"]),
        corrects=row.get("corrects"),
        created_at=str(row["created_at"]),
    )


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC; a moment without a zone is taken for local time."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def without_missing(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

"""What the bot brings, and what it is answered."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from oversight.domain.lifecycle import DraftStatus
from oversight.domain.severity import Severity


@dataclass(frozen=True)
class ParticipantFacts:
    """What a message says about its participant; None leaves what is known as it is."""

    external_id: str
    language: str | None = None
    jurisdiction: str | None = None
    arm: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class NewMessage:
    """A participant's message. ``urgency`` and ``floor`` are the first look's, made at the edge."""

    external_id: str
    participant: ParticipantFacts
    text: str
    digest: str
    sent_at: datetime | None = None
    urgency: float = 1.0
    floor: Severity | None = None
    language: str | None = None


@dataclass(frozen=True)
class NewReply:
    """The bot's draft. ``in_reply_to`` is a message's external id or our message id."""

    external_id: str
    in_reply_to: str
    text: str
    digest: str
    model_name: str | None = None
    model_version: str | None = None
    prompt_version: str | None = None


@dataclass(frozen=True)
class Arrival:
    """One request of the bot: a message, a draft, or both at once."""

    study_id: uuid.UUID
    conversation: str
    message: NewMessage | None = None
    reply: NewReply | None = None


@dataclass(frozen=True)
class Outcome:
    """What was stored. ``repeated`` means the same request was answered before."""

    conversation: str
    message_id: uuid.UUID | None = None
    received_at: datetime | None = None
    reply_id: uuid.UUID | None = None
    reply_status: DraftStatus | None = None
    repeated: bool = False

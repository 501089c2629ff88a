"""What a call may carry. Texts are taken as they are; only what cannot be kept is refused."""

import json
import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from oversight.domain.texts import LONGEST_TEXT

LONGEST_ID = 128
LARGEST_FREE_FIELD = 64_000
DEEPEST = 10
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Times outside would overflow somewhere on the way to a screen; a wrong clock stays inside."""


def storable(text: str) -> str:
    """The text, unless PostgreSQL cannot keep it: NUL, or half of a surrogate pair."""
    if "\0" in text:
        raise PydanticCustomError("nul", "must not contain the character NUL (U+0000)")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise PydanticCustomError(
                "lone_surrogate", "must not contain half of a surrogate pair (U+D800 to U+DFFF)"
            ) from None
    return text


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep the text."""
    try:
        storable(text)
    except PydanticCustomError:
        return False
    return True


def _spoken(text: str) -> str:
    storable(text)
    if len(text) > LONGEST_TEXT:
        raise PydanticCustomError("text_too_long", "must be at most 20,000 characters long")
    if not text.strip():
        raise PydanticCustomError("blank", "must not be empty or blank")
    return text


def moment(value: object) -> datetime:
    """An RFC 3339 time with its zone, kept as UTC."""
    if not isinstance(value, str):
        raise PydanticCustomError("moment", "must be a time such as 2026-03-01T09:30:00+01:00")
    try:
        told = datetime.fromisoformat(value)
        if told.tzinfo is None or len(value) < len("2026-03-01T09:30Z"):
            raise ValueError(value)
        at = told.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment", "must be a time with its zone, such as 2026-03-01T09:30:00+01:00"
        ) from None
    if not EARLIEST <= at < LATEST:
        raise PydanticCustomError("moment_range", "must lie between the years 1900 and 2200")
    return at


def _code(text: str) -> str:
    return storable(text).strip().upper()


Identifier = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=LONGEST_ID)]
Label = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=200)]
Spoken = Annotated[
    str,
    AfterValidator(_spoken),
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_TEXT}),
]
Moment = Annotated[datetime, BeforeValidator(moment)]
Language = Annotated[
    str, AfterValidator(storable), Field(min_length=1, max_length=35, examples=["en", "es-MX"])
]
Jurisdiction = Annotated[
    str, AfterValidator(_code), Field(min_length=1, max_length=16, examples=["US-IL", "DE"])
]
Timezone = Annotated[
    str, AfterValidator(storable), Field(min_length=1, max_length=64, examples=["Europe/Berlin"])
]


def _keepable(value: Any) -> Any:  # Any: JSON of the study's own form
    """JSON that the record can keep: no NUL, no infinity, not too deep, not too much."""
    _look_through(value, depth=0)
    if len(json.dumps(value)) > LARGEST_FREE_FIELD:
        raise PydanticCustomError("too_large", "must take less than 64 kB")
    return value


def _look_through(value: Any, *, depth: int) -> None:  # Any: as above
    if depth > DEEPEST:
        raise PydanticCustomError("too_deep", "must not be nested more than 10 deep")
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("infinite", "must not hold a number too large to keep")
    elif isinstance(value, dict):
        for name, one in value.items():
            storable(name)
            _look_through(one, depth=depth + 1)
    elif isinstance(value, list):
        for one in value:
            _look_through(one, depth=depth + 1)


Free = Annotated[Any, AfterValidator(_keepable)]  # Any: as above


class Body(BaseModel):
    """Unknown fields are refused: a misspelt one must not go unnoticed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ParticipantBody(Body):
    """Who writes. What is left out stays as it is known; an arm never named means hold_all."""

    id: Identifier
    language: Language | None = None
    jurisdiction: Jurisdiction | None = None
    arm: Identifier | None = None
    timezone: Timezone | None = None


class MessageBody(Body):
    """A participant's message, reported the moment it is written."""

    external_id: Identifier
    participant: ParticipantBody
    conversation_id: Identifier
    text: Spoken
    sent_at: Moment | None = None


class ModelBody(Body):
    """Which model drafted a reply."""

    name: Label
    version: Label


class ReplyBody(Body):
    """The bot's draft. ``in_reply_to`` is the message's external_id, or our message_id."""

    external_id: Identifier
    conversation_id: Identifier
    in_reply_to: Identifier
    text: Spoken
    model: ModelBody | None = None
    prompt_version: Label | None = None


class ExchangeReplyBody(Body):
    """A draft beside its message, whose conversation and id need not be said twice."""

    external_id: Identifier
    conversation_id: Identifier | None = None
    in_reply_to: Identifier | None = None
    text: Spoken
    model: ModelBody | None = None
    prompt_version: Label | None = None


class ExchangeBody(Body):
    """A message and the draft that answers it."""

    message: MessageBody
    reply: ExchangeReplyBody


class ReceiptBody(Body):
    """What became of a delivery, by the clock of the channel that showed it."""

    status: Literal["delivered", "failed"]
    at: Moment
    read_at: Moment | None = None


class CardBody(Body):
    """A participant's card. What is left out stays as it is; null clears it."""

    language: Language | None = None
    jurisdiction: Jurisdiction | None = None
    arm: Identifier | None = None
    timezone: Timezone | None = None
    consent: Free = None
    contacts: Free = None
    collateral: Free = None
    measures: Free = Field(
        None,
        description="PHQ-9, GAD-7, BMI and others, each with its date",
        examples=[[{"name": "BMI", "value": 21.4, "date": "2026-03-01"}]],
    )
    safety_plan: Free = None

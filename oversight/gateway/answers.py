"""What the calls answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from oversight.domain.lifecycle import DraftStatus
from oversight.domain.words import DeliveryKind


class MessageAccepted(BaseModel):
    """The message is in the record."""

    message_id: UUID
    conversation_id: str
    received_at: datetime


class ReplyAccepted(BaseModel):
    """The draft is in the record. Nothing is shown to anybody before it is released."""

    reply_id: UUID
    status: DraftStatus = Field(description="`held` or `released`")


class ExchangeAccepted(BaseModel):
    """Both are in the record."""

    message_id: UUID
    reply_id: UUID
    status: DraftStatus = Field(description="`held` or `released`")


class BridgeShown(BaseModel):
    """A message that covers the hold; show it once."""

    delivery_id: UUID
    text: str


class ReplyNow(BaseModel):
    """Where a reply stands. Show ``text`` once, and send its receipt."""

    reply_id: UUID
    status: DraftStatus
    text: str | None = Field(None, description="only from `released` on")
    delivery_id: UUID | None = None
    decision: str | None = Field(
        None, description="how it was decided: approve, edit, replace, release (by policy), …"
    )
    bridge: BridgeShown | None = None
    released_at: datetime | None = None


class DeliveryShown(BaseModel):
    """One text that the participant should see, once."""

    delivery_id: UUID
    conversation_id: str
    participant_id: str
    kind: DeliveryKind
    text: str
    corrects: UUID | None = Field(None, description="the delivery that this one corrects")
    created_at: datetime


class DeliveryPage(BaseModel):
    """In order; ask again with ``after=cursor``."""

    deliveries: list[DeliveryShown]
    cursor: str


class ReceiptTaken(BaseModel):
    """Where the delivery stands now; `queued` after a failure that will be tried again."""

    delivery_id: UUID
    status: str


class CardKept(BaseModel):
    """The participant as the record has them now."""

    participant_id: str
    arm: str | None
    language: str | None
    jurisdiction: str | None
    timezone: str | None
    consent: Any = None  # Any: the study's own form
    contacts: Any = None  # Any: as above
    collateral: Any = None  # Any: as above
    measures: Any = None  # Any: as above
    safety_plan: Any = None  # Any: as above
    updated_at: datetime

"""Stand-ins for what the project does not own. Here: the bot and the chat channel it writes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from oversight.client import (
    Delivery,
    DraftReply,
    ExchangeAccepted,
    GatewayClient,
    MessageAccepted,
    Participant,
    ParticipantMessage,
    ReplyAccepted,
)


@dataclass
class FakeChannel:
    """The participant's screen: shows each delivery once and sends a receipt for it.

    With `confirms=False` it shows without a receipt, as a channel does whose line breaks.
    """

    client: GatewayClient
    confirms: bool = True
    cursor: str | None = None
    shown: list[Delivery] = field(default_factory=list)

    def listen(self, *, wait_seconds: float = 0.0) -> list[Delivery]:
        """One poll; returns what is new on the screen."""
        page = self.client.deliveries(after=self.cursor, wait_seconds=wait_seconds)
        known = {delivery.delivery_id for delivery in self.shown}
        new = [delivery for delivery in page.deliveries if delivery.delivery_id not in known]
        self.shown.extend(new)
        if self.confirms:
            for delivery in new:
                self.client.receipt(delivery.delivery_id, at=datetime.now(UTC))
        self.cursor = page.cursor
        return new

    def texts(self, conversation_id: str) -> list[str]:
        return [
            delivery.text for delivery in self.shown if delivery.conversation_id == conversation_id
        ]


@dataclass
class FakeBot:
    """A bot in one conversation: reports what the participant says, proposes what to answer.

    External ids are `<conversation>:m<n>` and `<conversation>:r<n>`, so a second bot of the same
    conversation id repeats the first one's calls.
    """

    client: GatewayClient
    participant: Participant
    conversation_id: str
    messages_sent: int = 0
    replies_sent: int = 0

    def hear(self, text: str, *, sent_at: datetime | None = None) -> MessageAccepted:
        return self.client.post_message(self._message(text, sent_at))

    def propose(self, text: str, *, in_reply_to: str | None = None) -> ReplyAccepted:
        """A draft in answer to the last message heard, or to the external id given."""
        return self.client.post_reply(self._reply(text, in_reply_to))

    def exchange(
        self, text: str, reply: str, *, sent_at: datetime | None = None
    ) -> ExchangeAccepted:
        message = self._message(text, sent_at)
        return self.client.post_exchange(message, self._reply(reply, message.external_id))

    def _message(self, text: str, sent_at: datetime | None) -> ParticipantMessage:
        self.messages_sent += 1
        return ParticipantMessage(
            external_id=self._last_message_id(),
            participant=self.participant,
            conversation_id=self.conversation_id,
            text=text,
            sent_at=sent_at,
        )

    def _reply(self, text: str, in_reply_to: str | None) -> DraftReply:
        self.replies_sent += 1
        return DraftReply(
            external_id=f"{self.conversation_id}:r{self.replies_sent}",
            conversation_id=self.conversation_id,
            in_reply_to=in_reply_to or self._last_message_id(),
            text=text,
        )

    def _last_message_id(self) -> str:
        return f"{self.conversation_id}:m{self.messages_sent}"

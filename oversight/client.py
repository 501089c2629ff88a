"""A bot's side of the HTTP API, version 1.

Every call is safe to repeat: messages, replies and exchanges carry an external id, participants are
replaced whole, a receipt says the same thing twice. So the client repeats a call by itself when the
gateway is busy (429), cannot write the record (503), or does not answer, and waits at least as long
as `Retry-After` asks. One client may be shared by threads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx

JsonObject = Mapping[str, Any]
"""A decoded JSON object; its values are as free as JSON is."""

ReceiptStatus = Literal["delivered", "failed"]

NOT_ANSWERED = "no_answer"
"""Stands where a problem's code would when no response came at all."""


class GatewayError(Exception):
    """The gateway did not do what it was asked; `status` is 0 when it never answered."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}" if status else f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail

    @property
    def is_about_the_key(self) -> bool:
        """No call with this key will be answered otherwise."""
        return self.status in (401, 403)


class Refused(GatewayError):
    """The gateway answered no; the same call would be refused again."""


class Unavailable(GatewayError):
    """Nothing was acknowledged within the time allowed; the same call may be made again later."""


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
    external_id: str
    participant: Participant
    conversation_id: str
    text: str
    sent_at: datetime | None = None

    def body(self) -> dict[str, Any]:
        return _without_missing(
            external_id=self.external_id,
            participant=_without_missing(**vars(self.participant)),
            conversation_id=self.conversation_id,
            text=self.text,
            sent_at=_timestamp(self.sent_at),
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
        return _without_missing(
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
    delivery_id: str
    conversation_id: str
    participant_id: str
    kind: str
    text: str
    corrects: str | None
    created_at: str


@dataclass(frozen=True)
class DeliveryPage:
    deliveries: tuple[Delivery, ...]
    cursor: str


class GatewayClient:
    """Speaks to one gateway with one study key.

    `give_up_after_seconds` bounds how long one call is repeated before `Unavailable` is raised.
    `pause` is what waits between repeats; when it returns true (as `threading.Event.wait` does once
    the event is set) the client gives up at once.
    """

    def __init__(
        self,
        gateway_url: str,
        study_key: str,
        *,
        give_up_after_seconds: float = 60.0,
        timeout_seconds: float = 15.0,
        connections: int = 32,
        pause: Callable[[float], object] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._give_up_after_seconds = give_up_after_seconds
        self._timeout_seconds = timeout_seconds
        self._pause = pause
        self._http = httpx.Client(
            base_url=gateway_url.rstrip("/"),
            headers={"Authorization": f"Bearer {study_key}"},
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
            trust_env=False,  # a proxy in the environment must not see what participants write
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def post_message(self, message: ParticipantMessage) -> MessageAccepted:
        answer, repeated = self._post("/v1/messages", message.body())
        return MessageAccepted(
            message_id=str(answer["message_id"]),
            conversation_id=str(answer["conversation_id"]),
            received_at=str(answer["received_at"]),
            repeated=repeated,
        )

    def post_reply(self, reply: DraftReply) -> ReplyAccepted:
        answer, repeated = self._post("/v1/replies", reply.body())
        return ReplyAccepted(
            reply_id=str(answer["reply_id"]), status=str(answer["status"]), repeated=repeated
        )

    def post_exchange(self, message: ParticipantMessage, reply: DraftReply) -> ExchangeAccepted:
        answer, repeated = self._post(
            "/v1/exchanges", {"message": message.body(), "reply": reply.body()}
        )
        return ExchangeAccepted(
            message_id=str(answer["message_id"]),
            reply_id=str(answer["reply_id"]),
            status=str(answer["status"]),
            repeated=repeated,
        )

    def put_participant(self, participant_id: str, card: JsonObject) -> JsonObject:
        return _object(
            self._send("PUT", f"/v1/participants/{_segment(participant_id)}", body=dict(card))
        )

    def poll_reply(self, reply_id: str, *, wait_seconds: float = 0.0) -> ReplyState:
        answer = _object(
            self._send(
                "GET",
                f"/v1/replies/{_segment(reply_id)}",
                params={"wait": f"{wait_seconds:g}"},
                wait_seconds=wait_seconds,
            )
        )
        return _reply_state(answer)

    def deliveries(
        self, *, after: str | None = None, wait_seconds: float = 25.0, limit: int | None = None
    ) -> DeliveryPage:
        """Everything participants should see after the cursor, oldest first; empty after `wait`."""
        params = {"wait": f"{wait_seconds:g}"}
        if after is not None:
            params["after"] = after
        if limit is not None:
            params["limit"] = str(limit)
        answer = _object(
            self._send("GET", "/v1/deliveries", params=params, wait_seconds=wait_seconds)
        )
        deliveries = tuple(_delivery(row) for row in answer["deliveries"])
        return DeliveryPage(deliveries, str(answer["cursor"]))

    def receipt(
        self,
        delivery_id: str,
        *,
        at: datetime,
        status: ReceiptStatus = "delivered",
        read_at: datetime | None = None,
    ) -> None:
        body = _without_missing(status=status, at=_timestamp(at), read_at=_timestamp(read_at))
        self._send("POST", f"/v1/deliveries/{_segment(delivery_id)}/receipt", body=body)

    def is_up(self, path: str = "/healthz") -> bool:
        """True when the gateway answers 2xx there now; never repeats and never raises."""
        try:
            return self._http.get(path, timeout=self._timeout_seconds).is_success
        except httpx.HTTPError:
            return False

    def _post(self, path: str, body: dict[str, Any]) -> tuple[JsonObject, bool]:
        response = self._send("POST", path, body=body)
        return _object(response), response.status_code == httpx.codes.OK

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
        wait_seconds: float = 0.0,
    ) -> httpx.Response:
        """Repeat until answered, refused, or out of time; a 2xx response is returned.

        The body is written in ASCII, so that a lone surrogate reaches the gateway's own check.
        """
        give_up_at = time.monotonic() + self._give_up_after_seconds
        attempt = 0
        while True:
            failure, pause_seconds = None, min(0.25 * 2**attempt, 5.0)
            try:
                response = self._http.request(
                    method,
                    path,
                    content=None if body is None else json.dumps(body),
                    headers=None if body is None else {"Content-Type": "application/json"},
                    params=params,
                    timeout=self._timeout_seconds + wait_seconds,
                )
            except httpx.TransportError as error:
                failure = Unavailable(0, NOT_ANSWERED, type(error).__name__)
            else:
                if response.is_success:
                    return response
                if response.status_code not in (429, 502, 503, 504):
                    raise Refused(*_problem(response))
                failure = Unavailable(*_problem(response))
                pause_seconds = max(pause_seconds, _retry_after_seconds(response))
            if time.monotonic() + pause_seconds > give_up_at or self._pause(pause_seconds):
                raise failure
            attempt += 1


def _reply_state(answer: JsonObject) -> ReplyState:
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


def _delivery(row: JsonObject) -> Delivery:
    return Delivery(
        delivery_id=str(row["delivery_id"]),
        conversation_id=str(row["conversation_id"]),
        participant_id=str(row["participant_id"]),
        kind=str(row["kind"]),
        text=str(row["text"]),
        corrects=row.get("corrects"),
        created_at=str(row["created_at"]),
    )


def _object(response: httpx.Response) -> JsonObject:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Refused(response.status_code, "not_json", "the answer is not a JSON object")
    return answer


def _problem(response: httpx.Response) -> tuple[int, str, str]:
    """Status, stable code and detail of a problem+json answer; a proxy's page has no code."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return response.status_code, f"http_{response.status_code}", response.reason_phrase
    code = str(problem.get("code", f"http_{response.status_code}"))
    return response.status_code, code, str(problem.get("detail") or problem.get("title") or "")


def _retry_after_seconds(response: httpx.Response) -> float:
    """Seconds or an HTTP date, as RFC 9110 §10.2.3 allows; 0 when absent or unreadable."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _segment(name: str) -> str:
    return quote(name, safe="")


def _timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _without_missing(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

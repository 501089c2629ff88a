"""A bot's side of the HTTP API, version 1.

Every call is safe to repeat: messages, replies and exchanges carry an external id, participants are
replaced whole, a receipt says the same thing twice. So the client repeats a call by itself when the
gateway is busy (429), cannot write the record (503), or does not answer, and waits at least as long
as `Retry-After` asks. One client may be shared by threads.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx

from oversight.wire import (
    BotModel,
    Bridge,
    Delivery,
    DeliveryPage,
    DraftReply,
    ExchangeAccepted,
    JsonObject,
    MessageAccepted,
    Participant,
    ParticipantMessage,
    ReplyAccepted,
    ReplyState,
    delivery_of,
    reply_state_of,
    timestamp,
    without_missing,
)

__all__ = [
    "BotModel",
    "Bridge",
    "Delivery",
    "DeliveryPage",
    "DraftReply",
    "ExchangeAccepted",
    "GatewayClient",
    "GatewayError",
    "MessageAccepted",
    "Participant",
    "ParticipantMessage",
    "Refused",
    "ReplyAccepted",
    "ReplyState",
    "Unavailable",
]

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
        """No call with this key will be answered otherwise; a 403 may be about one participant."""
        return self.status == 401


class Refused(GatewayError):
    """The gateway answered no; the same call would be refused again."""


class Unavailable(GatewayError):
    """Nothing was acknowledged within the time allowed; the same call may be made again later."""


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
        return reply_state_of(answer)

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
        deliveries = tuple(delivery_of(row) for row in answer["deliveries"])
        return DeliveryPage(deliveries, str(answer["cursor"]))

    def receipt(
        self,
        delivery_id: str,
        *,
        at: datetime,
        status: ReceiptStatus = "delivered",
        read_at: datetime | None = None,
    ) -> None:
        body = without_missing(status=status, at=timestamp(at), read_at=timestamp(read_at))
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
            failure, pause_seconds = None, min(0.25 * 2 ** min(attempt, 5), 5.0)
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

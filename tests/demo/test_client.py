"""The client repeats what was not answered, and only that."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from oversight.client import (
    BotModel,
    DraftReply,
    GatewayClient,
    Participant,
    ParticipantMessage,
    Refused,
    Unavailable,
)

MESSAGE = ParticipantMessage("m-1", Participant("p-001", language="en"), "c-1", "hello")
REPLY = DraftReply("r-1", "c-1", "m-1", "hi there", model=BotModel("bot", "1"))
ACCEPTED = {"message_id": "M", "conversation_id": "c-1", "received_at": "2026-01-01T00:00:00Z"}

Answers = list[httpx.Response | Exception]


class Wire:
    """Gives the prepared answers in turn and keeps what was asked and how long was paused."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: Answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def client(
        self,
        *,
        give_up_after_seconds: float = 600.0,
        pause: Callable[[float], object] | None = None,
    ) -> GatewayClient:
        return GatewayClient(
            "http://gateway/",
            "key",
            give_up_after_seconds=give_up_after_seconds,
            pause=pause or self.pauses.append,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[object]:
        return [json.loads(request.content) for request in self.requests]


def test_a_message_is_sent_as_the_contract_has_it_and_unknowns_are_left_out() -> None:
    wire = Wire(httpx.Response(202, json=ACCEPTED))
    accepted = wire.client().post_message(MESSAGE)
    assert (accepted.message_id, accepted.repeated) == ("M", False)
    assert wire.requests[0].url == "http://gateway/v1/messages"
    assert wire.requests[0].headers["Authorization"] == "Bearer key"
    assert wire.bodies == [
        {
            "external_id": "m-1",
            "participant": {"id": "p-001", "language": "en"},
            "conversation_id": "c-1",
            "text": "hello",
        }
    ]


def test_an_exchange_carries_both_bodies() -> None:
    answer = {"message_id": "M", "reply_id": "R", "status": "held"}
    wire = Wire(httpx.Response(202, json=answer))
    assert wire.client().post_exchange(MESSAGE, REPLY).reply_id == "R"
    assert wire.bodies == [{"message": MESSAGE.body(), "reply": REPLY.body()}]


def test_an_answer_of_200_means_that_it_was_known_already() -> None:
    assert Wire(httpx.Response(200, json=ACCEPTED)).client().post_message(MESSAGE).repeated


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_gateway_is_asked_again_with_the_same_body(status: int) -> None:
    wire = Wire(httpx.Response(status), httpx.Response(202, json=ACCEPTED))
    wire.client().post_message(MESSAGE)
    assert wire.bodies[0] == wire.bodies[1]


def test_retry_after_in_seconds_is_waited_for() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "7"})
    wire = Wire(busy, httpx.Response(202, json=ACCEPTED))
    wire.client().post_message(MESSAGE)
    assert wire.pauses == [7.0]


def test_retry_after_as_a_date_is_waited_for() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    wire = Wire(
        httpx.Response(429, headers={"Retry-After": at}), httpx.Response(202, json=ACCEPTED)
    )
    wire.client().post_message(MESSAGE)
    assert 25 < wire.pauses[0] <= 30


def test_an_unreadable_retry_after_does_not_stop_the_repeat() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "soon"})
    wire = Wire(busy, httpx.Response(202, json=ACCEPTED))
    wire.client().post_message(MESSAGE)
    assert len(wire.requests) == 2


def test_a_broken_line_is_tried_again() -> None:
    wire = Wire(httpx.ConnectError("refused"), httpx.Response(202, json=ACCEPTED))
    assert wire.client().post_message(MESSAGE).message_id == "M"


def test_out_of_time_means_unavailable_with_the_last_reason() -> None:
    problem = {"code": "record_unavailable", "detail": "the record cannot be written"}
    wire = Wire(httpx.Response(503, json=problem, headers={"Retry-After": "60"}))
    with pytest.raises(Unavailable) as caught:
        wire.client(give_up_after_seconds=5).post_message(MESSAGE)
    assert (caught.value.status, caught.value.code) == (503, "record_unavailable")
    assert wire.pauses == []


def test_a_pause_that_was_told_to_stop_ends_the_repeats() -> None:
    wire = Wire(httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        wire.client(pause=lambda seconds: True).post_message(MESSAGE)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_a_refusal_is_not_repeated_and_names_its_code(status: int) -> None:
    wire = Wire(httpx.Response(status, json={"code": "some_reason", "detail": "text: too long"}))
    with pytest.raises(Refused) as caught:
        wire.client().post_message(MESSAGE)
    assert (caught.value.status, caught.value.code) == (status, "some_reason")
    assert len(wire.requests) == 1


def test_a_refusal_without_a_problem_document_still_has_a_code() -> None:
    with pytest.raises(Refused) as caught:
        Wire(httpx.Response(404, text="<html>")).client().post_message(MESSAGE)
    assert caught.value.code == "http_404"


def test_a_lone_surrogate_reaches_the_gateways_own_check() -> None:
    wire = Wire(httpx.Response(422, json={"code": "lone_surrogate"}))
    with pytest.raises(Refused):
        wire.client().post_message(ParticipantMessage("m", Participant("p"), "c", "\ud800"))
    assert b"\\ud800" in wire.requests[0].content


def test_ids_cannot_leave_their_place_in_the_address() -> None:
    wire = Wire(httpx.Response(200, json={}))
    wire.client().put_participant("p/../x?y", {"language": "en"})
    assert wire.requests[0].url.raw_path == b"/v1/participants/p%2F..%2Fx%3Fy"


def test_the_feed_is_asked_after_the_cursor() -> None:
    row = {
        "delivery_id": "D",
        "conversation_id": "c-1",
        "participant_id": "p-001",
        "kind": "reply",
        "text": "hi",
        "created_at": "2026-01-01T00:00:00Z",
    }
    wire = Wire(httpx.Response(200, json={"deliveries": [row], "cursor": "9"}))
    page = wire.client().deliveries(after="8", wait_seconds=25)
    assert dict(wire.requests[0].url.params) == {"wait": "25", "after": "8"}
    assert (page.cursor, page.deliveries[0].text, page.deliveries[0].corrects) == ("9", "hi", None)


def test_a_held_reply_shows_its_bridge_and_no_text() -> None:
    answer = {
        "reply_id": "R",
        "status": "held",
        "bridge": {"delivery_id": "D", "text": "We are here."},
    }
    state = Wire(httpx.Response(200, json=answer)).client().poll_reply("R", wait_seconds=0)
    assert state.text is None
    assert state.bridge is not None
    assert state.bridge.delivery_id == "D"


def test_a_receipt_says_when_it_was_shown_and_read() -> None:
    wire = Wire(httpx.Response(200, json={}))
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    wire.client().receipt("D", at=at, read_at=at)
    stamp = "2026-01-01T12:00:00+00:00"
    assert wire.bodies == [{"status": "delivered", "at": stamp, "read_at": stamp}]


def test_asking_whether_it_is_up_never_raises() -> None:
    assert Wire(httpx.Response(200)).client().is_up()
    assert not Wire(httpx.Response(503)).client().is_up("/readyz")
    assert not Wire(httpx.ConnectError("refused")).client().is_up()

"""Each row of the API's table, and each way it says no."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from oversight.gateway.problems import CODES
from oversight.settings import Settings
from tests.gateway.conftest import Bot, Clinic, bot_of, served, until

JSON = {"Content-Type": "application/json"}
A_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")


def assert_problem(
    answer: httpx.Response, status: int, code: str, field: str | None = None
) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert all(body[name] for name in ("title", "detail", "type"))
    assert body.get("field") == field, body
    assert CODES[code][0] == status


# What is accepted


def test_a_message_is_answered_with_its_ids_and_the_time_of_receipt(bot: Bot) -> None:
    answer = bot.send("/v1/messages", bot.message_body("I slept badly."))
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"message_id", "conversation_id", "received_at"}
    assert uuid.UUID(body["message_id"])
    assert body["conversation_id"] == "c-1"
    assert A_TIME.match(body["received_at"])


def test_a_reply_names_its_message_by_the_bots_id_or_by_ours(bot: Bot) -> None:
    said = bot.message_body()
    message_id = bot.send("/v1/messages", said).json()["message_id"]
    for name in (said["external_id"], message_id):
        answer = bot.send("/v1/replies", bot.reply_body(name))
        assert answer.status_code == 202
        assert set(answer.json()) == {"reply_id", "status"}
        assert answer.json()["status"] == "held"


def test_an_exchange_brings_both_at_once(bot: Bot) -> None:
    message = bot.message_body()
    short = {"external_id": "short", "text": "I hear you.", "model": {"name": "m", "version": "1"}}
    answer = bot.send("/v1/exchanges", {"message": message, "reply": short})
    assert answer.status_code == 202
    assert set(answer.json()) == {"message_id", "reply_id", "status"}
    message = bot.message_body()
    full = bot.reply_body(message["external_id"], prompt_version="7")
    assert bot.send("/v1/exchanges", {"message": message, "reply": full}).status_code == 202


def test_a_second_draft_supersedes_the_first(bot: Bot) -> None:
    first, second = bot.exchange(), bot.exchange()
    statuses = [
        bot.http.get(f"/v1/replies/{one['reply_id']}").json()["status"] for one in (first, second)
    ]
    assert statuses == ["superseded", "held"]


def test_the_way_from_release_to_receipt(bot: Bot, clinic: Clinic) -> None:
    reply_id = bot.exchange()["reply_id"]
    state = bot.http.get(f"/v1/replies/{reply_id}").json()
    assert state == {"reply_id": reply_id, "status": "held"}
    delivery_id = clinic.release(reply_id)
    state = bot.http.get(f"/v1/replies/{reply_id}", params={"wait": 10}).json()
    assert state["status"] == "released"
    assert state["text"] == "I hear you."
    assert state["delivery_id"] == delivery_id
    assert state["decision"] == "release"
    assert A_TIME.match(state["released_at"])
    page = bot.deliveries()
    assert [one["delivery_id"] for one in page["deliveries"]] == [delivery_id]
    shown = page["deliveries"][0]
    assert {
        name: shown[name] for name in ("conversation_id", "participant_id", "kind", "text")
    } == {
        "conversation_id": "c-1",
        "participant_id": "p-1",
        "kind": "reply",
        "text": "I hear you.",
    }
    assert A_TIME.match(shown["created_at"])
    assert bot.deliveries(after=page["cursor"]) == {"deliveries": [], "cursor": page["cursor"]}
    receipt = {"status": "delivered", "at": "2026-03-01T09:30:00+01:00"}
    for _ in range(2):
        answer = bot.send(f"/v1/deliveries/{delivery_id}/receipt", receipt)
        assert answer.status_code == 200
        assert answer.json() == {"delivery_id": delivery_id, "status": "delivered"}
    assert bot.http.get(f"/v1/replies/{reply_id}").json()["status"] == "delivered"
    contradicted = bot.send(f"/v1/deliveries/{delivery_id}/receipt", receipt | {"status": "failed"})
    assert_problem(contradicted, 409, "conflict")


def test_until_the_undo_window_ends_polls_and_feed_answer_held(bot: Bot, clinic: Clinic) -> None:
    reply_id = bot.exchange()["reply_id"]
    clinic.release(reply_id, undo_seconds=60)
    state = bot.http.get(f"/v1/replies/{reply_id}").json()
    assert state["status"] == "held"
    assert "text" not in state
    assert bot.deliveries()["deliveries"] == []


def test_a_failure_reported_is_tried_again_under_the_same_id(bot: Bot, clinic: Clinic) -> None:
    delivery_id = clinic.release(bot.exchange()["reply_id"])
    cursor = bot.deliveries()["cursor"]
    failed = {"status": "failed", "at": "2026-03-01T09:30:00Z"}
    answer = bot.send(f"/v1/deliveries/{delivery_id}/receipt", failed)
    assert answer.json()["status"] == "queued"
    again = bot.deliveries(after=cursor, wait=10)
    assert [one["delivery_id"] for one in again["deliveries"]] == [delivery_id]


def test_a_card_keeps_what_a_change_leaves_out(bot: Bot, clinic: Clinic) -> None:
    card = {
        "language": "es",
        "jurisdiction": "us-il",
        "timezone": "America/Chicago",
        "consent": {"status": "given"},
        "contacts": [{"kind": "phone", "value": "555-0101"}],
        "collateral": [{"name": "sister", "consented": True}],
        "measures": [
            {"name": "PHQ-9", "value": 18, "date": "2026-03-01"},
            {"instrument": "bmi", "value": 17.4, "on": "2026-02-01"},
        ],
        "safety_plan": {"coping": ["walk"]},
    }
    kept = bot.http.put("/v1/participants/p-9", json=card)
    assert kept.status_code == 200
    changed = bot.http.put("/v1/participants/p-9", json={"language": "en", "consent": None})
    body = changed.json()
    assert changed.status_code == 200
    assert body["participant_id"] == "p-9"
    assert (body["language"], body["jurisdiction"]) == ("en", "US-IL")
    assert body["contacts"] == card["contacts"]
    assert body["safety_plan"] == card["safety_plan"]
    assert "consent" not in body
    assert body["measures"][1] == {"name": "BMI", "value": 17.4, "date": "2026-02-01"}
    events = "SELECT count(*) FROM audit_events WHERE kind = 'participant.change'"
    assert clinic.count(events) == 2
    assert clinic.count(f"{events} AND detail::text LIKE '%555%'") == 0


@pytest.mark.parametrize(
    "measures",
    [
        {"BMI": 17.4},
        {"BMI": {"value": 17.4}},
        {"bmi": [{"score": 17.4}]},
        [{"measure": "BMI", "score": 17.4}],
    ],
)
def test_measures_are_understood_however_a_study_writes_them(bot: Bot, measures: Any) -> None:
    answer = bot.http.put("/v1/participants/p-9", json={"measures": measures})
    assert answer.json()["measures"] == [{"name": "BMI", "value": 17.4}]


def test_a_participants_id_may_hold_a_slash(bot: Bot) -> None:
    answer = bot.http.put("/v1/participants/site%2F9", json={"language": "en"})
    assert answer.json()["participant_id"] == "site/9"


@pytest.mark.parametrize(
    ("sent_at", "kept"),
    [
        ("2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00+00:00"),
        ("2026-03-29T02:30:00Z", "2026-03-29T02:30:00+00:00"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_the_senders_time_is_kept_beside_ours(
    bot: Bot, clinic: Clinic, sent_at: str, kept: str
) -> None:
    assert bot.send("/v1/messages", bot.message_body(sent_at=sent_at)).status_code == 202
    stored = f"SELECT count(*) FROM messages WHERE sent_at = '{kept}'"
    assert clinic.count(f"{stored} AND received_at > now() - interval '1 minute'") == 1


def test_a_text_of_20000_characters_of_any_kind_is_kept_whole(bot: Bot, clinic: Clinic) -> None:
    for words in ("a" * 20_000, "😀" * 20_000, "\u202e\u200b‮x" * 5_000):
        assert bot.send("/v1/messages", bot.message_body(words)).status_code == 202
    assert clinic.count("SELECT count(*) FROM messages WHERE length(text) = 20000") == 3


def test_a_text_of_nothing_visible_is_for_a_person_to_judge(bot: Bot) -> None:
    assert bot.send("/v1/messages", bot.message_body("\u200b\u2060")).status_code == 202


# Repetition


def test_the_same_call_twice_has_one_effect_and_one_answer(bot: Bot, clinic: Clinic) -> None:
    message = bot.message_body(sent_at="2026-03-01T09:30:00+01:00")
    first = bot.send("/v1/messages", message)
    same = dict(reversed(message.items())) | {"sent_at": "2026-03-01T08:30:00Z"}
    again = bot.send("/v1/messages", same)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    reply = bot.reply_body(message["external_id"])
    first, again = bot.send("/v1/replies", reply), bot.send("/v1/replies", reply)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    both = {"message": bot.message_body(), "reply": {"external_id": "x", "text": "y"}}
    first, again = bot.send("/v1/exchanges", both), bot.send("/v1/exchanges", both)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    assert clinic.count("SELECT count(*) FROM messages") == 2
    assert clinic.count("SELECT count(*) FROM drafts") == 2


def test_a_repeated_reply_gets_the_first_answer_even_after_a_decision(
    bot: Bot, clinic: Clinic
) -> None:
    message = bot.message_body()
    bot.send("/v1/messages", message)
    reply = bot.reply_body(message["external_id"])
    first = bot.send("/v1/replies", reply).json()
    clinic.release(first["reply_id"])
    assert bot.send("/v1/replies", reply).json() == first


def test_the_same_id_with_another_body_is_refused(bot: Bot, clinic: Clinic) -> None:
    message = bot.message_body("one")
    bot.send("/v1/messages", message)
    refused = bot.send("/v1/messages", message | {"text": "two"})
    assert_problem(refused, 409, "conflict", "external_id")
    reply = bot.reply_body(message["external_id"])
    bot.send("/v1/replies", reply)
    refused = bot.send("/v1/replies", reply | {"text": "two"})
    assert_problem(refused, 409, "conflict", "external_id")
    exchange = {"message": message | {"text": "two"}, "reply": {"external_id": "n", "text": "y"}}
    refused = bot.send("/v1/exchanges", exchange)
    assert_problem(refused, 409, "conflict", "message.external_id")
    assert clinic.count("SELECT count(*) FROM messages") == 1


def test_messages_and_replies_may_share_an_id(bot: Bot) -> None:
    message = bot.message_body(external_id="7")
    assert bot.send("/v1/messages", message).status_code == 202
    assert bot.send("/v1/replies", bot.reply_body("7", external_id="7")).status_code == 202


# Order


def test_a_reply_before_its_message_is_sent_back(bot: Bot) -> None:
    early = bot.reply_body("m-later")
    assert_problem(bot.send("/v1/replies", early), 404, "not_found", "conversation_id")
    bot.send("/v1/messages", bot.message_body(external_id="m-other"))
    assert_problem(bot.send("/v1/replies", early), 404, "not_found", "in_reply_to")
    bot.send("/v1/messages", bot.message_body(external_id="m-later"))
    assert bot.send("/v1/replies", early).status_code == 202


def test_a_reply_names_a_message_of_its_own_conversation(bot: Bot) -> None:
    bot.send("/v1/messages", bot.message_body(external_id="here"))
    bot.send("/v1/messages", bot.message_body(external_id="there", conversation_id="c-2"))
    assert_problem(
        bot.send("/v1/replies", bot.reply_body("there")), 404, "not_found", "in_reply_to"
    )


def test_an_older_message_is_taken_in_order_of_receipt(bot: Bot, clinic: Clinic) -> None:
    now = datetime.now(UTC)
    for minutes in (0, -15, 9):
        sent_at = (now + timedelta(minutes=minutes)).isoformat()
        assert bot.send("/v1/messages", bot.message_body(sent_at=sent_at)).status_code == 202
    in_order = "SELECT count(*) FROM messages WHERE sequence = substr(external_id, 2)::int"
    assert clinic.count(in_order) == 3


def test_a_conversation_belongs_to_one_participant(bot: Bot) -> None:
    bot.send("/v1/messages", bot.message_body())
    other = bot.message_body(participant={"id": "p-2"})
    assert_problem(bot.send("/v1/messages", other), 409, "conflict", "participant.id")


# What is refused


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"text": ""}, 422, "invalid_field", "text"),
        ({"text": " \n\t"}, 422, "invalid_field", "text"),
        ({"text": "a\0b"}, 422, "invalid_field", "text"),
        ({"text": "a\ud800b"}, 422, "invalid_field", "text"),
        ({"text": 7}, 422, "invalid_field", "text"),
        ({"text": None}, 422, "invalid_field", "text"),
        ({"text": ...}, 422, "missing_field", "text"),
        ({"text": "a" * 20_001}, 413, "text_too_long", "text"),
        ({"external_id": ""}, 422, "invalid_field", "external_id"),
        ({"external_id": "x" * 129}, 422, "invalid_field", "external_id"),
        ({"external_id": "x\0"}, 422, "invalid_field", "external_id"),
        ({"external_id": "\udfff"}, 422, "invalid_field", "external_id"),
        ({"conversation_id": ...}, 422, "missing_field", "conversation_id"),
        ({"participant": "p-1"}, 422, "invalid_field", "participant"),
        ({"participant": {}}, 422, "missing_field", "participant.id"),
        ({"participant": {"id": "p\0"}}, 422, "invalid_field", "participant.id"),
        ({"participant": {"id": "p", "age": 3}}, 422, "unknown_field", "participant.age"),
        ({"participant": {"id": "p", "arm": "no"}}, 422, "invalid_field", "participant.arm"),
        ({"sent_at": "2026-03-01T09:30:00"}, 422, "invalid_field", "sent_at"),
        ({"sent_at": "2026-03-01"}, 422, "invalid_field", "sent_at"),
        ({"sent_at": "yesterday"}, 422, "invalid_field", "sent_at"),
        ({"sent_at": 1_700_000_000}, 422, "invalid_field", "sent_at"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid_field", "sent_at"),
        ({"sent_at": "9999-12-31T23:59:59-14:00"}, 422, "invalid_field", "sent_at"),
        ({"mood": "blue"}, 422, "unknown_field", "mood"),
    ],
)
def test_a_message_that_cannot_be_kept_names_its_field(
    bot: Bot, clinic: Clinic, changed: dict[str, Any], status: int, code: str, field: str
) -> None:
    body = json.dumps(bot.message_body(**changed))
    answer = bot.http.post("/v1/messages", content=body, headers=JSON)
    assert_problem(answer, status, code, field)
    wrapped = json.dumps(
        {
            "message": bot.message_body(**changed),
            "reply": {"external_id": "r", "text": "I hear you."},
        }
    )
    answer = bot.http.post("/v1/exchanges", content=wrapped, headers=JSON)
    assert_problem(answer, status, code, f"message.{field}")
    assert clinic.count("SELECT count(*) FROM messages") == 0


def test_a_field_whose_name_nobody_can_write_is_refused(bot: Bot) -> None:
    body = json.dumps(bot.message_body() | {"\ud800": 1})
    answer = bot.http.post("/v1/messages", content=body, headers=JSON)
    assert_problem(answer, 422, "invalid_field", "body")


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"text": "  "}, 422, "invalid_field", "text"),
        ({"text": "b" * 20_001}, 413, "text_too_long", "text"),
        ({"in_reply_to": ...}, 422, "missing_field", "in_reply_to"),
        ({"model": {"name": "m"}}, 422, "missing_field", "model.version"),
        ({"model": "m"}, 422, "invalid_field", "model"),
        ({"prompt_version": ""}, 422, "invalid_field", "prompt_version"),
        ({"temperature": 1}, 422, "unknown_field", "temperature"),
    ],
)
def test_a_reply_that_cannot_be_kept_names_its_field(
    bot: Bot, changed: dict[str, Any], status: int, code: str, field: str
) -> None:
    message = bot.message_body()
    bot.send("/v1/messages", message)
    answer = bot.send("/v1/replies", bot.reply_body(message["external_id"], **changed))
    assert_problem(answer, status, code, field)


def test_an_exchange_does_not_contradict_itself(bot: Bot) -> None:
    for field, value in (("conversation_id", "c-2"), ("in_reply_to", "m-0")):
        reply = {"external_id": "r", "text": "y", field: value}
        answer = bot.send("/v1/exchanges", {"message": bot.message_body(), "reply": reply})
        assert_problem(answer, 422, "invalid_field", f"reply.{field}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"text": NaN}',
        b'{"text": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b"1" * 5_000,
    ],
    ids=lambda body: f"{len(body)} bytes",
)
def test_what_is_not_json_is_malformed(bot: Bot, body: bytes) -> None:
    answer = bot.http.post("/v1/messages", content=body, headers=JSON)
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "7"])
def test_json_that_is_no_object_is_refused(bot: Bot, body: str) -> None:
    answer = bot.http.post("/v1/messages", content=body, headers=JSON)
    assert_problem(answer, 422, "invalid_field", "body")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(bot: Bot, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    body = json.dumps(bot.message_body())
    for method, path in (("POST", "/v1/messages"), ("PUT", "/v1/participants/p")):
        answer = bot.http.request(method, path, content=body.encode(), headers=headers)
        assert_problem(answer, 415, "unsupported_media_type")


def test_json_may_name_its_charset(bot: Bot) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = json.dumps(bot.message_body())
    assert bot.http.post("/v1/messages", content=body, headers=headers).status_code == 202


def test_a_body_of_any_size_is_not_read(bot: Bot) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    huge = b" " * (2 * 1024 * 1024 + 1)
    for content in (huge, endless()):
        answer = bot.http.post("/v1/messages", content=content, headers=JSON)
        assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "key_missing"),
        ("", "key_missing"),
        ("Bearer", "key_missing"),
        ("Basic dXNlcjpwYXNz", "key_missing"),
        ("Bearer ovk_wrong", "key_unknown"),
        ("Bearer " + "x" * 5_000, "key_unknown"),
    ],
)
def test_a_call_without_a_known_key_is_refused(
    gateway_url: str, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    calls = [
        ("POST", "/v1/messages"),
        ("POST", "/v1/replies"),
        ("POST", "/v1/exchanges"),
        ("GET", f"/v1/replies/{uuid.uuid4()}"),
        ("GET", "/v1/deliveries"),
        ("POST", f"/v1/deliveries/{uuid.uuid4()}/receipt"),
        ("PUT", "/v1/participants/p"),
    ]
    with httpx.Client(base_url=gateway_url, headers=headers, trust_env=False) as stranger:
        for method, path in calls:
            answer = stranger.request(method, path)
            assert_problem(answer, 401, code)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_study_sees_nothing_of_another(bot: Bot, clinic: Clinic, gateway_url: str) -> None:
    from oversight.services.keys import create_key

    reply_id = bot.exchange()["reply_id"]
    delivery_id = clinic.release(reply_id)
    bot.deliveries()
    with clinic.database.transaction() as session:
        other_key = create_key(session, study="wren", label="other")
    with bot_of(gateway_url, other_key) as other:
        assert_problem(other.http.get(f"/v1/replies/{reply_id}"), 404, "not_found")
        receipt = {"status": "delivered", "at": "2026-03-01T09:30:00Z"}
        answer = other.send(f"/v1/deliveries/{delivery_id}/receipt", receipt)
        assert_problem(answer, 404, "not_found")
        assert other.deliveries()["deliveries"] == []
        assert_problem(
            other.send("/v1/replies", other.reply_body("m1")), 404, "not_found", "conversation_id"
        )
        same_names = other.message_body(external_id="m1")
        assert other.send("/v1/messages", same_names).status_code == 202


def test_a_revoked_key_is_refused_within_seconds(
    bot: Bot, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oversight.gateway import access
    from oversight.services.keys import list_keys, revoke_key

    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)
    assert bot.deliveries()
    with clinic.database.transaction() as session:
        revoke_key(session, list_keys(session)[0].id)
    bot.http.get("/v1/deliveries")
    assert_problem(bot.http.get("/v1/deliveries"), 403, "key_revoked")


def test_unknown_things_are_not_found(bot: Bot) -> None:
    for reply_id in (str(uuid.uuid4()), "7", "x" * 500):
        assert_problem(bot.http.get(f"/v1/replies/{reply_id}"), 404, "not_found")
    receipt = {"status": "delivered", "at": "2026-03-01T09:30:00Z"}
    for delivery_id in (str(uuid.uuid4()), "7"):
        answer = bot.send(f"/v1/deliveries/{delivery_id}/receipt", receipt)
        assert_problem(answer, 404, "not_found")
    assert_problem(bot.http.get("/v1/nothing"), 404, "no_such_call")
    assert_problem(bot.http.delete("/v1/messages"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"after": "x"}, "after"),
        ({"after": "-1"}, "after"),
        ({"after": "9" * 30}, "after"),
        ({"wait": "soon"}, "wait"),
        ({"wait": "-1"}, "wait"),
        ({"wait": "nan"}, "wait"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_query_that_cannot_be_used_names_its_parameter(
    bot: Bot, params: dict[str, str], field: str
) -> None:
    assert_problem(bot.http.get("/v1/deliveries", params=params), 422, "invalid_field", field)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"status": "seen", "at": "2026-03-01T09:30:00Z"}, "invalid_field", "status"),
        ({"status": "delivered"}, "missing_field", "at"),
        ({"status": "delivered", "at": "09:30"}, "invalid_field", "at"),
        ({"status": "delivered", "at": "2026-03-01T09:30:00Z", "x": 1}, "unknown_field", "x"),
    ],
)
def test_a_receipt_that_says_nothing_clear_is_refused(
    bot: Bot, clinic: Clinic, body: dict[str, Any], code: str, field: str
) -> None:
    delivery_id = clinic.release(bot.exchange()["reply_id"])
    bot.deliveries()
    answer = bot.send(f"/v1/deliveries/{delivery_id}/receipt", body)
    assert_problem(answer, 422, code, field)


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"arm": "nowhere"}, "arm"),
        ({"contacts": ["a\0b"]}, "contacts"),
        ({"contacts": {"\ud800": 1}}, "contacts"),
        ({"safety_plan": "x" * 70_000}, "safety_plan"),
        ({"measures": "PHQ-9"}, "measures"),
        ({"measures": [7]}, "measures.0"),
        ({"measures": [{"name": "BMI", "value": "17"}]}, "measures.0.value"),
        ({"measures": [{"name": "BMI", "value": True}]}, "measures.0.value"),
        ({"measures": [{"value": 17}]}, "measures.0.name"),
        ({"measures": [{"name": "BMI", "value": 17, "date": "March"}]}, "measures.0.date"),
    ],
)
def test_a_card_that_cannot_be_kept_names_its_field(bot: Bot, card: Any, field: str) -> None:
    answer = bot.http.put("/v1/participants/p", content=json.dumps(card), headers=JSON)
    assert_problem(answer, 422, "invalid_field", field)


def test_a_number_too_large_to_keep_is_refused(bot: Bot) -> None:
    body = '{"safety_plan": {"n": 1e999}}'
    answer = bot.http.put("/v1/participants/p", content=body, headers=JSON)
    assert_problem(answer, 422, "invalid_field", "safety_plan")


def test_a_card_knows_no_other_field(bot: Bot) -> None:
    answer = bot.http.put("/v1/participants/p", json={"nickname": "x"})
    assert_problem(answer, 422, "unknown_field", "nickname")


def test_a_key_may_make_so_many_calls_a_second(settings: Settings, study_key: str) -> None:
    with served(replace(settings, rate_per_second=5.0)) as url, bot_of(url, study_key) as bot:
        answers = [bot.http.get("/v1/deliveries") for _ in range(30)]
    limited = [one for one in answers if one.status_code == 429]
    assert limited
    assert answers[0].status_code == 200
    assert_problem(limited[0], 429, "rate_limited")
    assert int(limited[0].headers["retry-after"]) >= 1


# A refusal must not hide a person


def test_a_refused_message_puts_its_conversation_up_once_a_minute(bot: Bot, clinic: Clinic) -> None:
    message = bot.message_body()
    bot.send("/v1/messages", message)
    for changed in ({"text": "x" * 20_001}, {"text": ""}, {"mood": "blue"}):
        assert not bot.send("/v1/messages", bot.message_body(**changed)).is_success
    bot.send("/v1/messages", message | {"text": "other"})
    noticed = "SELECT count(*) FROM review_items WHERE notice = 'text_too_long'"
    assert clinic.count(noticed) == 1
    refused = "SELECT count(*) FROM audit_events WHERE kind = 'message.refuse'"
    assert clinic.count(refused) == 1
    bot.send("/v1/messages", bot.message_body(conversation_id="c-new", text=""))
    assert clinic.count("SELECT count(*) FROM conversations") == 1


def test_a_refused_exchange_does_so_too(bot: Bot, clinic: Clinic) -> None:
    bot.send("/v1/messages", bot.message_body())
    reply = {"external_id": "r", "text": ""}
    bot.send("/v1/exchanges", {"message": bot.message_body(), "reply": reply})
    assert clinic.count("SELECT count(*) FROM review_items WHERE notice = 'invalid_field'") == 1


# What the calls say about themselves


def test_every_code_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for code, (status, _) in CODES.items():
        assert re.search(rf"\| {status} \| `{code}` \|", page), code


def test_the_schema_names_every_call_and_its_problems(bot: Bot) -> None:
    schema = bot.http.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/messages",
        "/v1/replies",
        "/v1/exchanges",
        "/v1/replies/{reply_id}",
        "/v1/deliveries",
        "/v1/deliveries/{delivery_id}/receipt",
        "/v1/participants/{participant_id}",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    post = schema["paths"]["/v1/messages"]["post"]
    assert {"200", "202", "400", "401", "403", "409", "413", "415", "422", "429", "503"} <= set(
        post["responses"]
    )
    told = json.dumps(schema)
    for code in CODES.keys() - {"no_such_call", "method_not_allowed"}:
        assert f"`{code}`" in told, code
    for reference in set(re.findall(r'"#/components/schemas/(\w+)"', told)):
        assert reference in schema["components"]["schemas"], reference


def test_the_log_never_holds_what_was_said(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="oversight")
    secret = "nobody knows that I wrote this"
    bot.send("/v1/messages", bot.message_body(secret, conversation_id=secret, external_id=secret))
    bot.send("/v1/messages", bot.message_body(secret, participant={"id": secret, secret: 1}))
    bot.http.get(f"/{secret}")

    def lines() -> list[str]:
        return [f"{record.getMessage()} {vars(record)}" for record in caplog.records]

    until(lambda: sum("'status'" in line for line in lines()) >= 3)
    assert not [line for line in lines() if secret in line]

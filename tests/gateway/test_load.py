"""Many at once: nothing lost, doubled or passed over, and one bad call spoils no other."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from db.session import Database
from oversight.gateway import writer as writing
from oversight.queries.study_keys import key_standing
from oversight.services.delivering import hand_out
from oversight.services.keys import digest_of_key
from tests.gateway.conftest import Bot, Clinic, until


def everywhere(bot: Bot, number: int, text: str = "hello") -> dict[str, Any]:
    """Message ``number`` of one of forty conversations."""
    return {
        "external_id": f"m{number}",
        "participant": {"id": f"p{number % 40}"},
        "conversation_id": f"c{number % 40}",
        "text": text,
    }


@pytest.mark.slow
def test_a_thousand_calls_with_repetitions_are_each_kept_once(bot: Bot, clinic: Clinic) -> None:
    calls = [everywhere(bot, number) for number in range(800) for _ in range(1 + (number % 4 == 0))]
    random.Random(5).shuffle(calls)
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda body: bot.send("/v1/messages", body), calls))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {202: 800, 200: 200}
    assert len({answer.json()["message_id"] for answer in answers}) == 800
    assert clinic.count("SELECT count(*) FROM messages") == 800
    gaps = (
        "SELECT count(*) FROM (SELECT conversation_id FROM messages GROUP BY conversation_id"
        " HAVING max(sequence) <> count(*) OR min(sequence) <> 1) AS uneven"
    )
    assert clinic.count(gaps) == 0
    assert clinic.count("SELECT count(*) FROM review_items WHERE status <> 'closed'") == 40
    assert clinic.count("SELECT count(*) FROM scoring_work") == 800


def test_two_bodies_race_for_one_id_and_one_wins(bot: Bot, clinic: Clinic) -> None:
    calls = [everywhere(bot, 1, text=f"version {number}") for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda body: bot.send("/v1/messages", body), calls))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 15}
    assert clinic.count("SELECT count(*) FROM messages") == 1


def test_one_id_in_two_conversations_at_once_is_kept_in_one(bot: Bot, clinic: Clinic) -> None:
    calls = [
        everywhere(bot, 1) | {"conversation_id": f"c{number}", "participant": {"id": f"p{number}"}}
        for number in range(16)
    ]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda body: bot.send("/v1/messages", body), calls))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 15}
    assert clinic.count("SELECT count(*) FROM messages") == 1


def test_one_arrival_that_fails_spoils_none_of_its_batch(
    bot: Bot, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, gate = writing.receive, threading.Event()

    def trip(session: Any, arrivals: Any) -> Any:
        gate.wait(10)
        if any(one.message.text == "trip" for one in arrivals):
            raise DataError("never shown", {}, Exception("the words said"))
        return receive(session, arrivals)

    monkeypatch.setattr(writing, "receive", trip)
    calls = [everywhere(bot, number, "trip" if number == 7 else "ok") for number in range(20)]
    with ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(bot.send, "/v1/messages", body) for body in calls]
        until(lambda: clinic.count("SELECT 1") and not gate.is_set())
        gate.set()
        statuses = Counter(answer.result().status_code for answer in answers)
    assert statuses == {202: 19, 500: 1}
    failed = next(answer.result() for answer in answers if answer.result().status_code == 500)
    assert failed.json()["code"] == "internal_error"
    assert "words" not in failed.text
    assert clinic.count("SELECT count(*) FROM messages") == 19


def test_calls_beyond_what_can_wait_are_sent_away(
    bot: Bot, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, gate = writing.receive, threading.Event()

    def slow(session: Any, arrivals: Any) -> Any:
        gate.wait(10)
        return receive(session, arrivals)

    monkeypatch.setattr(writing, "receive", slow)
    monkeypatch.setattr(writing, "MOST_WAITING", 4)
    calls = [everywhere(bot, number) for number in range(20)]
    with ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(bot.send, "/v1/messages", body) for body in calls]
        until(lambda: sum(answer.done() for answer in answers) >= 1)
        gate.set()
        done = [answer.result() for answer in answers]
    refused = [one for one in done if one.status_code == 503]
    assert refused
    assert {one.json()["code"] for one in refused} == {"overloaded"}
    assert all(one.headers["retry-after"] for one in refused)
    kept = sum(one.status_code == 202 for one in done)
    assert kept == clinic.count("SELECT count(*) FROM messages") == 20 - len(refused)


def test_a_cursor_never_passes_a_delivery_that_is_not_committed(
    bot: Bot, clinic: Clinic, database: Database
) -> None:
    """Two writers hand out at once, one of them slowly; a reader follows the feed meanwhile."""
    with database.reading() as session:
        standing = key_standing(session, digest_of_key(bot.key))
    assert standing is not None
    study_id = standing.study_id
    expected, stop, seen, cursors = set(), threading.Event(), [], ["0"]
    for number in range(24):
        reply = bot.exchange(conversation_id=f"c{number}", participant={"id": f"p{number}"})
        expected.add((clinic.release(reply["reply_id"]), reply["reply_id"]))

    def hand_out_slowly(reply_ids: list[str]) -> None:
        for reply_id in reply_ids:
            with database.transaction() as session:
                hand_out(session, study_id, reply_id=uuid.UUID(reply_id))
                stop.wait(random.Random(reply_id).random() / 50)

    def follow() -> None:
        while not stop.is_set():
            page = bot.deliveries(after=cursors[-1], wait=1)
            seen.extend(one["delivery_id"] for one in page["deliveries"])
            cursors.append(page["cursor"])

    reply_ids = [reply_id for _, reply_id in expected]
    with ThreadPoolExecutor(3) as threads:
        reader = threads.submit(follow)
        writers = [threads.submit(hand_out_slowly, reply_ids[half::2]) for half in (0, 1)]
        for one in writers:
            one.result()
        until(lambda: len(seen) >= len(expected))
        stop.set()
        reader.result()
    assert sorted(seen) == sorted(delivery_id for delivery_id, _ in expected)
    positions = [int(cursor) for cursor in cursors]
    assert positions == sorted(positions)

"""Long polls: woken at once, holding neither a thread nor a connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from oversight.gateway import hub
from oversight.settings import Settings
from tests.gateway.conftest import Bot, Clinic, bot_of, served, until

WOKEN_SECONDS = 1.0


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as made:
        yield made


@pytest.fixture(autouse=True)
def never_look_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll that is found awake was woken."""
    monkeypatch.setattr(hub, "RECHECK_SECONDS", 60.0)


def waiting(bot: Bot, number: int) -> None:
    until(lambda: f"oversight_polls_waiting {float(number)}" in bot.http.get("/metrics").text)


def poll(bot: Bot, reply_id: str, wait: float) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    answer = bot.http.get(f"/v1/replies/{reply_id}", params={"wait": wait})
    assert answer.status_code == 200, answer.text
    return answer.json(), time.monotonic() - began


@contextmanager
def woken_within(seconds: float, *polls: Future[Any]) -> Iterator[None]:
    yield
    began = time.monotonic()
    for one in polls:
        one.result(20)
    assert time.monotonic() - began < seconds


def test_a_reply_poll_wakes_when_its_reply_is_released(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(poll, bot, reply_id, 30)
    waiting(bot, 1)
    with woken_within(WOKEN_SECONDS, asked):
        delivery_id = clinic.release(reply_id)
    assert asked.result()[0]["delivery_id"] == delivery_id


def test_a_reply_poll_wakes_when_the_undo_window_ends(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(poll, bot, reply_id, 30)
    waiting(bot, 1)
    clinic.release(reply_id, undo_seconds=1.5)
    state, seconds = asked.result()
    assert state["status"] == "released"
    assert 1.0 < seconds < 20


def test_a_reply_poll_tells_a_bridge_at_once_and_only_once(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(poll, bot, reply_id, 30)
    waiting(bot, 1)
    with woken_within(WOKEN_SECONDS, asked):
        delivery_id = clinic.bridge(reply_id)
    state = asked.result()[0]
    assert state["status"] == "held"
    assert state["bridge"] == {"delivery_id": delivery_id, "text": "We are here."}
    state, seconds = poll(bot, reply_id, 0.5)
    assert state["bridge"]["delivery_id"] == delivery_id
    assert seconds >= 0.5


def test_a_poll_of_another_reply_sleeps_on(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    other = bot.exchange(conversation_id="c-2", participant={"id": "p-2"})["reply_id"]
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(poll, bot, other, 1.5)
    waiting(bot, 1)
    clinic.release(reply_id)
    state, seconds = asked.result()
    assert state["status"] == "held"
    assert seconds >= 1.5


def test_the_feed_wakes_for_what_is_released(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(bot.deliveries, "0", 30)
    waiting(bot, 1)
    with woken_within(WOKEN_SECONDS, asked):
        delivery_id = clinic.release(reply_id)
    assert [one["delivery_id"] for one in asked.result()["deliveries"]] == [delivery_id]


def test_the_feed_wakes_when_the_undo_window_ends(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(bot.deliveries, "0", 30)
    waiting(bot, 1)
    clinic.release(reply_id, undo_seconds=1.5)
    began = time.monotonic()
    assert len(asked.result()["deliveries"]) == 1
    assert time.monotonic() - began < 20


def test_polls_hear_of_changes_made_through_another_gateway(
    bot: Bot, clinic: Clinic, settings: Settings, free_port: Any, threads: ThreadPoolExecutor
) -> None:
    reply_id = bot.exchange()["reply_id"]
    other = replace(settings, gateway_port=free_port())
    with served(other) as url, bot_of(url, bot.key) as second:
        asked = threads.submit(poll, second, reply_id, 30)
        waiting(second, 1)
        with woken_within(WOKEN_SECONDS, asked):
            bot.exchange()
        assert asked.result()[0]["status"] == "superseded"


def test_fifty_waiting_polls_hold_no_connection_and_no_thread(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor
) -> None:
    reply_ids = [
        bot.exchange(conversation_id=f"c{number}", participant={"id": f"p{number}"})["reply_id"]
        for number in range(50)
    ]
    polls = [threads.submit(poll, bot, reply_id, 30) for reply_id in reply_ids]
    waiting(bot, 50)
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    until(lambda: clinic.count(f"{busy} AND state <> 'idle' AND pid <> pg_backend_pid()") == 0)
    assert clinic.count(busy) < 25
    ours = [one.name for one in threading.enumerate() if one.name.startswith("database")]
    assert len(ours) <= 10
    for reply_id in reply_ids:
        clinic.release(reply_id)
    assert {one.result(30)[0]["status"] for one in polls} == {"released"}


def test_a_poll_without_news_answers_with_what_is_so(bot: Bot) -> None:
    state, seconds = poll(bot, bot.exchange()["reply_id"], 0.5)
    assert state["status"] == "held"
    assert 0.5 <= seconds < 10
    assert bot.deliveries(after="7", wait=0.5) == {"deliveries": [], "cursor": "7"}


def test_polls_look_for_themselves_while_nothing_is_heard(
    bot: Bot, clinic: Clinic, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.Hub, "wake", lambda *_: None)
    monkeypatch.setattr(hub.Hub, "recheck_seconds", hub.RECHECK_DEAF_SECONDS)
    reply_id = bot.exchange()["reply_id"]
    asked = threads.submit(poll, bot, reply_id, 30)
    waiting(bot, 1)
    clinic.release(reply_id)
    state, seconds = asked.result()
    assert state["status"] == "released"
    assert seconds < 15

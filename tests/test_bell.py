"""The bell rings workers and screens, together what rings together, and never fails its ringer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from db.listening import CHANNEL, changed_conversations
from db.session import Ring, Topic
from oversight.bell import Bell, kick_key, make_bell
from oversight.settings import Settings, libpq_url


def until(is_so: Callable[[], object], *, seconds: float = 15) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.01)


@contextmanager
def listening(url: str) -> Iterator[list[str]]:
    """The payloads heard on the live channel."""
    heard: list[str] = []
    stop = threading.Event()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")

        def hear() -> None:
            while not stop.is_set():
                heard.extend(notice.payload for notice in connection.notifies(timeout=0.05))

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            yield heard
        finally:
            stop.set()
            thread.join()


@contextmanager
def bell_of(settings: Settings) -> Iterator[Bell]:
    bell = make_bell(settings)
    try:
        yield bell
    finally:
        bell.close()


def test_many_rings_are_few_notices_that_name_every_conversation(settings: Settings) -> None:
    names = {f"00000000-0000-7000-8000-{number:012d}" for number in range(40)}
    with listening(str(settings.database_url)) as heard, bell_of(settings) as bell:
        for name in names:
            bell(frozenset({Ring(Topic.LIVE, name)}))
        until(
            lambda: names <= frozenset().union(*(changed_conversations(one) or () for one in heard))
        )
        assert len(heard) <= 10


def test_more_than_a_payload_holds_means_any_of_them(settings: Settings) -> None:
    with listening(str(settings.database_url)) as heard, bell_of(settings) as bell:
        bell(frozenset(Ring(Topic.LIVE, f"c{number}") for number in range(2_000)))
        until(lambda: heard)
        assert changed_conversations(heard[0]) is None


def test_a_worker_is_rung_once_until_it_answers(settings: Settings) -> None:
    client = redis.Redis.from_url(str(settings.redis_url))
    queue = Queue("score", connection=client, serializer=JSONSerializer)
    with bell_of(settings) as bell:
        for _ in range(5):
            bell(frozenset({Ring(Topic.SCORE)}))
            time.sleep(0.05)
        until(lambda: queue.count == 1)
        assert queue.jobs[0].func_name == "oversight.worker.jobs.drain"
        client.delete(kick_key("score"))
        bell(frozenset({Ring(Topic.SCORE)}))
        until(lambda: queue.count == 2)
    client.close()


def test_what_cannot_be_said_now_is_said_later_and_ringing_never_waits(
    settings: Settings,
) -> None:
    nowhere = settings.with_servers(
        database_url="postgresql+psycopg://nobody@/none?host=/nowhere", redis_url="unix:///nowhere"
    )
    bell = make_bell(nowhere)
    began = time.monotonic()
    for number in range(1_000):
        bell(frozenset({Ring(Topic.SCORE, f"c{number}"), Ring(Topic.DELIVER, f"c{number}")}))
    assert time.monotonic() - began < 2
    until(lambda: bell._down == {"postgres", "redis"})
    with listening(str(settings.database_url)) as heard:
        bell._database_url = libpq_url(str(settings.database_url))
        bell._redis_url = settings.redis_url
        until(lambda: heard)
    client = redis.Redis.from_url(str(settings.redis_url))
    until(lambda: client.exists(kick_key("score"), kick_key("deliver")) == 2)
    client.close()
    bell.close()


def test_a_payload_that_nobody_understands_means_anything_may_have_changed() -> None:
    assert changed_conversations("*") is None
    assert changed_conversations("7") is None
    assert changed_conversations('["a", "b"]') == {"a", "b"}

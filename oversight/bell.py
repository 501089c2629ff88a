"""The bell: after a commit it tells workers and screens, across processes, that something changed.

Postgres holds the work; this only saves waiting for the next sweep. So it never raises, never
blocks whoever rings, and what it cannot say now it says when Postgres or Redis is back.
"""

import contextlib
import json
import threading
import time
from collections.abc import Collection
from typing import Any

import psycopg
import redis

from db.listening import CHANNEL
from db.session import Ring, Topic
from oversight.logs import logger
from oversight.settings import Settings, libpq_url

EVERYTHING = "*"
JOBS = {
    Topic.SCORE: ("score", "oversight.worker.jobs.drain"),
    Topic.DELIVER: ("deliver", "oversight.worker.jobs.deliver"),
    Topic.PAGE: ("deliver", "oversight.worker.jobs.deliver"),
}
"""Which queue a topic rings, and the function that its workers run. Both take no arguments."""

SCORER_ALIVE = "oversight:scorer:alive"
"""Redis key that a scorer sets, with a time to live, for as long as it is fit to score."""

KICK_SECONDS = 60
_GAP_SECONDS = 0.03
_RETRY_SECONDS = 1.0
_REDIS_TIMEOUT_SECONDS = 2.0
_MOST_NAMED = 150  # A payload may hold 8,000 bytes; an id takes 39.

log = logger(__name__)


def kick_key(queue: str) -> str:
    """Set while a job waits in ``queue``: a second ring would add nothing. Jobs delete it first."""
    return f"oversight:kick:{queue}"


class Bell:
    """Rings from one background thread, started by the first ring; rings close together are one."""

    def __init__(
        self, *, database_url: str, redis_url: str | None, linger_seconds: float = 0.0
    ) -> None:
        self._linger_seconds = linger_seconds
        self._database_url = libpq_url(database_url)
        self._redis_url = redis_url
        self._changed = threading.Condition()
        self._rings: set[Ring] = set()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._conversations: set[str] = set()
        self._topics: set[Topic] = set()
        self._postgres: psycopg.Connection[Any] | None = None  # Any: its rows are never read
        self._redis: redis.Redis | None = None
        self._down: set[str] = set()

    def __call__(self, rings: frozenset[Ring]) -> None:
        with self._changed:
            self._rings |= rings
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Say what is still unsaid, once, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=_RETRY_SECONDS + _REDIS_TIMEOUT_SECONDS)

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._wait()
            if self._linger_seconds and not closing:
                time.sleep(self._linger_seconds)
            self._say("postgres", self._notify)
            self._say("redis", self._kick)
            if not closing:
                time.sleep(_GAP_SECONDS)
        self._forget_connections()

    def _wait(self) -> bool:
        """Until something rings, or it is time to try again; whether we are closing."""
        unsaid = bool(self._conversations or self._topics)
        with self._changed:
            self._changed.wait_for(
                lambda: self._rings or self._closed, timeout=_RETRY_SECONDS if unsaid else None
            )
            for ring in self._rings:
                self._conversations.add(ring.conversation_id or EVERYTHING)
                self._topics.add(ring.topic)
            self._rings.clear()
            return self._closed

    def _say(self, server: str, say: Any) -> None:  # Any: a bound method without arguments
        try:
            say()
        except (psycopg.Error, redis.RedisError, OSError) as error:
            if server not in self._down:
                self._down.add(server)
                log.warning("cannot_ring", server=server, error=type(error).__name__)
            self._forget_connections()
        else:
            self._down.discard(server)

    def _notify(self) -> None:
        if not self._conversations:
            return
        if self._postgres is None:
            self._postgres = psycopg.connect(self._database_url, autocommit=True, connect_timeout=2)
        self._postgres.execute("SELECT pg_notify(%s, %s)", (CHANNEL, _payload(self._conversations)))
        self._conversations.clear()

    def _kick(self) -> None:
        for topic in tuple(self._topics):
            if topic in JOBS and self._redis_url is not None:
                self._enqueue(*JOBS[topic])
            self._topics.discard(topic)

    def _enqueue(self, queue: str, job: str) -> None:
        from rq import Queue  # Slow to import, and a process that never rings needs none of it.
        from rq.serializers import JSONSerializer

        if self._redis is None:
            self._redis = redis.Redis.from_url(
                str(self._redis_url),
                socket_timeout=_REDIS_TIMEOUT_SECONDS,
                socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
            )
        if not self._redis.set(kick_key(queue), 1, nx=True, ex=KICK_SECONDS):
            return
        try:
            Queue(queue, connection=self._redis, serializer=JSONSerializer).enqueue(
                job, result_ttl=0, failure_ttl=300, ttl=KICK_SECONDS
            )
        except redis.RedisError:
            with contextlib.suppress(redis.RedisError):
                self._redis.delete(kick_key(queue))
            raise

    def _forget_connections(self) -> None:
        for connection in (self._postgres, self._redis):
            if connection is not None:
                with contextlib.suppress(psycopg.Error, redis.RedisError, OSError):
                    connection.close()
        self._postgres = self._redis = None


def make_bell(settings: Settings, *, linger_seconds: float = 0.0) -> Bell:
    """The bell of one process. Call it with the rings of a commit; close it at the end.

    ``linger_seconds``: whoever rang may first answer somebody, undisturbed by our thread.
    """
    if settings.database_url is None:
        raise ValueError("a bell needs a database to ring through")
    return Bell(
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        linger_seconds=linger_seconds,
    )


def _payload(conversations: Collection[str]) -> str:
    if EVERYTHING in conversations or len(conversations) > _MOST_NAMED:
        return EVERYTHING
    return json.dumps(sorted(conversations))

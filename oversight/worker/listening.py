"""An RQ worker that listens for a bell, and goes on by itself while Redis is away."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from redis import Redis, RedisError
from rq import SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from oversight.logs import logger
from oversight.worker import jobs

LONGEST_WAIT_SECONDS = 1.0
"""Bounds how late SIGTERM is noticed, and how long work waits while Redis is away."""

WORKER_TTL_SECONDS = 30
MAINTENANCE_SECONDS = 30
_SOCKET_SECONDS = 5.0
_CONNECT_SECONDS = 1.0
_SHORTEST_WAIT_SECONDS = 0.01

log = logger(__name__)


def connect(redis_url: str) -> Redis:
    """A client that gives up on a silent server in seconds."""
    return Redis.from_url(
        redis_url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_CONNECT_SECONDS
    )


def listen(
    queue: str,
    connection: Redis,
    *,
    stopping: threading.Event,
    work: Callable[[], None],
    look: Callable[[], float],
) -> None:
    """Do ``work`` when ``queue`` rings, and ``look`` for what no ring announced, until stopping.

    ``look`` runs about once a second, with or without Redis, and returns the seconds after which
    it would like to be called again.
    """
    jobs.serve(queue, connection, work)
    away = False
    while not stopping.is_set():
        wait_seconds = look()
        heard = _listen_once(queue, connection, stopping=stopping, look=look)
        if not stopping.is_set() and (heard or not away):
            log.warning("redis_away", queue=queue)
        away = True
        stopping.wait(_bounded(wait_seconds))


def _listen_once(
    queue: str, connection: Redis, *, stopping: threading.Event, look: Callable[[], float]
) -> bool:
    """Listen until stopping or until Redis is away; whether it was there at all."""
    worker = None
    with contextlib.suppress(RedisError):
        worker = _BellWorker(queue, connection, stopping=stopping, look=look)
        # Ours are the log lines: a library's may quote a row, and a row holds somebody's words.
        worker.work(logging_level="CRITICAL")
    return worker is not None and worker.listening


class _BellWorker(SimpleWorker):
    """RQ's worker without what a bell must not have: sleeping, suspension, orders by Redis."""

    def __init__(
        self,
        queue: str,
        connection: Redis,
        *,
        stopping: threading.Event,
        look: Callable[[], float],
    ) -> None:
        self._stopping = stopping
        self._look = look
        self.listening = False
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
        )

    @property
    def connection_timeout(self) -> int:
        return int(_SOCKET_SECONDS)

    def dequeue_job_and_maintain_ttl(
        self,
        timeout: int | None,  # noqa: ARG002 (ours is shorter)
        max_idle_time: int | None = None,  # noqa: ARG002 (a worker here never ends by idling)
    ) -> tuple[Job, Queue] | None:
        """The next job; None ends ``work``: we are stopping, or Redis is away."""
        with contextlib.suppress(RedisError):
            self.set_state(WorkerStatus.IDLE)
            while not self._stopping.is_set():
                wait_seconds = self._look()
                self.heartbeat()
                self._say_listening()
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()
                with contextlib.suppress(DequeueTimeout):
                    return self._next_job(_bounded(wait_seconds))
        return None

    def _say_listening(self) -> None:
        if not self.listening:
            self.listening = True
            log.info("listening", queue=self.queue_names()[0])

    def _next_job(self, seconds: float) -> Any:  # Any: rq ships no types we can name
        return self.queue_class.dequeue_any(
            self._ordered_queues,
            seconds,  # type: ignore[arg-type]  # rq says int; Redis takes fractions
            connection=self.connection,
            job_class=self.job_class,
            serializer=self.serializer,
            death_penalty_class=self.death_penalty_class,
        )

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 (rq's signature)
        """Nobody suspends scoring through Redis."""

    def subscribe(self) -> None:
        """No commands over Redis: whoever reaches it must not stop a scorer."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def _install_signal_handlers(self) -> None:
        """The process has its own, which raise nothing."""

    def teardown(self) -> None:
        """Say goodbye if Redis hears it; a dead worker's entry ends by itself."""
        with contextlib.suppress(RedisError):
            super().teardown()


def _bounded(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

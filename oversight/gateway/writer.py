"""Group commit: what arrives while one batch is being written is written with the next.

Nobody waits for a batch to fill, and nothing is answered before its commit. Two threads write, the
second only when much waits; a conversation is never in two batches at once, so its turns keep the
order in which they came.
"""

import asyncio
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db.session import Database, unavailable
from oversight.domain.errors import Refusal
from oversight.gateway.problems import Problem, unavailable_problem
from oversight.logs import logger
from oversight.services.arrivals import Arrival, Outcome
from oversight.services.receiving import receive

MOST_AT_ONCE = 64
WRITERS = 2
MANY = 16
"""So many waiting arrivals are worth a second transaction beside the one that is being written."""

MOST_WAITING = 2_000
ALONE_SECONDS = 10.0
"""How long the members of a failed batch are tried one by one before the rest are sent away."""

ANSWER_SECONDS = 20.0
"""A database that neither answers nor fails is given up on after this long."""

CONTENTION = frozenset({"40001", "40P01", "55P03", "57014"})
"""SQLSTATEs of a lost race or a wait that took too long: the same statement may succeed alone."""

Conversation = tuple[uuid.UUID, str]
Answer = Outcome | Refusal | Problem | Exception
log = logger(__name__)


@dataclass(frozen=True)
class _Waiting:
    arrival: Arrival
    answer: asyncio.Future[Outcome]


@dataclass(frozen=True)
class Batch:
    """What one transaction did, for the meters."""

    size: int
    seconds: float


class Writer:
    """Takes arrivals from the event loop's thread and answers each once it is committed."""

    def __init__(self, database: Database, *, on_batch: Callable[[Batch], None]) -> None:
        self._database = database
        self._on_batch = on_batch
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._in_hand: set[Conversation] = set()
        self._busy = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"writer-{number}", daemon=True)
            for number in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    async def write(self, arrival: Arrival) -> Outcome:
        """The committed outcome; a Refusal or a Problem is raised.

        Whoever is sent away for lack of an answer may still be written: the same call, repeated,
        then finds itself there.
        """
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        with self._changed:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                raise Problem(
                    "overloaded",
                    "Too many calls are waiting. Nothing was acknowledged; repeat the call.",
                    retry_after_seconds=1,
                )
            self._waiting.append(_Waiting(arrival, answer))
            self._changed.notify_all()
        try:
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        except TimeoutError:
            raise unavailable_problem() from None

    @property
    def waiting(self) -> int:
        """How many arrivals wait for their turn."""
        return len(self._waiting)

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=ALONE_SECONDS)

    def _run(self) -> None:
        while batch := self._next():
            answers = self._write([one.arrival for one in batch])
            with self._changed:
                self._in_hand -= {_conversation(one) for one in batch}
                self._busy -= 1
                self._changed.notify_all()
            self._loop.call_soon_threadsafe(_answer, batch, answers)

    def _next(self) -> list[_Waiting]:
        """A batch of what waits now; empty only when closed and nothing is left to take."""
        with self._changed:
            while True:
                enough = MANY if self._busy else 1
                if len(self._waiting) >= enough and (batch := self._take()):
                    self._busy += 1
                    return batch
                if self._closed and not self._waiting:
                    return []
                self._changed.wait()

    def _take(self) -> list[_Waiting]:
        """The oldest that wait, but for the conversations that are being written just now."""
        batch: list[_Waiting] = []
        left: list[_Waiting] = []
        while self._waiting and len(batch) < MOST_AT_ONCE:
            one = self._waiting.popleft()
            (left if _conversation(one) in self._in_hand else batch).append(one)
        self._waiting.extendleft(reversed(left))
        self._in_hand |= {_conversation(one) for one in batch}
        return batch

    def _write(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        try:
            return self._commit(arrivals)
        except Exception as error:  # noqa: BLE001 (the thread must live; each is answered below)
            if _gone(error):
                return [unavailable_problem() for _ in arrivals]
            if len(arrivals) == 1:
                return [_failure(error)]
            log.crash("batch_failed", error, size=len(arrivals))
        give_up_at = time.monotonic() + ALONE_SECONDS
        answers: list[Answer] = []
        for arrival in arrivals:
            late = time.monotonic() > give_up_at
            answers += [unavailable_problem()] if late else self._write([arrival])
        return answers

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        began = time.monotonic()
        with self._database.transaction() as session:
            answers: list[Answer] = list(receive(session, arrivals))
        self._on_batch(Batch(len(arrivals), time.monotonic() - began))
        return answers


def _conversation(one: _Waiting) -> Conversation:
    return one.arrival.study_id, one.arrival.conversation


def _gone(error: Exception) -> bool:
    """Whether the record is out of reach, so that trying one by one would only take longer."""
    if not isinstance(error, DBAPIError) or not unavailable(error):
        return False
    return getattr(error.orig, "sqlstate", None) not in CONTENTION


def _failure(error: Exception) -> Answer:
    if isinstance(error, SQLAlchemyError) and unavailable(error):
        return unavailable_problem()
    log.crash("arrival_failed", error)
    return Problem("internal_error", "We failed to keep this. Nothing was acknowledged.")


def _answer(batch: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
    for one, answer in zip(batch, answers, strict=True):
        if one.answer.done():
            continue
        if isinstance(answer, Exception):
            one.answer.set_exception(answer)
        else:
            one.answer.set_result(answer)

"""Draining the backlog of unscored texts, most urgent first.

Take in one short transaction, assess outside any, record in another, beside the next batch. A
batch is scored in slices; between slices a look at the queue lets an urgent text overtake, so that
one which arrives behind ten thousand others waits for a slice or two, never for the backlog, and
for no batch to be recorded. The model is never kept waiting: the next batch is fetched, and the
last one written, while it works.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from classifiers.protocol import CLASSIFIER_ERROR
from db.session import Database, unavailable
from oversight.logs import logger
from oversight.services.scoring import (
    MOST_ATTEMPTS,
    URGENT_TEXTS,
    Task,
    hand_back,
    take,
)
from oversight.worker.assessing import Assessor, Interrupted
from oversight.worker.recording import Recorder, Scored

BATCH_TEXTS = 32
BATCH_SECONDS = 2.0
"""After this long a batch records what it has and hands the rest back."""

SLICE_SECONDS = 0.02
"""An urgent text waits for the slice that has begun, and for another if it just missed the look."""

LOOK_SECONDS = 0.008
"""How long before the end of a slice we look for urgent texts: they are at hand when it ends."""

DRAIN_SECONDS = 20.0
"""One drain at most, so that Redis hears of us in between."""

_FIRST_GUESS_SECONDS = 0.01  # Three texts a slice, until a text's time has been measured.
_MEMORY = 0.8

log = logger(__name__)


@dataclass
class Tally:
    """What one drain did."""

    texts: int = 0
    unscored: int = 0
    model_seconds: float = 0.0


class Drain:
    """Scores what waits. One at a time in a process: it is not for use by several threads."""

    def __init__(
        self,
        database: Database,
        assessor: Assessor,
        *,
        stopping: threading.Event,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._assessor = assessor
        self._stopping = stopping
        self._alive = alive
        unscored = assessor.unscored
        self._recorder = Recorder(database, unscored=unscored, stopping=stopping)
        self._urgent_recorder = Recorder(database, unscored=unscored, stopping=stopping)
        # Two: nobody who looks for an urgent text may wait until a whole batch is fetched.
        self._fetcher = ThreadPoolExecutor(2, thread_name_prefix="fetcher")
        self._coming: Future[list[Task]] | None = None
        self._lookout: Future[list[Task]] | None = None
        self._text_seconds = _FIRST_GUESS_SECONDS
        self._away = False
        self._tally = Tally()

    def drain(self) -> bool:
        """Score until nothing waits; whether something may be left. Never raises for a failure."""
        began, recorded = time.monotonic(), self._recorded_seconds()
        self._tally = Tally()
        left = True
        try:
            try:
                left = self._drain_until(began + DRAIN_SECONDS)
            finally:
                with contextlib.ExitStack() as both:
                    both.callback(self._recorder.finish)
                    both.callback(self._urgent_recorder.finish)
        except SQLAlchemyError as error:
            self._say_away(error)
        else:
            self._away = False
        if self._tally.texts:
            log.info(
                "scored",
                texts=self._tally.texts,
                unscored=self._tally.unscored,
                model_ms=self._tally.model_seconds * 1000,
                record_ms=(self._recorded_seconds() - recorded) * 1000,
                took_ms=(time.monotonic() - began) * 1000,
            )
        return left

    def _drain_until(self, deadline: float) -> bool:
        try:
            while not self._stopping.is_set() and not self._assessor.hanging:
                if time.monotonic() > deadline:
                    return True
                # What came in since we asked for the next batch was not in it.
                tasks = _taken(self._coming) or self._take(limit=BATCH_TEXTS)
                self._coming = None
                if not tasks:
                    return False
                self._coming = self._fetcher.submit(self._take, limit=BATCH_TEXTS)
                self._batch(tasks)
                self._alive()
        finally:
            coming, self._coming = self._coming, None
            lookout, self._lookout = self._lookout, None
            self._hand_back([*_taken(lookout), *_taken(coming)])
        return True

    def _take(self, *, limit: int, urgent_only: bool = False) -> list[Task]:
        with self._database.transaction() as session:
            return take(session, limit=limit, urgent_only=urgent_only)

    def _hand_back(self, tasks: Sequence[Task]) -> None:
        if tasks:
            with self._database.transaction() as session:
                hand_back(session, tasks)

    def _batch(self, tasks: Sequence[Task]) -> None:
        """Score a batch, shortest first, and record it; what was not looked at goes back."""
        began = time.monotonic()
        scored = [
            (task, self._assessor.unscored(task, CLASSIFIER_ERROR))
            for task in tasks
            if task.attempts > MOST_ATTEMPTS
        ]
        urgent = any(task.urgent for task in tasks)
        waiting = sorted(
            (task for task in tasks if task.attempts <= MOST_ATTEMPTS),
            key=lambda task: len(task.subject.text),
        )
        with contextlib.suppress(Interrupted):
            while waiting and not self._stopping.is_set():
                part = waiting[: self._slice_texts()]
                if not urgent:
                    self._look_out(len(part) * self._text_seconds)
                scored += self._slice(part)
                waiting = waiting[len(part) :]
                if time.monotonic() > began + BATCH_SECONDS:
                    break
                if not urgent:
                    self._overtake()
        (self._urgent_recorder if urgent else self._recorder).record(scored)
        self._count(scored)
        self._hand_back(waiting)

    def _look_out(self, slice_seconds: float) -> None:
        """See, shortly before the slice ends, whether an urgent text has come in.

        At its beginning we would miss what comes during the slice, and find it a slice later.
        """
        if self._lookout is None:
            self._lookout = self._fetcher.submit(self._look, slice_seconds - LOOK_SECONDS)

    def _look(self, after_seconds: float) -> list[Task]:
        self._stopping.wait(max(after_seconds, 0))
        return self._take(limit=URGENT_TEXTS, urgent_only=True)

    def _overtake(self) -> None:
        """Score and record urgent texts that came in meanwhile, before the rest of the batch.

        The model rests until they are recorded: beside it that takes twice as long.
        """
        with contextlib.suppress(SQLAlchemyError):  # the batch's own record will meet it again
            if urgent := self._urgent_found():
                self._batch(urgent)
                self._urgent_recorder.finish()

    def _urgent_found(self) -> list[Task]:
        """By the lookout; or, just before it looked, by whoever fetched the next batch."""
        if self._coming is not None and self._coming.done():
            coming = self._coming.result()
            if any(task.urgent for task in coming):
                self._coming = self._fetcher.submit(self._take, limit=BATCH_TEXTS)
                return coming
        if self._lookout is not None and self._lookout.done():
            lookout, self._lookout = self._lookout, None
            return lookout.result()
        return []

    def _recorded_seconds(self) -> float:
        return self._recorder.seconds + self._urgent_recorder.seconds

    def _count(self, scored: Sequence[Scored]) -> None:
        self._tally.texts += len(scored)
        self._tally.unscored += sum(not assessment.scored for _, assessment in scored)

    def _slice_texts(self) -> int:
        return max(1, min(BATCH_TEXTS, int(SLICE_SECONDS / self._text_seconds)))

    def _slice(self, tasks: Sequence[Task]) -> list[Scored]:
        began = time.monotonic()
        assessments = self._assessor.assess(tasks)
        seconds = time.monotonic() - began
        self._tally.model_seconds += seconds
        measured = max(seconds / len(tasks), 1e-6)
        self._text_seconds = _MEMORY * self._text_seconds + (1 - _MEMORY) * measured
        return list(zip(tasks, assessments, strict=True))

    def _say_away(self, error: SQLAlchemyError) -> None:
        if not unavailable(error):
            log.crash("drain_failed", error)
        elif not self._away:
            self._away = True
            log.warning("database_away", error=type(error).__name__)


def _taken(asked: Future[list[Task]] | None) -> list[Task]:
    return [] if asked is None else asked.result()

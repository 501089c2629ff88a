"""Recording scores beside the model: while one batch is written, the next is being scored.

A row that the database refuses costs its neighbours nothing, and a database that is away for a
moment costs no score: scores are kept in hand and tried again.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from classifiers.protocol import INVALID_SCORE
from classifiers.protocol import RiskAssessment as Assessment
from db.session import Database, unavailable
from oversight.logs import logger
from oversight.services.scoring import Task, record_scores

PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.25

Scored = tuple[Task, Assessment]
log = logger(__name__)


class Recorder:
    """Writes one batch at a time in a thread of its own."""

    def __init__(
        self,
        database: Database,
        *,
        unscored: Callable[[Task, str], Assessment],
        stopping: threading.Event,
    ) -> None:
        self._database = database
        self._unscored = unscored
        self._stopping = stopping
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._writing: Future[float] | None = None
        self.seconds = 0.0

    def record(self, scored: Sequence[Scored]) -> None:
        """Begin to write a batch, once the one before is committed."""
        self.finish()
        if scored:
            self._writing = self._thread.submit(self._write, scored)

    def finish(self) -> None:
        """Wait for the batch being written; raises what kept it from being written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self.seconds += writing.result()

    def _write(self, scored: Sequence[Scored]) -> float:
        began = time.monotonic()
        try:
            self._patiently(scored)
        except Exception as error:
            if _away(error):
                raise
            log.crash("record_refused", error, texts=len(scored))
            for one in scored:
                self._alone(one)
        return time.monotonic() - began

    def _alone(self, one: Scored) -> None:
        """As it was scored, else as LU; what even that cannot record keeps its lease and waits."""
        task, _ = one
        for attempt in (one, (task, self._unscored(task, INVALID_SCORE))):
            try:
                self._patiently([attempt])
                break
            except Exception as error:
                if _away(error):
                    raise
                log.crash("record_refused", error, work_id=task.work_id)

    def _patiently(self, scored: Sequence[Scored]) -> None:
        """Keep scores in hand while the database restarts or somebody holds a lock."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self._database.transaction() as session:
                    record_scores(session, [one[0] for one in scored], [one[1] for one in scored])
                return
            except SQLAlchemyError as error:
                if not unavailable(error) or time.monotonic() > give_up_at:
                    raise
                log.warning("record_again", error=type(error).__name__, texts=len(scored))
            if self._stopping.wait(_PAUSE_SECONDS):
                give_up_at = 0.0  # one last try


def _away(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError) and unavailable(error)

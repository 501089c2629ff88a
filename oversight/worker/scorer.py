"""The scorer process: one warm classifier behind one RQ worker."""

import contextlib
import os
import time
from collections.abc import Callable

from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

from classifiers.protocol import Classifier
from oversight.bell import SCORER_ALIVE
from oversight.logs import logger
from oversight.settings import Settings
from oversight.worker.assessing import Assessor
from oversight.worker.choosing import live_choice, load_live
from oversight.worker.draining import Drain
from oversight.worker.listening import LONGEST_WAIT_SECONDS, connect, listen
from oversight.worker.process import Process, process

ALIVE_SECONDS = 15
_ALIVE_EVERY_SECONDS = 5.0

log = logger(__name__)


def run(
    settings: Settings,
    *,
    load: Callable[[], Classifier] | None = None,
    longest_seconds: float | None = None,
) -> None:
    """Score until SIGTERM. The named options are for tests: another classifier, less patience."""
    if settings.redis_url is None:
        raise ValueError("the scorer needs REDIS_URL")
    with process("scorer", settings) as started:
        options = {} if longest_seconds is None else {"longest_seconds": longest_seconds}
        if load is None:
            chosen, classifier = load_live(
                started.database, started.stopping, thresholds=settings.thresholds
            )
        else:
            chosen, classifier = None, load()
        assessor = Assessor(classifier, stopping=started.stopping, **options)
        log.info("warm", model_version=assessor.version)
        scorer = _Scorer(started, assessor, connect(settings.redis_url), chosen=chosen)
        listen(
            "score",
            scorer.connection,
            stopping=started.stopping,
            work=scorer.work,
            look=scorer.look,
        )


class _Scorer:
    """What a ring, and every idle second, make this process do."""

    def __init__(
        self, started: Process, assessor: Assessor, connection: Redis, *, chosen: str | None
    ) -> None:
        self._chosen = chosen
        self.connection = connection
        self._process = started
        self._assessor = assessor
        self._drain = Drain(
            started.database, assessor, stopping=started.stopping, alive=self._say_alive
        )
        self._said_alive_at = -_ALIVE_EVERY_SECONDS

    def work(self) -> None:
        """Score everything that waits."""
        self._drain.drain()
        self._leave_if_hanging()

    def look(self) -> float:
        """The sweep: also at start, and once a second while Redis is away."""
        left = self._drain.drain()
        self._leave_if_hanging()
        if not self._assessor.fit:
            self._assessor.probe()
            self._leave_if_hanging()
        self._say_alive()
        return 0.0 if left and self._assessor.fit else LONGEST_WAIT_SECONDS

    def _say_alive(self) -> None:
        """For readiness: a scorer whose classifier fails is not alive."""
        moment = time.monotonic()
        if not self._assessor.fit or moment < self._said_alive_at + _ALIVE_EVERY_SECONDS:
            return
        self._said_alive_at = moment
        self._leave_if_replaced()
        try:
            self.connection.set(SCORER_ALIVE, os.getpid(), ex=ALIVE_SECONDS)
        except RedisError as error:
            log.debug("alive_unsaid", error=type(error).__name__)

    def _leave_if_replaced(self) -> None:
        """Another classifier was promoted: end in order, and start again with that one."""
        with contextlib.suppress(SQLAlchemyError):  # asked again in five seconds
            if live_choice(self._process.database) != self._chosen:
                log.info("leaving", why="another classifier is live now")
                self._process.stopping.set()

    def _leave_if_hanging(self) -> None:
        """A hanging thread cannot be ended, only its process; the supervisor starts another."""
        if self._assessor.hanging:
            log.error("leaving", why="the classifier hangs")
            self._process.close_bell()
            os._exit(os.EX_SOFTWARE)

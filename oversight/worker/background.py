"""Behind the live work, and never before it: which words moved a score, and a candidate in shadow.

A process of its own at a lower priority than every other, which steps aside while a live text has
waited for a second. One works at a time; others stand by. What it cannot do stays undone and shows
as absent: nothing waits for it.
"""

import os
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from classifiers.explain import explain
from classifiers.heads import DEFAULT_THRESHOLDS
from classifiers.load import ModelNotUsable
from classifiers.protocol import CLASSIFIER_ERROR, Classifier
from db.session import Database, unavailable
from oversight.logs import logger
from oversight.services import evidence, shadowing
from oversight.services.scoring import work_is_free
from oversight.services.shadowing import Candidate
from oversight.settings import Settings
from oversight.worker.assessing import Assessor, Interrupted
from oversight.worker.choosing import live_choice, load_live, load_unchanged
from oversight.worker.clock import Chair
from oversight.worker.process import process

LOCK = 0x6F76_6261_636B_6700
"""The advisory lock of the one process that works in the background."""

NICENESS = 10
LOOK_SECONDS = 1.0
ASIDE_SECONDS = 1.0
"""A live text that has waited this long without a scorer: the processor is theirs."""

LOOKED_BACK = 20_000
"""Scores looked at for evidence at the start; what is older stays without."""

TRY_AGAIN_SECONDS = 60.0

log = logger(__name__)


def run(settings: Settings) -> None:
    """Work behind the live work until SIGTERM."""
    os.nice(NICENESS)
    with process("background", settings) as started:
        engine = started.database.bind
        assert isinstance(engine, Engine)
        chair = Chair(engine, lock=LOCK)
        work = Background(
            started.database, stopping=started.stopping, thresholds=settings.thresholds
        )
        while not started.stopping.is_set():
            busy = chair.taken() and work.step()
            started.stopping.wait(0.0 if busy else LOOK_SECONDS)
        chair.leave()


class Background:
    """Evidence first, because somebody may be reading; then the candidate."""

    def __init__(
        self,
        database: Database,
        *,
        stopping: threading.Event,
        thresholds: str = DEFAULT_THRESHOLDS,
    ) -> None:
        self._database = database
        self._away = False
        self._tasks = (
            Explainer(database, stopping=stopping, thresholds=thresholds).step,
            Shadow(database, stopping=stopping).step,
        )

    def step(self) -> bool:
        """A little of whatever is left to do; whether there may be more. Never raises."""
        return any(self._attempt(task) for task in self._tasks)

    def _attempt(self, task: Callable[[], bool]) -> bool:
        try:
            if live_is_behind(self._database):
                return False
            did = task()
            self._away = False
            return did
        except SQLAlchemyError as error:
            if not unavailable(error):
                log.crash("background_failed", error)
            elif not self._away:
                self._away = True
                log.warning("database_away", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 (nothing waits for it; the next second tries anew)
            log.crash("background_failed", error)
        return False


def live_is_behind(database: Database) -> bool:
    """Whether somebody's words wait for a score: then everything else waits."""
    with database.reading() as session:
        return work_is_free(session, waiting_seconds=ASIDE_SECONDS)


class Explainer:
    """Works out which words moved the live classifier's scores."""

    def __init__(
        self,
        database: Database,
        *,
        stopping: threading.Event,
        classifier: Classifier | None = None,
        thresholds: str = DEFAULT_THRESHOLDS,
    ) -> None:
        self._database = database
        self._stopping = stopping
        self._classifier = classifier
        self._thresholds = thresholds
        self._chosen: str | None = None
        self._after: int | None = None

    def step(self) -> bool:
        """Explain a few texts; whether there were any."""
        if self._classifier is None and not self._wanted(None):
            return False  # nothing to explain yet: no model in memory for it
        classifier = self._live()
        found = self._wanted(classifier.version)
        for one in found:
            if self._stopping.is_set() or live_is_behind(self._database):
                break
            self._explain(classifier, one)
        return bool(found)

    def _wanted(self, version: str | None) -> list[evidence.Wanted]:
        with self._database.reading() as session:
            if self._after is None:
                self._after = evidence.begin_after(session, back=LOOKED_BACK)
            found = evidence.wanted(session, after=self._after, model_version=version)
            if not found:
                self._after = evidence.settled(session, after=self._after)
        return found

    def _explain(self, classifier: Classifier, one: evidence.Wanted) -> None:
        spans = explain(classifier, one.task.subject, flag=one.flag)
        with self._database.transaction() as session:
            evidence.keep(session, one, [(span.start, span.end, span.weight) for span in spans])

    def _live(self) -> Classifier:
        """The live classifier, loaded when first needed, and anew when another was promoted."""
        if self._classifier is not None and live_choice(self._database) == self._chosen:
            return self._classifier
        self._chosen, self._classifier = load_live(
            self._database, self._stopping, thresholds=self._thresholds
        )
        return self._classifier


class Shadow:
    """Lets the candidate read what live has read."""

    def __init__(
        self,
        database: Database,
        *,
        stopping: threading.Event,
        load: Callable[[str, str], Classifier] = load_unchanged,
    ) -> None:
        self._database = database
        self._stopping = stopping
        self._load = load
        self._loaded: tuple[str, Assessor] | None = None
        self._not_before = 0.0
        self._careful = 0

    def step(self) -> bool:
        """Let it read one batch; whether there was one."""
        with self._database.reading() as session:
            one = shadowing.candidate(session)
        if one is None:
            self._loaded = None
            return False
        assessor = self._assessor(one)
        return assessor is not None and self._read(one, assessor)

    def _assessor(self, one: Candidate) -> Assessor | None:
        """The candidate, loaded; None while it cannot be, which is tried again each minute."""
        if self._loaded is not None and self._loaded[0] == one.digest:
            return self._loaded[1]
        if time.monotonic() < self._not_before:
            return None
        self._loaded = None
        try:
            assessor = Assessor(self._load(one.source, one.digest), stopping=self._stopping)
        except Exception as error:  # noqa: BLE001 (a candidate may fail in any way; live goes on)
            self._not_before = time.monotonic() + TRY_AGAIN_SECONDS
            log.crash("candidate_not_loaded", error, model_version=one.version)
            known = isinstance(error, ModelNotUsable)
            self._say_trouble(one, str(error) if known else type(error).__name__)
            return None
        log.info("candidate_warm", model_version=one.version)
        self._say_trouble(one, None)
        self._loaded = (one.digest, assessor)
        return assessor

    def _read(self, one: Candidate, assessor: Assessor) -> bool:
        died_of = one.in_hand
        if died_of:
            self._careful = len(died_of)
        with self._database.transaction() as session:
            if died_of:
                tasks = shadowing.hold(session, one, died_of[:1])
            else:
                limit = 1 if self._careful else shadowing.MOST_AT_ONCE
                tasks = shadowing.take(session, one, limit=limit)
        if not tasks:
            return False
        self._careful = max(0, self._careful - 1)
        if len(died_of) == 1:  # alone in hand when the process died: not a second time
            assessments = [assessor.unscored(task, CLASSIFIER_ERROR) for task in tasks]
        else:
            try:
                assessments = assessor.assess(tasks)
            except Interrupted:
                return False
        with self._database.transaction() as session:
            shadowing.record_shadow(session, one, tasks, assessments)
        if assessor.hanging:
            log.error("leaving", why="the candidate hangs")
            os._exit(os.EX_SOFTWARE)  # a hanging thread cannot be ended, only its process
        return True

    def _say_trouble(self, one: Candidate, trouble: str | None) -> None:
        with self._database.transaction() as session:
            shadowing.say_trouble(session, one, trouble)

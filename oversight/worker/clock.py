"""The clock: once a second it does what time alone makes due. One works, the others stand by."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Database, Topic, ring, unavailable
from oversight.logs import logger
from oversight.services.bridging import bridge, due_bridges
from oversight.services.claiming import lapse_claims
from oversight.services.climbing import climb_due
from oversight.services.covering import announce_gaps
from oversight.services.delivering import lose_sight
from oversight.services.follow_ups import page_missed_follow_ups, page_overdue_lowerings
from oversight.services.indexing import make_findable, make_findable_late
from oversight.services.left_behind import put_up_left_behind
from oversight.services.pager_tests import give_up_tests, ring_new_shifts
from oversight.services.rescoring import requeue_failed
from oversight.services.resting import rest_at_limits
from oversight.services.scoring import work_is_free
from oversight.services.settling import put_up_late, put_up_unanswered
from oversight.services.stopping import recall_stopped
from oversight.services.undelivered import settle_arrived
from oversight.services.waking import wake_due
from oversight.services.watching import beat, watch_coverage
from oversight.settings import Settings
from oversight.worker.dead_man import DeadMan
from oversight.worker.process import process

TICK_SECONDS = 1.0
LOCK = 0x6F76_636C_6F63_6B00
"""The advisory lock of the one clock that works, held by its session for as long as it lives."""

BRIDGES_SECONDS = 1.0
"""A flood of bridges must not keep pages waiting: the rest follow in the next tick."""

PUT_UP_AT_ONCE = 50
UNRUNG_SECONDS = 2.0
SELDOM_SECONDS = 10.0
SLOW_SECONDS = 0.5

log = logger(__name__)


def run(settings: Settings) -> None:
    """Keep time until SIGTERM."""
    with process("clock", settings) as started:
        engine = started.database.bind
        assert isinstance(engine, Engine)
        chair = Chair(engine)
        dead_man = DeadMan(settings.dead_man_url, started.database)
        clock = Clock(started.database, stopping=started.stopping)
        while not started.stopping.is_set():
            began = time.monotonic()
            if chair.taken() and clock.tick():
                dead_man.ticked()
            started.stopping.wait(max(0.0, began + TICK_SECONDS - time.monotonic()))
        chair.leave()


class Chair:
    """Held by one process at a time. The database gives it up as soon as its session is gone."""

    def __init__(self, engine: Engine, *, lock: int = LOCK) -> None:
        self._engine = engine
        self._lock = lock
        self._connection: Connection | None = None
        self._said: str | None = None

    def taken(self) -> bool:
        """Whether we hold it, having tried to take it; False while the database is away."""
        try:
            ours = self._still_held() or self._take()
        except SQLAlchemyError as error:
            self.leave()
            self._say("database_away", error=type(error).__name__)
            return False
        self._say("working" if ours else "standing_by")
        return ours

    def leave(self) -> None:
        """Let another clock take over."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(SQLAlchemyError):  # a session that is gone holds nothing
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": self._lock})
        connection.invalidate()
        connection.close()

    def _still_held(self) -> bool:
        """The lock lives and dies with its session, so a session that answers still holds it."""
        if self._connection is None:
            return False
        self._connection.execute(text("SELECT 1"))
        return True

    def _take(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # A holder whose machine vanished is noticed by the server within half a minute.
        for setting in ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5"):
            connection.execute(text(f"SET {setting}"))
        if connection.execute(
            text("SELECT pg_try_advisory_lock(:lock)"), {"lock": self._lock}
        ).scalar():
            self._connection = connection
            return True
        connection.close()
        return False

    def _say(self, state: str, **facts: str) -> None:
        if state != self._said:
            self._said = state
            log.info(state, **facts)


@dataclass(frozen=True)
class _Task:
    """One thing that time makes due: what the log calls it, and what does it and counts.

    A quiet one is logged only when it is slow.
    """

    name: str
    do: Callable[[], int]
    quiet: bool = False


class Clock:
    """Does each task in transactions of its own: one that fails never stops the others."""

    def __init__(self, database: Database, *, stopping: threading.Event) -> None:
        self._database = database
        self._stopping = stopping
        self._seldom_at: dict[str, float] = {}
        late = partial(put_up_late, limit=PUT_UP_AT_ONCE)
        self._tasks = (
            _Task("climb_due", partial(self._in_one, climb_due)),
            _Task("recall_stopped", partial(self._in_one, recall_stopped)),
            _Task("put_up_late", partial(self._in_one, late)),
            _Task("bridge", self._bridge_due),
            _Task("lapse_claims", partial(self._in_one, lapse_claims)),
            _Task("wake_due", partial(self._in_one, wake_due)),
            _Task("lose_sight", partial(self._in_one, lose_sight)),
            _Task("settle_arrived", partial(self._in_one, settle_arrived)),
            _Task("requeue_failed", partial(self._seldom, requeue_failed)),
            _Task("watch_coverage", partial(self._seldom, watch_coverage)),
            _Task("beat", partial(self._seldom, clock_beat), quiet=True),
            _Task("page_missed_follow_ups", partial(self._seldom, page_missed_follow_ups)),
            _Task("page_overdue_lowerings", partial(self._seldom, page_overdue_lowerings)),
            _Task("ring_new_shifts", partial(self._seldom, ring_new_shifts)),
            _Task("give_up_tests", partial(self._seldom, give_up_tests)),
            _Task("announce_gaps", partial(self._seldom, announce_gaps)),
            _Task("put_up_left_behind", partial(self._seldom, put_up_left_behind)),
            _Task("rest_at_limits", partial(self._seldom, rest_at_limits)),
            _Task("put_up_unanswered", partial(self._seldom, put_up_unanswered)),
            _Task("make_findable", partial(self._in_one, make_findable), quiet=True),
            _Task("make_findable_late", partial(self._seldom, make_findable_late), quiet=True),
            _Task("ring_again", partial(self._in_one, ring_again), quiet=True),
        )

    def tick(self) -> bool:
        """Everything that is due now, the most pressing first; whether all of it could be done."""
        failed = 0
        for task in self._tasks:
            if not self._stopping.is_set():
                failed += _attempt(task) is None
        return not failed

    def _in_one(self, do: Callable[..., int]) -> int:
        with self._database.transaction() as session:
            return do(session, now=db_session.now(session))

    def _seldom(self, do: Callable[..., int]) -> int:
        """Not every second: nothing here is due to the second."""
        if time.monotonic() < self._seldom_at.get(do.__name__, 0.0):
            return 0
        self._seldom_at[do.__name__] = time.monotonic() + SELDOM_SECONDS
        return self._in_one(do)

    def _bridge_due(self) -> int:
        with self._database.transaction() as session:
            due = due_bridges(session, now=db_session.now(session))
        give_up_at = time.monotonic() + BRIDGES_SECONDS
        sent = 0
        for item_id in due:
            one = partial(bridge, item_id=item_id)
            sent += _attempt(_Task("bridge_one", partial(self._in_one, one), quiet=True)) or 0
            if time.monotonic() > give_up_at or self._stopping.is_set():
                break
        return sent


def clock_beat(session: Session, *, now: object) -> int:  # noqa: ARG001 (the record's clock)
    """Say that the clock works."""
    beat(session, "clock")
    return 1


def ring_again(session: Session, *, now: object) -> int:  # noqa: ARG001 (asks the database's clock)
    """Ring for texts that no scorer has taken: a ring may be lost, work may not."""
    if not work_is_free(session, waiting_seconds=UNRUNG_SECONDS):
        return 0
    ring(session, Topic.SCORE)
    return 1


def _attempt(task: _Task) -> int | None:
    """Do one task and say how it went; how many things it did, None when it failed."""
    began = time.monotonic()
    try:
        done = int(task.do())
    except Exception as error:  # noqa: BLE001 (the next task, and the next tick, must come)
        if isinstance(error, SQLAlchemyError) and unavailable(error):
            log.warning("put_off", task=task.name, error=type(error).__name__)
        else:
            log.crash("task_failed", error, task=task.name)
        return None
    seconds = time.monotonic() - began
    if (done and not task.quiet) or seconds > SLOW_SECONDS:
        log.info(task.name, done=done, took_ms=seconds * 1000)
    return done

"""The dead man's hook: an outside watcher hears from the clock every minute, or calls people.

It is called only after a tick that did its work, so that silence means trouble: the clock, its
database or the way out is gone. A call that hangs holds nothing.
"""

import threading
import time

import httpx

from db.session import RECORD_ERRORS, Database
from oversight.logs import logger
from oversight.queries.watching import DEAD_MAN
from oversight.services.watching import beat

EVERY_SECONDS = 60.0
GIVE_UP_SECONDS = 5.0

log = logger(__name__)


class DeadMan:
    """Calls one address, at most once a minute, from a thread of its own."""

    def __init__(
        self, url: str | None, database: Database, *, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._url = url
        self._database = database
        self._every = every_seconds
        self._next_at = 0.0
        self._calling: threading.Thread | None = None
        self._state: str | None = None

    def ticked(self) -> None:
        """A tick did its work: call, if a minute has passed. Returns at once."""
        if self._url is None or time.monotonic() < self._next_at:
            return
        if self._calling is not None and self._calling.is_alive():
            return
        self._next_at = time.monotonic() + self._every
        self._calling = threading.Thread(target=self._call, name="dead-man", daemon=True)
        self._calling.start()

    def _call(self) -> None:
        state = self._ask(str(self._url))
        if state != self._state:
            self._state = state
            (log.info if state == "ok" else log.warning)("dead_man", state=state)
        try:
            with self._database.transaction() as session:
                beat(session, DEAD_MAN, detail={"state": state})
        except RECORD_ERRORS as error:
            log.warning("dead_man_not_recorded", error=type(error).__name__)

    def _ask(self, url: str) -> str:
        try:
            with httpx.stream("GET", url, timeout=GIVE_UP_SECONDS) as answer:
                return "ok" if answer.status_code < 300 else f"answered_{answer.status_code}"
        except httpx.TimeoutException:
            return "timeout"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return "unreachable"

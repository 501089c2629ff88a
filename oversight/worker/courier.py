"""The courier: tells waiting bots that an undo window has ended, and loses sight of the silent.

Bots fetch their texts themselves, and handing out happens as they ask (services/delivering). So
the courier only rings; were it away, polls would still find every text when they next look.
"""

import time
import uuid
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from db import session as db_session
from db.session import Database, Topic, ring, unavailable
from oversight.logs import logger
from oversight.queries.due import fell_due, next_due_at, pages_since
from oversight.services.delivering import lose_sight
from oversight.services.watching import beat
from oversight.settings import Settings
from oversight.worker.listening import LONGEST_WAIT_SECONDS, connect, listen
from oversight.worker.pager import Pager, channels_of
from oversight.worker.process import process

LOSE_SIGHT_EVERY_SECONDS = 5.0
BEAT_EVERY_SECONDS = 10.0
PAGES_LOOK_BACK = timedelta(seconds=10)
"""A page is stamped when its transaction begins and seen when it commits."""

log = logger(__name__)


def run(settings: Settings) -> None:
    """Watch deliveries and pages until SIGTERM."""
    if settings.redis_url is None:
        raise ValueError("the courier needs REDIS_URL")
    with process("courier", settings) as started:
        pager = Pager(
            started.database,
            channels_of(settings, started.database),
            base_url=settings.link_url,
        )
        courier = Courier(started.database, pager=pager)
        connection = connect(settings.redis_url)
        listen(
            "deliver",
            connection,
            stopping=started.stopping,
            work=courier.work,
            look=courier.look,
        )


class Courier:
    """Remembers up to when it has rung, and which calls it has logged; lets the pager send."""

    def __init__(self, database: Database, *, pager: Pager | None = None) -> None:
        self._database = database
        self._pager = pager
        self._rung_until: datetime | None = None
        self._pages: dict[uuid.UUID, datetime] = {}
        self._sight_at = 0.0
        self._beat_at = 0.0
        self._away = False

    def work(self) -> None:
        """What a ring does: the same as a look."""
        self.look()

    def look(self) -> float:
        """Ring for what fell due, note pages and silences; seconds until it is worth a new look."""
        try:
            wait_seconds = self._wake_waiting()
            self._note_pages()
            if self._pager is not None:
                self._pager.look()
            self._lose_sight()
            self._beat()
        except SQLAlchemyError as error:
            self._say_away(error)
            return LONGEST_WAIT_SECONDS
        self._away = False
        return wait_seconds

    def _wake_waiting(self) -> float:
        """Each text is rung for once, when its undo window ends; after a restart, all again."""
        with self._database.transaction() as session:
            now = db_session.now(session)
            for conversation_id in fell_due(session, after=self._rung_until, until=now):
                ring(session, Topic.LIVE, conversation_id)
            due_at = next_due_at(session, after=now)
        self._rung_until = now
        return LONGEST_WAIT_SECONDS if due_at is None else (due_at - now).total_seconds()

    def _note_pages(self) -> None:
        with self._database.transaction() as session:
            now = db_session.now(session)
            found = pages_since(session, now - PAGES_LOOK_BACK)
        for page in found:
            if page.id not in self._pages:
                log.info(
                    "page",
                    paging_id=page.id,
                    escalation_id=page.escalation_id,
                    severity=page.severity,
                    step=page.step,
                    clinician_id=page.clinician_id,
                )
            self._pages[page.id] = now
        self._pages = {one: at for one, at in self._pages.items() if at == now}

    def _lose_sight(self) -> None:
        if time.monotonic() < self._sight_at:
            return
        self._sight_at = time.monotonic() + LOSE_SIGHT_EVERY_SECONDS
        with self._database.transaction() as session:
            lost = lose_sight(session, now=db_session.now(session))
        if lost:
            log.warning("no_receipt", deliveries=lost)

    def _beat(self) -> None:
        """Say that calls and texts are being sent."""
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + BEAT_EVERY_SECONDS
        with self._database.transaction() as session:
            beat(session, "courier")

    def _say_away(self, error: SQLAlchemyError) -> None:
        if not unavailable(error):
            log.crash("courier_failed", error)
        elif not self._away:
            self._away = True
            log.warning("database_away", error=type(error).__name__)

"""The pager: takes pages that are due, sends each in a thread of its own, records what came of it.

A channel that hangs holds its own few places and nothing else: not the other channels, not the
courier's other work, and never the clock, which only writes pages down.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from db import session as db_session
from db.session import RECORD_ERRORS, Database
from oversight.domain.pages import ChannelKind
from oversight.logs import logger
from oversight.queries.pages import channels_due, not_told_since
from oversight.services.paging import Outgoing, failed, sent, take_pages
from oversight.settings import Settings
from oversight.worker.channels.mail import Mail
from oversight.worker.channels.others import Apprise, Inbox
from oversight.worker.channels.protocol import Channel, NotSent
from oversight.worker.channels.webhook import Webhook

PLACES = 8
"""Pages that one channel may have on their way at once."""

LOOK_BACK = timedelta(seconds=10)

log = logger(__name__)


def channels_of(settings: Settings, database: Database) -> Mapping[ChannelKind, Channel]:
    """Every channel, as the settings ask."""
    return {
        ChannelKind.EMAIL: Mail(settings.smtp_url, sender=settings.page_from),
        ChannelKind.WEBHOOK: Webhook(),
        ChannelKind.APPRISE: Apprise(),
        ChannelKind.INBOX: Inbox(database),
    }


class Pager:
    """Sends what is due whenever somebody lets it look; never waits for a channel."""

    def __init__(
        self, database: Database, channels: Mapping[ChannelKind, Channel], *, base_url: str
    ) -> None:
        self._database = database
        self._channels = channels
        self._base_url = base_url
        self._on_their_way: Counter[ChannelKind] = Counter()
        self._changed = threading.Condition()
        self._not_told: dict[uuid.UUID, datetime] = {}

    def look(self) -> int:
        """Begin to send what is due, as far as places are free; how many were begun."""
        with self._database.reading() as session:
            due = channels_due(session)
        begun = 0
        for kind in due:
            with self._changed:
                free = PLACES - self._on_their_way[kind]
            if free > 0:
                begun += self._begin(kind, free)
        self._say_who_was_not_told()
        return begun

    def wait(self, seconds: float) -> bool:
        """Until nothing is on its way; whether that came in time. For whoever tests or stops."""
        with self._changed:
            return self._changed.wait_for(lambda: not +self._on_their_way, timeout=seconds)

    def _begin(self, kind: ChannelKind, free: int) -> int:
        with self._database.transaction() as session:
            now = db_session.now(session)
            taken = take_pages(session, kind, base_url=self._base_url, now=now, limit=free)
        with self._changed:
            self._on_their_way[kind] += len(taken)
        for page in taken:
            threading.Thread(
                target=self._send, args=(page,), name=f"page-{kind.value}", daemon=True
            ).start()
        return len(taken)

    def _send(self, page: Outgoing) -> None:
        try:
            self._attempt(page)
        except RECORD_ERRORS as error:
            log.warning("page_not_recorded", page_id=page.page_id, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 (the place must come free; the lease runs out)
            log.crash("page_crashed", error, page_id=page.page_id)
        finally:
            with self._changed:
                self._on_their_way[page.channel] -= 1
                self._changed.notify_all()

    def _attempt(self, page: Outgoing) -> None:
        facts = {
            "page_id": page.page_id,
            "clinician_id": page.clinician_id,
            "channel": page.channel.value,
        }
        try:
            self._channels[page.channel].send(page)
        except NotSent as error:
            with self._database.transaction() as session:
                now = db_session.now(session)
                status = failed(session, page.page_id, why=error.why, now=now, final=error.final)
            word = status.value if status is not None else "settled"
            log.warning("page_not_sent", why=error.why, status=word, **facts)
            return
        with self._database.transaction() as session:
            sent(session, page.page_id, now=db_session.now(session))
        log.info("page_sent", **facts)

    def _say_who_was_not_told(self) -> None:
        """Once each: whoever was to be called and was not, and why."""
        with self._database.reading() as session:
            now = db_session.now(session)
            found = not_told_since(session, now - LOOK_BACK)
        for one in found:
            if one.id not in self._not_told:
                log.warning(
                    "not_told",
                    clinician_id=one.clinician_id,
                    why=one.why,
                    subject=one.subject,
                    page_id=one.id,
                )
        self._not_told = {one.id: now for one in found}

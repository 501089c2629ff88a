"""Everything the library Apprise speaks to (SMS, voice, push, chat), and the inbox."""

from db import session as db_session
from db.session import Database
from oversight.services.paging import Outgoing, keep_in_inbox
from oversight.worker.channels.protocol import SEND_SECONDS, NotSent


class Apprise:
    """One address, one service, as Apprise writes it (``twilio://``, ``ntfys://``, ``slack://``)."""

    def send(self, page: Outgoing) -> None:
        """Notify the one address; the library says only whether it went."""
        import apprise  # Slow to import (a hundred services), and most houses need none of it.

        service = apprise.Apprise.instantiate(
            f"{page.address}{'&' if '?' in page.address else '?'}"
            f"cto={SEND_SECONDS / 2:g}&rto={SEND_SECONDS / 2:g}",
            suppress_exceptions=True,
        )
        if service is None:
            raise NotSent("address_not_usable", final=True)
        if not service.notify(title=page.words.subject, body=page.words.body):
            raise NotSent("not_taken")


class Inbox:
    """Keeps the page in the record; nothing leaves the machine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, page: Outgoing) -> None:
        """Never fails but with the record itself."""
        with self._database.transaction() as session:
            keep_in_inbox(session, page, now=db_session.now(session))

"""Who waits for news of which conversation. Waiting costs memory: no thread, no connection."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from db.listening import changes
from oversight.logs import logger

RECHECK_SECONDS = 5.0
"""How often a waiting poll looks without being woken, should a bell have been lost."""

RECHECK_DEAF_SECONDS = 1.0
"""The same while nothing is heard from Postgres."""

log = logger(__name__)


class Hub:
    """Wakes waiting polls. Only ever touched from the event loop's thread."""

    def __init__(self) -> None:
        self._by_conversation: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._of_any: set[asyncio.Event] = set()
        self.hears = False
        self.closing = False

    @contextlib.contextmanager
    def waiting(self, conversation: str | None = None) -> Iterator[asyncio.Event]:
        """An event set by news of ``conversation``, or of any when none is named."""
        event = asyncio.Event()
        group = self._of_any if conversation is None else self._by_conversation[conversation]
        group.add(event)
        try:
            yield event
        finally:
            group.discard(event)
            if conversation is not None and not group:
                self._by_conversation.pop(conversation, None)

    @property
    def polls(self) -> int:
        """How many polls wait now."""
        return len(self._of_any) + sum(map(len, self._by_conversation.values()))

    @property
    def recheck_seconds(self) -> float:
        """The longest that a poll may wait before it looks again by itself."""
        return RECHECK_SECONDS if self.hears else RECHECK_DEAF_SECONDS

    def wake(self, conversations: Iterable[str] | None) -> None:
        """News of these conversations, or of any of them."""
        groups = list(self._by_conversation.values()) if conversations is None else []
        for conversation in conversations or ():
            if conversation in self._by_conversation:
                groups.append(self._by_conversation[conversation])
        for group in (*groups, self._of_any):
            for event in group:
                event.set()

    def close(self) -> None:
        """Send every waiting poll home with what it has."""
        self.closing = True
        self.wake(None)


async def listen(database_url: str, hub: Hub) -> None:
    """Hear the live channel for ever, through restarts of Postgres."""
    async for news in changes(database_url):
        if hub.hears and not news.hears:
            log.warning("cannot_listen")
        hub.hears = news.hears
        hub.wake(news.conversations)

"""The chat channel's half of a delivery: take what participants should see, show it, confirm it."""

from __future__ import annotations

import threading
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from oversight.client import Delivery, GatewayClient, GatewayError, Refused
from oversight.logs import logger

log = logger(__name__)


class Channel:
    """Follows the delivery feed and sends a receipt for each delivery to one of our participants.

    `is_ours` says which conversations are ours: the feed carries the whole study's, and a receipt
    for a text that somebody else shows would be a lie. The cursor is handed to `keep_cursor` only
    after the receipts of its page, so a channel that is killed confirms a page again, never too
    little.
    """

    def __init__(
        self,
        client: GatewayClient,
        *,
        is_ours: Callable[[str], bool],
        stop: threading.Event,
        cursor: str | None = None,
        keep_cursor: Callable[[str], None] | None = None,
        wait_seconds: float = 10.0,
        receipt_delay_seconds: float = 1.0,
    ) -> None:
        self._client = client
        self._is_ours = is_ours
        self._stop = stop
        self._cursor = cursor
        self._keep_cursor = keep_cursor
        self._wait_seconds = wait_seconds
        self._receipt_delay_seconds = receipt_delay_seconds
        self._shown: set[str] = set()
        self.confirmed_by_kind: Counter[str] = Counter()

    def listen(self) -> None:
        """Until `stop` is set; a gateway that is away is waited for, a key refused is an error."""
        while not self._stop.is_set():
            try:
                self.listen_once()
            except GatewayError as error:
                if error.is_about_the_key:
                    raise
                log.warning("feed_unavailable", status=error.status, code=error.code)
                self._stop.wait(5.0)

    def listen_once(self) -> None:
        page = self._client.deliveries(after=self._cursor, wait_seconds=self._wait_seconds)
        ours = [
            delivery
            for delivery in page.deliveries
            if delivery.delivery_id not in self._shown and self._is_ours(delivery.conversation_id)
        ]
        if ours:
            shown_at = datetime.now(UTC)
            self._stop.wait(self._receipt_delay_seconds)
            for delivery in ours:
                self._confirm(delivery, shown_at)
        if page.cursor != self._cursor:
            self._cursor = page.cursor
            if self._keep_cursor is not None:
                self._keep_cursor(page.cursor)

    def _confirm(self, delivery: Delivery, shown_at: datetime) -> None:
        read_at = shown_at + timedelta(milliseconds=400) if _is_read(delivery) else None
        if read_at is not None:
            read_at = min(read_at, datetime.now(UTC))
        try:
            self._client.receipt(delivery.delivery_id, at=shown_at, read_at=read_at)
        except Refused as error:
            log.warning("receipt_refused", delivery=delivery.delivery_id, code=error.code)
            return
        self._shown.add(delivery.delivery_id)
        self.confirmed_by_kind[delivery.kind] += 1
        log.info("shown", delivery=delivery.delivery_id, kind=delivery.kind)


def _is_read(delivery: Delivery) -> bool:
    """Two in three are read at once; the same ones whenever the receipt is sent again."""
    return zlib.crc32(delivery.delivery_id.encode()) % 3 != 0

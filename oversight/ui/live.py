"""Live push: one LISTEN for the whole process, one websocket a page, never a poll."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from db.listening import changes
from oversight.logs import logger

THROTTLE_SECONDS = 0.3
KEEP_ALIVE_SECONDS = 25
ANYTHING = frozenset({"*"})

log = logger(__name__)


class Live:
    """Tells every open page which conversations changed, at most three times a second."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._waiting: set[asyncio.Queue[frozenset[str]]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Follow the database's announcements while the block runs."""
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        async for news in changes(self._database_url):
            changed = ANYTHING if news.conversations is None else news.conversations
            for queue in list(self._waiting):
                queue.put_nowait(changed)

    async def serve(self, websocket: WebSocket) -> None:
        """One page's connection: first a greeting, then what changed since."""
        await websocket.accept()
        queue: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self._waiting.add(queue)
        reader = asyncio.create_task(_until_gone(websocket))
        try:
            while not reader.done():
                changed = await _next(queue, reader)
                if reader.done():
                    break
                await websocket.send_text(json.dumps(sorted(changed)[:200]))
                await asyncio.sleep(THROTTLE_SECONDS)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page is gone
        finally:
            self._waiting.discard(queue)
            reader.cancel()


async def _next(queue: asyncio.Queue[frozenset[str]], reader: asyncio.Task[None]) -> frozenset[str]:
    """Everything that changed since the last message; empty as a sign of life."""
    get = asyncio.create_task(queue.get())
    await asyncio.wait(
        {get, reader}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    if not get.done():
        get.cancel()
        return frozenset()
    changed = set(get.result())
    while not queue.empty():
        changed |= queue.get_nowait()
    return frozenset(changed)


async def _until_gone(websocket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await websocket.receive_text()

"""Following what the bell announces: LISTEN on one connection, reconnecting for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
from sqlalchemy import make_url

CHANNEL = "oversight_live"
"""A payload is a JSON list of conversation ids, or anything else for any of them."""

RETRY_SECONDS = 1.0
QUIET_SECONDS = 20.0
"""After this long without news the connection is tried: a half-open one would say nothing."""


@dataclass(frozen=True)
class News:
    """``conversations`` that changed, None for any of them; ``hears`` is False once we are deaf."""

    conversations: frozenset[str] | None
    hears: bool = True


def changed_conversations(payload: str) -> frozenset[str] | None:
    """The conversations that a payload names; None means any of them."""
    try:
        named = json.loads(payload)
    except ValueError:
        return None
    return frozenset(map(str, named)) if isinstance(named, list) else None


async def changes(database_url: str) -> AsyncIterator[News]:
    """Yield news for ever. After every gain or loss of the connection anything may have changed."""
    url = make_url(database_url).set(drivername="postgresql")
    while True:
        try:
            async for news in _heard(url.render_as_string(hide_password=False)):
                yield news
        except (psycopg.Error, OSError):
            yield News(None, hears=False)
        await asyncio.sleep(RETRY_SECONDS)


async def _heard(libpq_url: str) -> AsyncIterator[News]:
    connection = await psycopg.AsyncConnection.connect(
        libpq_url, autocommit=True, connect_timeout=3
    )
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield News(None)  # whatever was said while nobody listened
        while True:
            async for notice in connection.notifies(timeout=QUIET_SECONDS):
                yield News(changed_conversations(notice.payload))
            await asyncio.wait_for(connection.execute("SELECT 1"), timeout=QUIET_SECONDS)

"""Following what the bell announces: LISTEN on one connection, reconnecting for ever."""

import asyncio
import json
from collections.abc import AsyncIterator

import psycopg
from sqlalchemy import make_url

CHANNEL = "oversight_live"
EVERYTHING = "*"
RECONNECT_SECONDS = 1.0


async def changes(database_url: str) -> AsyncIterator[frozenset[str]]:
    """Yield sets of changed conversation ids; ``{"*"}`` means anything may have changed.

    After every (re)connection ``{"*"}`` comes first, because news may have been missed.
    """
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                conninfo(database_url), autocommit=True
            )
        except psycopg.OperationalError:
            await asyncio.sleep(RECONNECT_SECONDS)
            continue
        try:
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield frozenset({EVERYTHING})
                async for notification in connection.notifies():
                    yield parse(notification.payload)
        except psycopg.OperationalError:
            await asyncio.sleep(RECONNECT_SECONDS)


def parse(payload: str) -> frozenset[str]:
    """The ids in a notification; anything unreadable means everything."""
    try:
        names = json.loads(payload)
    except ValueError:
        return frozenset({EVERYTHING})
    if isinstance(names, list):
        return frozenset(str(name) for name in names)
    return frozenset({EVERYTHING})


def conninfo(database_url: str) -> str:
    """SQLAlchemy's URL as libpq reads it."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)

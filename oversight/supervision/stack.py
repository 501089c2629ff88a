"""Which processes Oversight consists of, how each is started, and when it is ready."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from oversight.embedded import postgres, valkey
from oversight.embedded.children import Launch
from oversight.embedded.paths import VarFolder
from oversight.settings import Settings
from oversight.supervision.supervisor import ProcessSpec

REPOSITORY = Path(__file__).resolve().parents[2]
_SERVER_STOP_SECONDS = 4.0  # What the others have left of it.
_PROCESS_STOP_SECONDS = 2.5
_BACKGROUND_STOP_SECONDS = 1.0
_ANSWER_SECONDS = 5.0


def servers(settings: Settings) -> list[ProcessSpec]:
    """PostgreSQL and Valkey of our own, for those that the settings do not name."""
    var = VarFolder(settings.var)
    own = []
    if settings.database_url is None:
        own.append(_postgres(postgres.PostgresFolders(var.postgres_data, var.postgres_sockets)))
    if settings.redis_url is None:
        own.append(_valkey(valkey.ValkeyFolders(var.valkey_data, var.valkey_socket)))
    return own


def with_servers(settings: Settings) -> Settings:
    """The same settings, naming our own servers where they named none."""
    var = VarFolder(settings.var)
    return settings.with_servers(
        database_url=settings.database_url or var.database_url,
        redis_url=settings.redis_url or var.redis_url,
    )


def migration(settings: Settings) -> list[ProcessSpec]:
    return [_ours("migrate", settings, runs_once=True)]


def processes(settings: Settings) -> list[ProcessSpec]:
    """Everything that needs a migrated database, in no order among themselves."""
    ours = [_ours("seed", settings, runs_once=True)] if settings.demo else []
    ours.append(_ours("gateway", settings, is_ready=_answers(f"{settings.gateway_url}/healthz")))
    ours.append(_ours("console", settings, is_ready=_answers(settings.console_url)))
    ours += _several("scorer", settings.scorers, settings)
    ours += _several("courier", settings.couriers, settings)
    ours.append(_ours("clock", settings))
    # Nothing it holds is worth waiting for, and at its low priority a busy machine lets it wait.
    ours.append(_ours("background", settings, stop_seconds=_BACKGROUND_STOP_SECONDS))
    return ours


def player(settings: Settings) -> list[ProcessSpec]:
    """The synthetic trial, which ends by itself when it is played."""
    if not settings.demo:
        return []
    # It waits in long polls and finds its place again after any end, so it is ended at once.
    return [_ours("player", settings, may_finish=True, stop_signal=signal.SIGKILL)]


def environment(settings: Settings) -> dict[str, str]:
    """What a child has to be told beyond the environment that it inherits."""
    told = {"OVERSIGHT_VAR": str(settings.var), "PYTHONUNBUFFERED": "1"}
    if settings.database_url and settings.redis_url:
        told |= {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return told


# Lines as oversight.logs writes them, in either form.
_ROUTINE = re.compile(r'^\S+ (debug|info) |^\{.*"level": "(debug|info)"')


def is_routine(line: str) -> bool:
    """Whether a line reports ordinary work: hundreds a minute, which the log file keeps."""
    return _ROUTINE.match(line) is not None


def _several(command: str, count: int, settings: Settings) -> list[ProcessSpec]:
    names = [command] if count == 1 else [f"{command}-{n}" for n in range(1, count + 1)]
    return [_ours(command, settings, name=name) for name in names]


def _ours(
    command: str,
    settings: Settings,
    *,
    name: str | None = None,
    is_ready: Callable[[int], Awaitable[bool]] | None = None,
    runs_once: bool = False,
    may_finish: bool = False,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_seconds: float = _PROCESS_STOP_SECONDS,
) -> ProcessSpec:
    launch = Launch(
        arguments=(sys.executable, "-m", "oversight", command),
        environment=environment(settings),
        folder=REPOSITORY,
        # The record is in PostgreSQL: a process whose supervisor is gone has nothing to tidy up.
        death_signal=signal.SIGKILL,
    )
    return ProcessSpec(
        name=name or command,
        launch=lambda: launch,
        is_ready=is_ready,
        hides=is_routine,
        runs_once=runs_once,
        may_finish=may_finish,
        stop_signal=stop_signal,
        stop_seconds=stop_seconds,
    )


def _postgres(folders: postgres.PostgresFolders) -> ProcessSpec:
    async def is_ready(process_id: int) -> bool:
        if not postgres.is_ready(folders, process_id):
            return False
        try:
            await asyncio.to_thread(postgres.create_database, folders, "oversight")
        except psycopg.OperationalError:
            return False
        return True

    return ProcessSpec(
        name="postgres",
        quiet=True,
        launch=lambda: postgres.prepare(folders),
        is_ready=is_ready,
        # Most of its stop is a checkpoint: over a second on a busy machine, beside the others' own.
        before_stop=lambda: postgres.checkpoint(folders),
        stop_signal=signal.SIGINT,  # "Fast": ends sessions, then writes everything down.
        stop_seconds=_SERVER_STOP_SECONDS,
    )


def _valkey(folders: valkey.ValkeyFolders) -> ProcessSpec:
    async def is_ready(process_id: int) -> bool:  # noqa: ARG001 (its socket is its own)
        return await asyncio.to_thread(valkey.is_ready, folders)

    return ProcessSpec(
        name="valkey",
        quiet=True,
        launch=lambda: valkey.prepare(folders),
        is_ready=is_ready,
        stop_seconds=_SERVER_STOP_SECONDS,
    )


def _answers(url: str) -> Callable[[int], Awaitable[bool]]:
    """Whether HTTP is answered there without a server error."""

    async def is_ready(process_id: int) -> bool:  # noqa: ARG001 (we checked that the port was free)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await _status(url) < 500
        except (OSError, TimeoutError, ValueError, IndexError):
            return False

    return is_ready


async def _status(url: str) -> int:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        path = address.path or "/"
        request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()

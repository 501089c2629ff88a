"""Throw-away servers for one benchmark, and processes of ours beside them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

from oversight.embedded.postgres import create_database
from oversight.embedded.throwaway import throwaway_postgres, throwaway_valkey


@dataclass(frozen=True)
class Servers:
    """A durable PostgreSQL with our schema, and a Valkey."""

    database_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What one of our processes has to be told."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def throwaway_servers() -> Iterator[Servers]:
    """Real servers that write to disk as in production, gone at the end of the block."""
    from db.migrate import upgrade

    with throwaway_postgres(durable=True) as postgres, throwaway_valkey() as valkey:
        create_database(postgres, "benchmark")
        url = postgres.url("benchmark")
        upgrade(url)
        yield Servers(url, valkey.url)


@contextmanager
def process(
    arguments: Sequence[str], *, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """`python ARGUMENTS`, stopped at the end of the block."""
    started = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, *, seconds: float = 90) -> None:
    """Until something answers there without a server error."""
    give_up_at = time.monotonic() + seconds
    while True:
        try:
            if httpx.get(url, timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"nothing answers at {url}")
        time.sleep(0.05)


def database_cpu_seconds() -> float:
    """CPU time of the throw-away PostgreSQL so far: every process it has, and had."""
    used = 0.0
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.name() == "postgres":
                times = one.cpu_times()
                used += times.user + times.system
                used += times.children_user + times.children_system
    return used


def cpu_seconds(process_id: int) -> float:
    """CPU time that a process has used so far."""
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system)

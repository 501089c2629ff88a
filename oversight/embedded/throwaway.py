"""Servers that live as long as one `with` block, for tests and benchmarks."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oversight.embedded import postgres, valkey
from oversight.embedded.children import Launch

_STOP_SECONDS = 10.0


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """A short path, because the sockets' addresses have room for about a hundred bytes."""
    folder = Path(tempfile.mkdtemp(prefix="oversight-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def throwaway_postgres(*, durable: bool = False) -> Iterator[postgres.PostgresFolders]:
    """A fresh PostgreSQL server. Benchmarks of commits want `durable=True`."""
    with throwaway_folder() as folder:
        folders = postgres.PostgresFolders(folder / "data", folder / "s", durable=durable)
        with running(postgres.prepare(folders), stop=signal.SIGQUIT) as process:
            postgres.wait_until_ready(folders, process)
            yield folders


@contextmanager
def throwaway_valkey(*, durable: bool = False) -> Iterator[valkey.ValkeyFolders]:
    """A fresh Valkey server."""
    with throwaway_folder() as folder:
        folders = valkey.ValkeyFolders(folder / "data", folder / "s" / "v.sock", durable=durable)
        with running(valkey.prepare(folders), stop=signal.SIGKILL) as process:
            valkey.wait_until_ready(folders, process)
            yield folders


@contextmanager
def running(launch: Launch, *, stop: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child, and make sure that it is gone at the end of the block."""
    process = start(launch)
    try:
        yield process
    finally:
        end(process, stop=stop)


def start(launch: Launch) -> subprocess.Popen[bytes]:
    """Start the child without its output; ready or not is for the caller to find out."""
    try:
        return subprocess.Popen(
            launch.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **launch.popen_options(),
        )
    finally:
        launch.close_folders()


def end(process: subprocess.Popen[bytes], *, stop: signal.Signals) -> None:
    """Ask it to stop, and kill it after ten seconds; nothing happens to one that has ended."""
    if process.poll() is not None:
        return
    process.send_signal(stop)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)

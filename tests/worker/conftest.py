"""A record with one study in it, and real worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.session import Database, Ring
from tests.worker.talk import Talk

REPOSITORY = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 40.0


class HeardBell:
    """A bell that notes every ring."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []

    def __call__(self, rings: frozenset[Ring]) -> None:
        self.rings += rings


@pytest.fixture
def bell() -> HeardBell:
    return HeardBell()


@pytest.fixture
def database(engine: Engine, bell: HeardBell) -> Database:
    return Database(engine, bell=bell)


@pytest.fixture
def talk(database: Database) -> Talk:
    return Talk.begin(database)


@contextmanager
def worker_process(
    arguments: list[str], environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m ...` in a process of its own; killed at the end if it has not ended."""
    child = subprocess.Popen(
        [sys.executable, "-m", *arguments], env={**os.environ, **environment}, cwd=REPOSITORY
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def stopped_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether SIGTERM ends it cleanly in time."""
    child.send_signal(signal.SIGTERM)
    try:
        return child.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False


def wait_until(holds: Callable[[], object], *, seconds: float = WAIT_SECONDS) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, f"not within {seconds:g} s"
        time.sleep(0.02)

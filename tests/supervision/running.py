"""A supervisor in a process of its own, for tests that kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]

# The real supervisor on real servers; each process of ours is one that only waits.
WITH_STAND_INS = """
import dataclasses, signal, sys
from oversight.embedded.children import Launch
from oversight.supervision import stack
from oversight.supervision.supervisor import ProcessSpec

def waiting(settings):
    command = (sys.executable, "-c", "import signal\\nprint('up')\\nwhile True: signal.pause()")
    launch = Launch(command, stack.environment(settings), death_signal=signal.SIGKILL)
    return [ProcessSpec(name, lambda: launch) for name in ("gateway", "scorer", "courier", "clock")]

stack.processes, stack.player = waiting, lambda settings: []
from oversight.__main__ import main
sys.exit(main(["run", "--tethered"]))
"""


@dataclass
class Running:
    """A supervisor in a process of its own, and what it has written so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def until_line(self, part: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if part in line:
                return line
        raise AssertionError("".join(["ended before it said ", part, "\n", *self.lines]))

    def read_on(self) -> None:
        """Keep reading in the background: the lines of minutes do not fit into a pipe."""
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()

    def _drain(self) -> None:
        self.lines.extend(self.process.stdout or ())

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.reader is not None:
            self.reader.join(10)
        elif self.process.stdout is not None:
            self.process.stdout.close()

    def interrupt(self) -> None:
        """Ctrl-C: the terminal signals the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(10)

    def kill(self) -> None:
        """kill -9 of the supervisor itself (make is its parent, where make started it)."""
        children = [psutil.Process(self.process.pid), *self.processes()]
        next(child for child in children if {"oversight", "run"} <= set(child.cmdline())).kill()

    def processes(self) -> list[psutil.Process]:
        """Every descendant."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def server(self, name: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if name in child.cmdline()[0])


@contextmanager
def running_with_stand_ins(environment: dict[str, str]) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_STAND_INS],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    oversight = Running(process)
    try:
        yield oversight
    finally:
        oversight.end()


@contextmanager
def running_with_make(environment: dict[str, str]) -> Iterator[Running]:
    """`make run` in a process group of its own, as a terminal would start it."""
    process = subprocess.Popen(
        ["make", "--silent", "run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    oversight = Running(process)
    try:
        yield oversight
    finally:
        oversight.end()


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

"""The supervisor on small stand-in processes."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from oversight.embedded.children import Launch
from oversight.supervision import supervisor as supervisor_module
from oversight.supervision.stack import is_routine
from oversight.supervision.supervisor import ProcessSpec, StartFailed, Supervisor
from oversight.supervision.terminal import Terminal

WAIT_FOR_EVER = "import signal\nprint('up', flush=True)\nwhile True: signal.pause()"
IGNORE_SIGTERM = f"import signal\nsignal.signal(15, lambda *_: None)\n{WAIT_FOR_EVER}"


def spec(name: str, program: str, **options: object) -> ProcessSpec:
    launch = Launch((sys.executable, "-c", program), death_signal=signal.SIGKILL)
    return ProcessSpec(name=name, launch=lambda: launch, **options)  # type: ignore[arg-type]


class Screen:
    """What was written, for a test to read."""

    def __init__(self, log_file: Path | None = None) -> None:
        self.stream = io.StringIO()
        self.terminal = Terminal(log_file=log_file, stream=self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_process_that_dies_is_started_again(screen: Screen) -> None:
    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("one", WAIT_FOR_EVER)])
        first = supervisor.process_ids()["one"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.process_ids().get("one", first) != first)
        await supervisor.stop()
        assert supervisor.process_ids() == {}

    asyncio.run(scene())
    screen.terminal.close()
    assert "was ended by SIGKILL; starts again in 0.2 s" in screen.text


def test_a_stage_waits_until_all_of_it_is_ready(screen: Screen, tmp_path: Path) -> None:
    mark = tmp_path / "ready"

    async def is_ready(process_id: int) -> bool:
        return mark.exists()

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        program = f"import time, pathlib; time.sleep(.2); pathlib.Path({str(mark)!r}).touch()\n"
        await supervisor.start([spec("one", program + WAIT_FOR_EVER, is_ready=is_ready)])
        assert mark.exists()
        await supervisor.stop()

    asyncio.run(scene())


def test_a_step_that_fails_stops_the_start(screen: Screen) -> None:
    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        try:
            with pytest.raises(StartFailed, match="migrate ended with status 3"):
                await supervisor.start([spec("migrate", "raise SystemExit(3)", runs_once=True)])
        finally:
            await supervisor.stop()

    asyncio.run(scene())


def test_a_process_that_never_comes_up_stops_the_start(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "_FIRST_PAUSE_SECONDS", 0.01)

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        never: Callable[[int], Awaitable[bool]] = _never_ready
        try:
            with pytest.raises(StartFailed, match="5 times before it was ready"):
                await supervisor.start([spec("gateway", "raise SystemExit(1)", is_ready=never)])
        finally:
            await supervisor.stop()

    asyncio.run(scene())


async def _never_ready(process_id: int) -> bool:
    return False


def test_a_step_that_succeeds_is_not_repeated(screen: Screen, tmp_path: Path) -> None:
    marks = tmp_path / "marks"

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        program = f"open({str(marks)!r}, 'a').write('x')"
        await supervisor.start([spec("migrate", program, runs_once=True)])
        await supervisor.stop()

    asyncio.run(scene())
    assert marks.read_text() == "x"


def test_what_a_stop_needs_first_begins_before_its_stage_is_told(screen: Screen) -> None:
    """A server writes everything down while those who use it are still stopping."""
    begun: list[list[str]] = []
    supervisor = Supervisor(screen.terminal)

    async def scene() -> None:
        note = lambda: begun.append(sorted(supervisor.process_ids()))  # noqa: E731
        await supervisor.start([spec("server", WAIT_FOR_EVER, before_stop=note)])
        await supervisor.start([spec("user", IGNORE_SIGTERM, stop_seconds=0.5)])
        await supervisor.stop()

    asyncio.run(scene())
    assert begun == [["server", "user"]]


def test_stages_stop_in_reverse_order(screen: Screen, tmp_path: Path) -> None:
    order = tmp_path / "order"

    def ends(name: str) -> str:
        note = f"open({str(order)!r}, 'a').write('{name} ')"
        return f"import signal, sys\nsignal.signal(15, lambda *_: sys.exit({note} and 0))\n"

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        for name in ("database", "gateway", "player"):
            before = screen.text.count("up")
            await supervisor.start([spec(name, ends(name) + WAIT_FOR_EVER)])
            await until(lambda seen=before: screen.text.count("up") > seen)  # type: ignore[misc]
        await supervisor.stop()

    asyncio.run(scene())
    assert order.read_text().split() == ["player", "gateway", "database"]


def test_a_process_that_ignores_us_is_killed_in_time(screen: Screen) -> None:
    async def scene() -> float:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("deaf", IGNORE_SIGTERM, stop_seconds=0.3)])
        await until(lambda: "up" in screen.text)
        deaf = supervisor.process_ids()["deaf"]
        started = time.monotonic()
        await supervisor.stop()
        took = time.monotonic() - started
        assert _gone(deaf)
        return took

    assert asyncio.run(scene()) < 2.0
    screen.terminal.close()  # it writes in a thread of its own, perhaps later
    assert "did not stop in time and is killed" in screen.text


def test_nothing_that_a_process_had_started_stays_behind(screen: Screen) -> None:
    child = (
        "import subprocess\n"
        "p = subprocess.Popen(['sleep', '600'])\n"
        "print('up', p.pid, flush=True)\n"
        "p.wait()"
    )

    async def scene() -> int:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("parent", child)])
        await until(lambda: "up " in screen.text)
        grandchild = int(screen.text.split("up ")[1].split()[0])
        assert psutil.pid_exists(grandchild)
        await supervisor.stop()
        return grandchild

    grandchild = asyncio.run(scene())
    assert _gone(grandchild)


def _gone(process_id: int, seconds: float = 5.0) -> bool:
    """Dead, though perhaps not yet collected by a lazy process 1."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            if psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_asking_again_later_kills_at_once(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "_IMPATIENT_SECONDS", 0.05)

    async def scene() -> float:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("deaf", IGNORE_SIGTERM, stop_seconds=30)])
        await until(lambda: "up" in screen.text)
        started = time.monotonic()
        supervisor.ask_to_stop()
        stopping = asyncio.create_task(supervisor.stop())
        await asyncio.sleep(0.1)
        supervisor.ask_to_stop()
        await stopping
        return time.monotonic() - started

    assert asyncio.run(scene()) < 3.0


def test_one_ctrl_c_that_arrives_twice_is_still_an_orderly_stop(
    screen: Screen, tmp_path: Path
) -> None:
    mark = tmp_path / "tidied up"
    tidy = (
        "import signal, sys\n"
        f"signal.signal(15, lambda *_: sys.exit(open({str(mark)!r}, 'w').close()))\n"
    )

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("careful", tidy + WAIT_FOR_EVER)])
        await until(lambda: "up" in screen.text)
        supervisor.ask_to_stop()
        supervisor.ask_to_stop()
        await supervisor.stop()

    asyncio.run(scene())
    assert mark.exists()


@pytest.mark.parametrize(
    ("line", "routine"),
    [
        ("2026-01-02T03:04:05.678Z info gateway answered status=202", True),
        ("2026-01-02T03:04:05.678Z debug gateway answered", True),
        ('{"item": 3, "time": "2026", "level": "info", "source": "clock", "event": "x"}', True),
        ("2026-01-02T03:04:05.678Z warning gateway slow", False),
        ('{"item": 3, "time": "2026", "level": "error", "source": "clock", "event": "x"}', False),
        ("Traceback (most recent call last):", False),
        ("", False),
    ],
)
def test_the_screen_is_kept_for_what_is_out_of_the_ordinary(line: str, *, routine: bool) -> None:
    assert is_routine(line) is routine


def test_a_process_that_may_finish_is_left_alone_when_it_does(screen: Screen) -> None:
    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("player", "print('done')", may_finish=True)])
        await until(lambda: not supervisor.process_ids())
        await supervisor.stop()

    asyncio.run(scene())
    screen.terminal.close()
    assert "starts again" not in screen.text


def test_lines_lose_their_control_characters_and_long_ones_are_cut(screen: Screen) -> None:
    program = "import sys\nsys.stdout.write('a\\x1b[2Jb\\tc\\n' + 'x' * 100_000 + '\\n')"

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("one", program, runs_once=True)])
        await supervisor.stop()

    asyncio.run(scene())
    screen.terminal.close()
    assert "a[2Jb c" in screen.text
    assert "\x1b" not in screen.text
    assert max(len(line) for line in screen.text.splitlines()) < 80_000


class Stuck(io.StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def write(self, text: str) -> int:
        self.let_go.wait()
        return super().write(text)


def test_a_terminal_that_nobody_reads_holds_up_nobody(tmp_path: Path) -> None:
    stream, log = Stuck(), tmp_path / "log" / "oversight.log"
    terminal = Terminal(log_file=log, stream=stream)
    for number in range(10_000):
        terminal.line("one", f"line {number}")
    terminal.close(seconds=0.1)
    assert log.read_text().count("\n") == 10_000
    assert log.stat().st_mode & 0o777 == 0o600
    assert stream.getvalue() == ""
    stream.let_go.set()


def test_when_the_supervisor_is_killed_no_process_stays(tmp_path: Path) -> None:
    """kill -9 of the supervisor: the kernel ends its children."""
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.supervision.test_supervisor import *
async def scene():
    supervisor = Supervisor(Terminal(log_file=None))
    await supervisor.start([spec("a", IGNORE_SIGTERM), spec("b", WAIT_FOR_EVER)])
    ids = " ".join(map(str, supervisor.process_ids().values()))
    sys.stdout.write(f"\\nids {{ids}}\\n")  # one write: the children's lines come between others
    sys.stdout.flush()
    await asyncio.sleep(600)
asyncio.run(scene())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("ids"))
        process.kill()
    for process_id in map(int, line.split()[1:]):
        assert _gone(process_id)


def test_a_quiet_process_is_heard_when_it_fails(screen: Screen, tmp_path: Path) -> None:
    stop = tmp_path / "fail"
    program = (
        "import os, time\nprint('nothing to see')\n"
        f"while not os.path.exists({str(stop)!r}): time.sleep(.01)\n"
        "print('the disk is full')\nraise SystemExit(1)"
    )

    async def scene() -> None:
        supervisor = Supervisor(screen.terminal)
        await supervisor.start([spec("valkey", program, quiet=True)])
        await asyncio.sleep(0.1)
        assert "nothing to see" not in screen.text
        stop.touch()
        await until(lambda: "the disk is full" in screen.text)
        await supervisor.stop()

    asyncio.run(scene())

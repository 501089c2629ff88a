"""Starts processes in stages, keeps them alive, and stops them in reverse.

Knows nothing about what the processes are; `stack.py` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from oversight.embedded.children import Launch
from oversight.supervision.terminal import Terminal

_POLL_SECONDS = 0.03
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_STABLE_SECONDS = 20.0
_EARLY_ENDS_ALLOWED = 5
_LONGEST_LINE = 8_192
_LAST_LINES_SECONDS = 0.3
_LAST_LINES = 10
_IMPATIENT_SECONDS = 1.0
_STOP_SECONDS = 4.2


class StartFailed(Exception):
    """A process that the others need did not come up. The message is fit for an operator."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to run.

    `launch` is asked before every start, so that it can clear what the last run left.
    `is_ready` gets the process id; without it a process counts as ready once it runs.
    """

    name: str
    launch: Callable[[], Launch]
    is_ready: Callable[[int], Awaitable[bool]] | None = None
    runs_once: bool = False  # Its successful end is what the next stage waits for.
    quiet: bool = False  # Its lines go to the log file alone, until it ends by itself.
    hides: Callable[[str], bool] | None = None  # Which single lines go to the log file alone.
    may_finish: bool = False  # Ends by itself when its work is done; started again only on failure.
    ready_seconds: float = 120.0  # Generous: a busy machine is no fault.
    before_stop: Callable[[], None] | None = None  # Begun while what needs it is still stopping.
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 3.0


@dataclass(slots=True)
class _Child:
    """The running side of a spec."""

    spec: ProcessSpec
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    process: Process | None = None
    keeper: asyncio.Task[None] | None = None
    ends_before_ready: int = 0
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))


class Supervisor:
    """Runs stages of processes until it is told to stop."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._stages: list[list[_Child]] = []
        self._stop_asked = asyncio.Event()
        self._stop_asked_at: float | None = None

    def ask_to_stop(self) -> None:
        """Ask for an orderly stop. Asking again, a second or more later, kills what still runs.

        One Ctrl-C may well reach us twice, from the terminal and from whoever started us.
        """
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif now - self._stop_asked_at > _IMPATIENT_SECONDS:
            for process_id in self.process_ids().values():
                _signal_group(process_id, signal.SIGKILL)
        self._stop_asked.set()

    @property
    def stop_asked(self) -> bool:
        return self._stop_asked.is_set()

    async def wait_until_asked_to_stop(self) -> None:
        await self._stop_asked.wait()

    def process_ids(self) -> dict[str, int]:
        """What runs at this moment."""
        children = [child for stage in self._stages for child in stage]
        return {
            child.spec.name: child.process.pid
            for child in children
            if child.process is not None and child.process.returncode is None
        }

    async def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start one stage and return when all of it is ready, or when we are asked to stop."""
        stage = [_Child(spec) for spec in specs]
        self._stages.append(stage)
        for child in stage:
            child.keeper = asyncio.create_task(self._keep(child), name=child.spec.name)
        waiting = {asyncio.create_task(self._until_ready(child)) for child in stage}
        stop = asyncio.create_task(self.wait_until_asked_to_stop())
        tasks = {stop, *waiting}
        try:
            while waiting and not stop.done():
                done, _ = await asyncio.wait({stop, *waiting}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # Raises what kept a process from coming up.
                waiting -= done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop everything, the last stage first, in less than five seconds."""
        self._stop_asked.set()
        give_up = time.monotonic() + _STOP_SECONDS
        self._begin_before_stop()
        for stage in reversed(self._stages):
            await asyncio.gather(*(self._stop(child, give_up) for child in reversed(stage)))

    def _begin_before_stop(self) -> None:
        """Nobody waits for these: a process that is told to stop meanwhile ends them, too."""
        for child in (child for stage in self._stages for child in stage):
            if child.spec.before_stop is not None and child.ready.is_set():
                threading.Thread(target=child.spec.before_stop, daemon=True).start()

    async def _until_ready(self, child: _Child) -> None:
        spec, keeper = child.spec, child.keeper
        if keeper is None:
            return
        ready = asyncio.create_task(child.ready.wait())
        try:
            await asyncio.wait(
                {ready, keeper}, timeout=spec.ready_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if keeper.done():
                await keeper  # Raises what it found.
            if not child.ready.is_set() and not self.stop_asked:
                raise StartFailed(f"{spec.name} was not ready after {spec.ready_seconds:g} s.")
        finally:
            ready.cancel()

    async def _keep(self, child: _Child) -> None:
        """Run the process again whenever it ends, pausing longer while it keeps failing."""
        spec, failures = child.spec, 0
        while True:
            started = time.monotonic()
            code = await self._attempt(child)
            if self.stop_asked:
                return
            if code == 0 and (spec.runs_once or spec.may_finish):
                child.ready.set()
                return
            self._show_last_lines(child)
            self._give_up_if_hopeless(child, code)
            failures = 0 if time.monotonic() - started > _STABLE_SECONDS else failures + 1
            pause = min(_FIRST_PAUSE_SECONDS * 2 ** max(failures - 1, 0), _LONGEST_PAUSE_SECONDS)
            self._terminal.line(spec.name, f"{_ending(code)}; starts again in {pause:.1f} s")
            if await self._stop_asked_within(pause):
                return

    def _show_last_lines(self, child: _Child) -> None:
        while child.last_lines:
            self._terminal.line(child.spec.name, child.last_lines.popleft(), keep=False)

    def _pass_on(self, child: _Child, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode(errors="replace")
        spec = child.spec
        hidden = spec.quiet or (spec.hides is not None and spec.hides(text))
        self._terminal.line(spec.name, text, show=not hidden)
        if spec.quiet:
            child.last_lines.append(text)

    def _give_up_if_hopeless(self, child: _Child, code: int) -> None:
        """Only before the first readiness: later, a process is started again for ever."""
        if child.spec.runs_once:
            raise StartFailed(f"{child.spec.name} {_ending(code)}.")
        if child.ready.is_set():
            return
        child.ends_before_ready += 1
        if child.ends_before_ready >= _EARLY_ENDS_ALLOWED:
            raise StartFailed(
                f"{child.spec.name} ended {child.ends_before_ready} times before it was ready; "
                f"the last time it {_ending(code)}."
            )

    async def _attempt(self, child: _Child) -> int:
        """One run. What keeps it from starting at all is fatal at first and a failure later."""
        try:
            return await self._run_once(child)
        except (OSError, RuntimeError) as error:
            if not child.ready.is_set():
                raise StartFailed(f"{child.spec.name} cannot start: {error}") from error
            self._terminal.line(child.spec.name, f"cannot start: {error}")
            return 1

    async def _run_once(self, child: _Child) -> int:
        launch = child.spec.launch()
        # A pipe of our own: asyncio's would have us wait for whoever inherited it, too.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *launch.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                **launch.popen_options(),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
            launch.close_folders()
        child.process = process
        lines = asyncio.create_task(self._pass_on_lines(child, reading))
        ready = asyncio.create_task(self._watch_readiness(child, process))
        try:
            return await process.wait()
        finally:
            ready.cancel()
            _signal_group(process.pid, signal.SIGKILL)  # Whatever it had started.
            await asyncio.wait({lines}, timeout=_LAST_LINES_SECONDS)
            lines.cancel()
            await asyncio.gather(ready, lines, return_exceptions=True)

    async def _watch_readiness(self, child: _Child, process: Process) -> None:
        spec = child.spec
        if spec.runs_once:
            return
        if spec.is_ready is not None:
            while not await spec.is_ready(process.pid):
                await asyncio.sleep(_POLL_SECONDS)
        child.ready.set()

    async def _pass_on_lines(self, child: _Child, reading: int) -> None:
        stream = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", 0)
        )
        rest = b""
        try:
            while chunk := await stream.read(65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._pass_on(child, line)
        finally:
            pipe.close()
        if rest:
            self._pass_on(child, rest)

    async def _stop_asked_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_asked.wait(), seconds)
        return self.stop_asked

    async def _stop(self, child: _Child, give_up: float) -> None:
        keeper = child.keeper
        if keeper is None:
            return
        if child.process is not None and child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(child.spec.stop_signal)
        seconds = min(child.spec.stop_seconds, max(give_up - time.monotonic(), 0.2))
        done, _ = await asyncio.wait({keeper}, timeout=seconds)
        if not done and child.process is not None:
            self._terminal.line(child.spec.name, "did not stop in time and is killed")
            _signal_group(child.process.pid, signal.SIGKILL)
            await asyncio.wait({keeper}, timeout=1.0)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


def _ending(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _signal_group(process_id: int, number: signal.Signals) -> None:
    """Each child leads a group of its own, with whatever it started itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, number)

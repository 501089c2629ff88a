"""The lines of all processes on one terminal and in one file.

A terminal (or a pipe that nobody reads) can block for ever. The supervisor must not: a thread of
its own writes there, and what it cannot write in time is dropped from the terminal, not the file.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

_LINES_WAITING = 5_000
_FILE_BYTES = 10_000_000
_FILES_KEPT = 5
_COLOURS = ("36", "35", "32", "33", "34", "96", "95", "92", "93", "94")
_CONTROL = {**dict.fromkeys([*range(32), *range(127, 160)]), ord("\t"): " "}


class Terminal:
    """Writes `name | line`, one colour a process where the stream is a terminal."""

    def __init__(self, *, log_file: Path | None, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._coloured = self._stream.isatty()
        self._colours: dict[str, str] = {}
        self._file = _open_log(log_file) if log_file is not None else None
        self._lines: queue.Queue[str | None] = queue.Queue(_LINES_WAITING)
        self._writer = threading.Thread(target=self._write_lines, daemon=True)
        self._writer.start()

    def line(self, name: str, text: str, *, show: bool = True, keep: bool = True) -> None:
        """One line of a process, on the screen and in the file.

        Control characters are dropped: they could rewrite the screen.
        """
        clean = text.translate(_CONTROL)
        if keep and self._file is not None:
            self._file.emit(logging.makeLogRecord({"msg": f"{_now()} {name:<10} {clean}"}))
        if show:
            self._queue(f"{self._paint(name, f'{name:<10} |')} {clean}")

    def plain(self, text: str) -> None:
        """Our own words to the person who started us, never kept: sign-ins are among them."""
        self._queue(text)

    def close(self, *, seconds: float = 0.5) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=seconds)
            self._writer.join(seconds)
        if self._file is not None:
            self._file.close()

    def _queue(self, text: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(text)

    def _paint(self, name: str, label: str) -> str:
        if not self._coloured:
            return label
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write_lines(self) -> None:
        while (text := self._lines.get()) is not None:
            try:
                self._stream.write(f"{text}\n")
                self._stream.flush()
            except (OSError, ValueError):  # The reader is gone; the processes go on.
                continue


class _LogFile(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """A full disk costs log lines, not the processes whose lines they are."""


def _open_log(path: Path) -> _LogFile:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return _LogFile(path, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

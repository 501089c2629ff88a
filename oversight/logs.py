"""Log lines with ids, counts and durations; never a participant's text, name or contact.

Use `log = logger(__name__)` and `log.info("scored", messages=12, took_ms=31.5)`. The event is a
fixed word; everything that varies is a named fact. Facts that are not a number, a short identifier
or a time are refused by the type and shortened by the writer, so that a slip cannot leak a message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO, TypeAlias
from uuid import UUID

Fact: TypeAlias = str | int | float | bool | UUID | datetime | None
_Plain: TypeAlias = str | int | float | bool | None

_LONGEST_FACT = 120
_PLAIN = re.compile(r"^[\w.:/@+-]+$")
_FACTS = "oversight_facts"
_ROOT = "oversight"


class EventLog:
    """A logger whose lines are an event and named facts."""

    def __init__(self, source: str) -> None:
        self._logger = logging.getLogger(f"{_ROOT}.{source.removeprefix(f'{_ROOT}.')}")

    def debug(self, event: str, **facts: Fact) -> None:
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Fact) -> None:
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Fact) -> None:
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Fact) -> None:
        self._write(logging.ERROR, event, facts)

    def crash(self, event: str, error: BaseException, **facts: Fact) -> None:
        """An error nobody expected: its type and where it arose, never its message.

        A database error's message quotes the row it refused, and a row holds a participant's words.
        """
        self._write(logging.ERROR, event, {**facts, **_origin(error)})

    def _write(self, level: int, event: str, facts: Mapping[str, Fact]) -> None:
        """Straight to the handlers: our lines name no file, so nobody has to look one up."""
        if self._logger.isEnabledFor(level):
            record = logging.LogRecord(self._logger.name, level, "", 0, event, None, None)
            setattr(record, _FACTS, dict(facts))
            self._logger.handle(record)


def logger(source: str) -> EventLog:
    """The log of one module; give it `__name__`."""
    return EventLog(source)


def _origin(error: BaseException) -> dict[str, Fact]:
    trace = error.__traceback__
    if trace is None:
        return {"error": type(error).__name__}
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    where = f"{'/'.join(code.co_filename.split('/')[-2:])}:{trace.tb_lineno}"
    return {"error": type(error).__name__, "where": where, "function": code.co_name}


class LineFormatter(logging.Formatter):
    """`2026-01-02T03:04:05.678Z info scorer scored messages=12 took_ms=31.5`"""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={_quoted(value)}" for name, value in _facts_of(record).items())
        head = f"{_time(record)} {record.levelname.lower()} {_source(record)} {_event(record)}"
        return f"{head} {facts}".rstrip()


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        head = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "source": _source(record),
            "event": _event(record),
        }
        return json.dumps({**_facts_of(record), **head}, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _source(record: logging.LogRecord) -> str:
    return record.name.removeprefix(f"{_ROOT}.")


def _event(record: logging.LogRecord) -> str:
    """Our own events are fixed words; a library's message may quote anything, so it is cut."""
    text = " ".join(record.getMessage().split())
    return text if hasattr(record, _FACTS) else text[:_LONGEST_FACT]


def _facts_of(record: logging.LogRecord) -> dict[str, _Plain]:
    facts = dict(getattr(record, _FACTS, {}))
    if record.exc_info and record.exc_info[1] is not None:
        facts |= _origin(record.exc_info[1])
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Fact) -> _Plain:
    if isinstance(value, float):
        return round(value, 3)
    if value is None or isinstance(value, int):
        return value
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_FACT else f"{text[: _LONGEST_FACT - 1]}…"


def _quoted(value: _Plain) -> str:
    if value is None:
        return "-"
    if isinstance(value, str) and not _PLAIN.match(value):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


class _StandardError:
    """Whatever standard error is when a line is written: one that was replaced may be closed."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def start_logging(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to the stream, in the form the settings name."""
    handler = logging.StreamHandler(stream if stream is not None else _StandardError())
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # Libraries speak up only when something is wrong.
    logging.getLogger(_ROOT).setLevel(level.upper())

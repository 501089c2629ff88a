"""Logs carry ids, counts and durations, and cannot be made to carry a message."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from oversight.logs import logger, start_logging

SECRET = "nobody knows that I wrote this"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logging as a process of ours sets it up; put back afterwards for the other tests."""
    root, ours = logging.getLogger(), logging.getLogger("oversight")
    before = (root.handlers[:], root.level, ours.level)
    yield io.StringIO()
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)


def test_a_line_is_an_event_and_its_facts(stream: io.StringIO) -> None:
    start_logging(level="info", form="text", stream=stream)
    logger("oversight.worker.scorer").info(
        "scored", messages=12, took_ms=31.50049, whole=True, item=UUID(int=7), model="small v1"
    )
    line = stream.getvalue().rstrip()
    assert line.endswith(
        "info worker.scorer scored messages=12 took_ms=31.5 whole=true "
        'item=00000000-0000-0000-0000-000000000007 model="small v1"'
    )
    assert datetime.fromisoformat(line.split()[0]).tzinfo == UTC


def test_a_json_line_can_be_read_back(stream: io.StringIO) -> None:
    start_logging(level="info", form="json", stream=stream)
    logger("gateway").warning("slow", took_ms=900, key=None)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["source"], line["event"]) == ("warning", "gateway", "slow")
    assert (line["took_ms"], line["key"]) == (900, None)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_crash_tells_where_and_not_what_was_said(form: str, stream: io.StringIO) -> None:
    start_logging(level="info", form=form, stream=stream)
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        logger("clock").crash("sweep_failed", error, item=3)
        logging.getLogger("some.library").exception("it went wrong")
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count("ValueError") == 2
    assert "test_logs.py" in stream.getvalue()


def test_a_long_fact_is_cut_and_a_line_stays_one_line(stream: io.StringIO) -> None:
    start_logging(level="info", form="text", stream=stream)
    logger("gateway").info("odd", name="a\nb" + "x" * 500)
    assert stream.getvalue().count("\n") == 1
    assert len(stream.getvalue()) < 300


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    start_logging(level="warning", form="text", stream=stream)
    logger("gateway").info("quiet")
    assert stream.getvalue() == ""


def test_a_line_is_written_where_standard_error_is_now(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = io.StringIO()
    monkeypatch.setattr("sys.stderr", before)
    start_logging(level="info", form="text")
    monkeypatch.setattr("sys.stderr", stream)
    before.close()
    logger("gateway").info("answered", status=202)
    assert stream.getvalue().endswith("info gateway answered status=202\n")

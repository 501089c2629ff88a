"""`make run` as a newcomer gets it: every real process, its sign-ins, its end."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.supervision.running import Running, gone, running_with_make, until

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("whole")]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """With the demonstration, as it is when nobody configures anything."""
    del environment["OVERSIGHT_DEMO"]
    return environment


@contextmanager
def whole(environment: dict[str, str]) -> Iterator[Running]:
    with running_with_make(environment) as oversight:
        oversight.until_line("Ctrl-C stops everything")
        oversight.read_on()
        yield oversight


def commands(oversight: Running) -> dict[str, psutil.Process]:
    """Our own processes by the command they run."""
    found = {}
    for process in oversight.processes():
        try:
            words = process.cmdline()
        except psutil.NoSuchProcess:
            continue
        if "oversight" in words and "run" not in words:
            found[words[words.index("oversight") + 1]] = process
    return found


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code < 500
    except httpx.HTTPError:
        return False


def test_a_newcomer_gets_everything_with_one_command(environment: dict[str, str]) -> None:
    with whole(environment) as oversight:
        said = "".join(oversight.lines)
        file = Path(environment["OVERSIGHT_VAR"]) / "demo.json"
        demo = json.loads(file.read_text())
        assert file.stat().st_mode & 0o777 == 0o600
        assert demo["study_key"] not in said
        for person in demo["people"]:
            assert person["username"] in said
            assert person["password"] in said
        assert demo["console_url"] in said
        assert answers(demo["console_url"])
        assert httpx.get(f"{demo['gateway_url']}/healthz", timeout=5).status_code == 200
        until(lambda: {"scorer", "courier", "clock", "player"} <= set(commands(oversight)))
        everyone = oversight.processes()
        asked = time.monotonic()
        oversight.interrupt()
        assert time.monotonic() - asked < 5
        until(lambda: all(map(gone, everyone)))


def test_every_process_that_is_killed_comes_back(environment: dict[str, str]) -> None:
    environment["OVERSIGHT_DEMO_SPEED"] = "0.1"
    with whole(environment) as oversight:
        until(lambda: "player" in commands(oversight))
        for name, process in commands(oversight).items():
            process.send_signal(signal.SIGKILL)

            def back(name: str = name, before: int = process.pid) -> bool:
                now = commands(oversight).get(name)
                return now is not None and now.pid != before

            until(back, seconds=30)
        demo = json.loads((Path(environment["OVERSIGHT_VAR"]) / "demo.json").read_text())
        until(lambda: answers(demo["console_url"]), seconds=30)
        until(lambda: answers(f"{demo['gateway_url']}/healthz"), seconds=30)


def test_the_second_start_has_the_same_people(environment: dict[str, str]) -> None:
    file = Path(environment["OVERSIGHT_VAR"]) / "demo.json"
    with whole(environment) as oversight:
        first = json.loads(file.read_text())
        everyone = oversight.processes()
        oversight.kill()
        until(lambda: all(map(gone, everyone)))
    with whole(environment):
        assert json.loads(file.read_text()) == first

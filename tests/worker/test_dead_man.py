"""An outside watcher hears from the clock while it works, and whoever asks hears of the watcher."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from db.session import Database
from oversight.queries.watching import watch
from oversight.worker.clock import Clock
from oversight.worker.dead_man import DeadMan
from tests.worker.conftest import wait_until


class Watcher(BaseHTTPRequestHandler):
    heard: list[str]
    answers = 200

    def do_GET(self) -> None:
        type(self).heard.append(self.path)
        self.send_response(type(self).answers)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def watcher() -> Iterator[tuple[type[Watcher], str]]:
    handler = type("OneWatcher", (Watcher,), {"heard": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_port}/ping"
    server.shutdown()
    server.server_close()


def state(database: Database) -> str:
    with database.reading() as session:
        return watch(session, dead_man_wanted=True).dead_man


def test_a_tick_that_did_its_work_is_heard_outside_once_a_minute(
    database: Database, watcher
) -> None:
    dead_man = DeadMan(watcher[1], database)
    assert Clock(database, stopping=threading.Event()).tick()
    for _ in range(3):
        dead_man.ticked()
    wait_until(lambda: state(database) == "ok", seconds=10)
    assert watcher[0].heard == ["/ping"]


def test_a_watcher_that_refuses_is_visible(database: Database, watcher) -> None:
    watcher[0].answers = 500
    DeadMan(watcher[1], database).ticked()
    wait_until(lambda: state(database) == "answered_500", seconds=10)


def test_a_watcher_that_hangs_holds_nothing(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dead_man = DeadMan(f"http://127.0.0.1:{silent.getsockname()[1]}", database)
        began = time.monotonic()
        dead_man.ticked()
        assert time.monotonic() - began < 1
        wait_until(lambda: state(database) == "timeout", seconds=15)


def test_without_an_address_nothing_is_called(database: Database) -> None:
    DeadMan(None, database).ticked()
    with database.reading() as session:
        assert watch(session, dead_man_wanted=False).dead_man == "off"


def test_a_tick_that_failed_is_not_told_as_work(database: Database, monkeypatch) -> None:
    clock = Clock(database, stopping=threading.Event())
    monkeypatch.setattr(clock, "_bridge_due", lambda: 1 / 0)
    clock._tasks = tuple(
        type(one)(one.name, clock._bridge_due) if one.name == "bridge" else one
        for one in clock._tasks
    )
    assert not clock.tick()

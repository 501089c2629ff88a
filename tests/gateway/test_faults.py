"""The database goes away, and the gateway is killed: whoever was answered 202 is in the record."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from db.session import Database, make_engine
from oversight.embedded import postgres, throwaway
from oversight.services.keys import create_key
from oversight.settings import Settings, read_settings
from tests.gateway.conftest import bot_of, served, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


@dataclass
class Breakable:
    """A durable PostgreSQL of this test's own that can be killed and started again."""

    folders: postgres.PostgresFolders
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        give_up_at = time.monotonic() + 30
        while True:
            self.process = throwaway.start(postgres.prepare(self.folders))
            try:
                postgres.wait_until_ready(self.folders, self.process)
            except (RuntimeError, TimeoutError, OSError):
                assert time.monotonic() < give_up_at
                time.sleep(0.2)
            else:
                return


@pytest.fixture
def breakable() -> Iterator[Breakable]:
    from db.migrate import upgrade

    with throwaway.throwaway_folder() as folder:
        folders = postgres.PostgresFolders(folder / "data", folder / "s", durable=True)
        process = throwaway.start(postgres.prepare(folders))
        server = Breakable(folders, process)
        try:
            postgres.wait_until_ready(folders, process)
            postgres.create_database(folders, "oversight")
            upgrade(folders.url("oversight"))
            yield server
        finally:
            throwaway.end(server.process, stop=signal.SIGQUIT)


@pytest.fixture
def broken_settings(breakable: Breakable, settings: Settings, redis_url: str) -> Settings:
    environment = {
        "DATABASE_URL": breakable.folders.url("oversight"),
        "REDIS_URL": redis_url,
        "OVERSIGHT_VAR": str(settings.var),
        "OVERSIGHT_GATEWAY_PORT": str(settings.gateway_port),
        "OVERSIGHT_RATE_PER_SECOND": "1000000",
    }
    return read_settings(environment)


def new_key(database_url: str) -> str:
    engine = make_engine(database_url, pool_size=1)
    try:
        with Database(engine).transaction() as session:
            return create_key(session, study="sparrow", label="test")
    finally:
        engine.dispose()


def stored(database_url: str) -> set[str]:
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            return set(connection.execute(text("SELECT external_id FROM messages")).scalars())
    finally:
        engine.dispose()


@dataclass
class Talkers:
    """Bots that send one message after another, repeating each until it is acknowledged."""

    url: str
    key: str
    acknowledged: list[str] = field(default_factory=list)
    refusals: list[httpx.Response] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def talking(self, bots: int = 6) -> Iterator[None]:
        threads = [threading.Thread(target=self._talk, args=(bot,)) for bot in range(bots)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(60)

    def _talk(self, bot: int) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as http:
            numbers = itertools.count()
            while not self.stop.is_set():
                number = next(numbers)
                name = f"b{bot}-{number}"
                body = {
                    "external_id": name,
                    "participant": {"id": f"p{bot}"},
                    "conversation_id": f"c{bot}",
                    "text": "hello",
                }
                while not self._sent(http, body):
                    if self.stop.wait(0.02):
                        return
                self.acknowledged.append(name)

    def _sent(self, http: httpx.Client, body: dict[str, object]) -> bool:
        try:
            answer = http.post("/v1/messages", json=body)
        except httpx.TransportError:
            return False
        if not answer.is_success:
            self.refusals.append(answer)
        return answer.is_success


def test_a_database_that_is_killed_costs_a_503_and_nothing_else(
    breakable: Breakable, broken_settings: Settings
) -> None:
    url = str(broken_settings.database_url)
    key = new_key(url)
    with served(broken_settings) as address, bot_of(address, key) as bot:
        talkers = Talkers(address, key)
        with talkers.talking():
            until(lambda: len(talkers.acknowledged) > 60)
            breakable.kill()
            until(lambda: talkers.refusals, seconds=30)
            for call in (
                lambda: bot.send("/v1/messages", bot.message_body()),
                lambda: bot.http.get("/v1/deliveries"),
                lambda: bot.http.put("/v1/participants/p", json={"language": "en"}),
            ):
                answer = call()
                assert answer.status_code == 503, answer.text
                assert answer.json()["code"] == "unavailable"
                assert int(answer.headers["retry-after"]) >= 1
            assert bot.http.get("/healthz").status_code == 200
            before = len(talkers.acknowledged)
            breakable.start()
            until(lambda: len(talkers.acknowledged) > before + 60, seconds=60)
        assert {one.status_code for one in talkers.refusals} == {503}
    kept = stored(url)
    assert set(talkers.acknowledged) <= kept
    assert len(talkers.acknowledged) == len(set(talkers.acknowledged))


def test_a_silent_database_is_given_up_on(
    breakable: Breakable, broken_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oversight.gateway import state, writer

    monkeypatch.setattr(state, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 1.0)
    key = new_key(str(broken_settings.database_url))
    with served(broken_settings) as address, bot_of(address, key) as bot:
        body = bot.message_body()
        assert bot.send("/v1/messages", body).status_code == 202
        _freeze(breakable.process.pid, signal.SIGSTOP)
        try:
            late = bot.message_body()
            answer = bot.send("/v1/messages", late)
            assert answer.status_code == 503
            assert answer.json()["code"] == "unavailable"
        finally:
            _freeze(breakable.process.pid, signal.SIGCONT)
        until(lambda: bot.send("/v1/messages", late).is_success)


def _freeze(process_id: int, number: signal.Signals) -> None:
    """The server and each of its sessions."""
    import psutil

    server = psutil.Process(process_id)
    for one in (server, *server.children(recursive=True)):
        one.send_signal(number)


def test_a_gateway_killed_under_load_loses_nothing_that_it_acknowledged(
    breakable: Breakable, broken_settings: Settings
) -> None:
    url = str(broken_settings.database_url)
    environment = os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": str(broken_settings.redis_url),
        "OVERSIGHT_GATEWAY_PORT": str(broken_settings.gateway_port),
        "OVERSIGHT_VAR": str(broken_settings.var),
    }

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "oversight", "gateway"]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)

    talkers = Talkers(broken_settings.gateway_url, new_key(url))
    gateway = start()
    try:
        with talkers.talking():
            for _ in range(2):
                before = len(talkers.acknowledged)
                until(lambda: len(talkers.acknowledged) > before + 40, seconds=90)  # noqa: B023
                gateway.kill()
                gateway.wait()
                gateway = start()
            before = len(talkers.acknowledged)
            until(lambda: len(talkers.acknowledged) > before + 40, seconds=90)
    finally:
        gateway.terminate()
        gateway.wait(20)
    assert set(talkers.acknowledged) <= stored(url)
    assert len(talkers.acknowledged) == len(set(talkers.acknowledged))

"""A whole Oversight for the browser tests: real servers, every process, the demonstration's people.

It is started once and swept between tests, because a start takes longer than most tests.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from db.migrate import upgrade
from db.session import Database, make_engine
from oversight.demo.seed import seed_demo
from oversight.embedded import postgres, valkey
from oversight.embedded.throwaway import end, start, throwaway_folder
from oversight.services.people import sign_in
from oversight.settings import Settings, libpq_url, read_settings

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
"""As patient as the supervisor itself: 12 s on two free cores, 32 s measured at a load of nine."""

PROCESSES = ("gateway", "scorer", "courier", "clock", "background", "console")

# What an earlier test left open is put away behind the product's back: a test starts with an empty
# queue. The record's own guards are set aside for it, which only the owner of the database can.
SWEEP = """
    SET session_replication_role = replica;
    DELETE FROM scoring_work;
    DELETE FROM working_texts;
    DELETE FROM skips;
    UPDATE claims SET ended_at = now(), ended_how = 'returned' WHERE ended_at IS NULL;
    UPDATE escalations SET status = 'resolved', next_page_at = NULL WHERE status <> 'resolved';
    UPDATE deliveries SET status = 'recalled' WHERE status = 'queued';
    UPDATE deliveries SET status = 'delivered' WHERE status IN ('sending', 'uncertain', 'failed');
    UPDATE drafts SET status = 'superseded' WHERE status = 'held';
    UPDATE review_items SET status = 'closed', closed_at = now(), bridge_due_at = NULL
        WHERE status <> 'closed';
"""


@dataclass
class System:
    """The running whole. ``people`` are passwords by username."""

    settings: Settings
    servers: postgres.PostgresFolders
    server: subprocess.Popen[bytes]
    study_key: str = ""
    people: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def console_url(self) -> str:
        return self.settings.console_url

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the record holds, asked with the owner's rights."""
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def change(self, statement: str, *values: Any) -> None:
        """Change the record behind the product's back, as only a test may."""
        with self._connection() as connection:
            connection.execute(statement, values)

    def sweep(self) -> None:
        """Put away what earlier tests left open."""
        with self._connection() as connection:
            connection.execute(SWEEP)

    def token(self, username: str) -> str:
        """A new sign-in's token, for tests that are about something else than signing in."""
        engine = make_engine(str(self.settings.database_url), pool_size=1)
        try:
            with Database(engine).transaction() as session:
                signed_in = sign_in(session, username, self.people[username])
        finally:
            engine.dispose()
        assert signed_in is not None
        return signed_in[1]

    def stop_database(self) -> None:
        """As an operator would for an upgrade: sessions are ended, then everything is written."""
        end(self.server, stop=signal.SIGINT)

    def start_database(self) -> None:
        self.server = start(postgres.prepare(self.servers))
        postgres.wait_until_ready(self.servers, self.server)

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(libpq_url(str(self.settings.database_url)), autocommit=True)


@contextmanager
def whole_system() -> Iterator[System]:
    """Everything started and ready to read; nothing of it is left afterwards."""
    with throwaway_folder() as folder:
        folders = postgres.PostgresFolders(folder / "data", folder / "s", durable=False)
        queue = valkey.ValkeyFolders(folder / "queue", folder / "q" / "v.sock", durable=False)
        bell = start(valkey.prepare(queue))
        system = System(
            _settings(folder, folders, queue), folders, start(postgres.prepare(folders))
        )
        try:
            valkey.wait_until_ready(queue, bell)
            _fill(system)
            _start_processes(system)
            yield system
        finally:
            for process in system.processes.values():
                process.kill()
                process.wait()
            end(system.server, stop=signal.SIGQUIT)
            end(bell, stop=signal.SIGKILL)


def _settings(
    folder: Path, servers: postgres.PostgresFolders, queue: valkey.ValkeyFolders
) -> Settings:
    return read_settings(
        {
            "DATABASE_URL": servers.url("oversight"),
            "REDIS_URL": queue.url,
            "OVERSIGHT_VAR": str(folder / "var"),
            "OVERSIGHT_CONSOLE_PORT": str(_free_port()),
            "OVERSIGHT_GATEWAY_PORT": str(_free_port()),
            "OVERSIGHT_DEMO": "0",
        }
    )


def _fill(system: System) -> None:
    """Our schema, the demonstration's study and people."""
    postgres.wait_until_ready(system.servers, system.server)
    postgres.create_database(system.servers, "oversight")
    upgrade(str(system.settings.database_url))
    seed_demo(system.settings)
    known = json.loads((system.settings.var / "demo.json").read_text("utf-8"))
    system.study_key = known["study_key"]
    system.people = {person["username"]: person["password"] for person in known["people"]}


def _start_processes(system: System) -> None:
    chosen = system.settings
    environment = {
        "DATABASE_URL": str(chosen.database_url),
        "REDIS_URL": str(chosen.redis_url),
        "OVERSIGHT_VAR": str(chosen.var),
        "OVERSIGHT_CONSOLE_PORT": str(chosen.console_port),
        "OVERSIGHT_GATEWAY_PORT": str(chosen.gateway_port),
        "OVERSIGHT_DEMO": "0",
    }
    for name in PROCESSES:
        with (chosen.var / f"{name}.log").open("wb") as log:
            system.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "oversight", name],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
    until(lambda: _answers(f"{chosen.gateway_url}/readyz"), seconds=START_SECONDS)
    until(lambda: _answers(f"{chosen.console_url}/sign-in"), seconds=START_SECONDS)


def until(holds: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, f"not within {seconds:g} s"
        time.sleep(0.03)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

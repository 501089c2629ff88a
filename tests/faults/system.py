"""A whole system in processes that a test may kill: servers, gateway, scorer, courier, clock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from db.migrate import upgrade
from db.session import Database, make_engine
from oversight.client import GatewayClient
from oversight.embedded import postgres, valkey
from oversight.embedded.children import Launch
from oversight.embedded.throwaway import start, throwaway_folder
from oversight.services.keys import create_key

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = "Faults"
READY_SECONDS = 60.0


def wait_until(holds: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


@dataclass
class Member:
    """One process of the system, which can be killed and started again."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        self.process = self.launch()

    def kill(self) -> None:
        """As the kernel does when memory runs out: at once, with no chance to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.kills += 1

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass
class System:
    """Everything that runs, and how to reach it."""

    folder: Path
    port: int
    scorer: tuple[str, ...]
    members: dict[str, Member] = field(default_factory=dict)
    study_key: str = ""

    def __post_init__(self) -> None:
        self.postgres = postgres.PostgresFolders(self.folder / "pg", self.folder / "p")
        self.valkey = valkey.ValkeyFolders(self.folder / "vk", self.folder / "v" / "v.sock")
        self.members = {
            "postgres": Member("postgres", lambda: start(postgres.prepare(self.postgres))),
            "valkey": Member("valkey", lambda: start(valkey.prepare(self.valkey))),
            "gateway": Member("gateway", lambda: self._ours("oversight", "gateway")),
            "scorer": Member("scorer", lambda: self._ours(*self.scorer)),
            "courier": Member("courier", lambda: self._ours("oversight", "courier")),
            "clock": Member("clock", lambda: self._ours("oversight", "clock")),
        }

    @property
    def database_url(self) -> str:
        return self.postgres.url("oversight")

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, *, give_up_after_seconds: float = 120.0) -> GatewayClient:
        return GatewayClient(
            self.gateway_url,
            self.study_key,
            give_up_after_seconds=give_up_after_seconds,
            timeout_seconds=20.0,
        )

    def database(self) -> Database:
        """For what has to go on while servers die: clinicians, and the look at the end."""
        return Database(make_engine(self.database_url, pool_size=4))

    def start(self) -> None:
        for name in ("postgres", "valkey"):
            self.members[name].start()
        self._wait_for_servers()
        postgres.create_database(self.postgres, "oversight")
        upgrade(self.database_url)
        database = self.database()
        with database.transaction() as session:
            self.study_key = create_key(session, study=STUDY, label="faults")
        for name in ("gateway", "scorer", "courier", "clock"):
            self.members[name].start()
        self.wait_for_gateway()

    def tend(self) -> None:
        """What the supervisor does: start again whatever has ended."""
        for member in self.members.values():
            if member.ended:
                member.start()
                if member.name == "postgres":
                    self._wait_for_servers()

    def flush_valkey(self) -> None:
        """Every ring, kick and RQ key is gone."""
        try:
            with redis.Redis(unix_socket_path=str(self.valkey.socket)) as client:
                client.flushall()
        except redis.RedisError:
            pass  # it was just killed: gone all the same

    def wait_for_gateway(self) -> None:
        with self.client() as client:
            wait_until(client.is_up, seconds=READY_SECONDS, what="gateway up")

    def stop(self) -> None:
        for member in reversed(self.members.values()):
            if not member.ended:
                member.kill()

    def _wait_for_servers(self) -> None:
        server = self.members["postgres"]

        def ready() -> bool:
            if server.ended:  # "pre-existing shared memory block is still in use"
                server.start()
            assert server.process is not None
            if not postgres.is_ready(self.postgres, server.process.pid):
                return False
            try:
                self.postgres.connect("postgres").close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(ready, seconds=READY_SECONDS, what="postgres ready")

    def _ours(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        launch = Launch(
            arguments=(sys.executable, "-m", module, *arguments),
            environment={
                "DATABASE_URL": self.database_url,
                "REDIS_URL": self.valkey.url,
                "OVERSIGHT_VAR": str(self.folder / "var"),
                "OVERSIGHT_GATEWAY_PORT": str(self.port),
                "OVERSIGHT_DEMO": "0",
                "OVERSIGHT_LOG_LEVEL": "info",
            },
            folder=REPOSITORY,
        )
        with (self.folder / f"{module}-{'-'.join(arguments)}.log").open("ab") as log:
            return subprocess.Popen(
                launch.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **launch.popen_options(),
            )


@contextmanager
def running(port: int, *, scorer: tuple[str, ...]) -> Iterator[System]:
    """A whole system, gone at the end of the block; its logs are printed when a test fails."""
    with throwaway_folder() as folder:
        system = System(folder, port, scorer)
        try:
            system.start()
            yield system
        except BaseException:
            _print_logs(folder)
            raise
        finally:
            system.stop()


def _print_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        print(f"--- {log.name} ({len(lines)} lines)", *lines[-25:], sep="\n", file=sys.stderr)


REAL_MODEL = ("oversight", "scorer")


def stand_in(name: str) -> tuple[str, ...]:
    """A real scorer process with a stand-in classifier: see tests/worker/stand_ins.py."""
    return ("tests.worker.stand_ins", name)

"""Fixtures that every test may ask for.

Each pytest process (each xdist worker) has a PostgreSQL and a Valkey of its own, real ones, and
builds our schema once with our own migrations. A test then takes either

* `session`: one transaction, rolled back at its end, for services and queries; or
* `database_url`, `engine`: a clone of the migrated database, for whatever commits.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from argon2 import PasswordHasher
from psycopg import sql
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from oversight.embedded.postgres import PostgresFolders, create_database
from oversight.embedded.throwaway import throwaway_postgres, throwaway_valkey
from oversight.embedded.valkey import ValkeyFolders
from oversight.settings import Settings, read_settings

TEMPLATE = "migrated"
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[PasswordHasher]:
    """Passwords hashed in no time; what the product hashes with is told to the test that asks."""
    from oversight.services import people

    ours = people._hasher
    people._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield ours
    people._hasher = ours


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresFolders]:
    with throwaway_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresFolders) -> str:
    """The name of a database that our migrations have built, ready to be cloned."""
    from db.migrate import upgrade

    create_database(postgres_server, TEMPLATE)
    upgrade(postgres_server.url(TEMPLATE))
    with postgres_server.connect("postgres") as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (TEMPLATE,)
        )
        connection.execute(
            sql.SQL("alter database {} with allow_connections false").format(
                sql.Identifier(TEMPLATE)
            )
        )
    return TEMPLATE


@contextmanager
def a_database(server: PostgresFolders, *, template: str) -> Iterator[str]:
    """A copy of the database `template`, gone at the end of the block."""
    name = f"test_{next(_numbers)}"
    # Copied as files, not through the log: half the time for a database as small as ours.
    create = sql.SQL("create database {} template {} strategy file_copy")
    drop = sql.SQL("drop database {} with (force)")
    with server.connect("postgres") as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.url(name)
    finally:
        with server.connect("postgres") as connection:
            connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def empty_database_url(postgres_server: PostgresFolders) -> Iterator[str]:
    """A database without our schema, for tests of the migrations themselves."""
    with a_database(postgres_server, template="template0") as url:
        yield url


@pytest.fixture
def database_url(postgres_server: PostgresFolders, migrated_template: str) -> Iterator[str]:
    """A migrated database of this test's own: what is committed here is seen by nobody else."""
    with a_database(postgres_server, template=migrated_template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The product's own engine on `database_url`, with its limits and its lesser rights."""
    from db.session import make_engine

    created = make_engine(database_url)
    yield created
    created.dispose()


@pytest.fixture
def owner_engine(database_url: str) -> Iterator[Engine]:
    """An engine with the owner's rights on `database_url`: to look behind, or to move the clock."""
    created = create_engine(database_url)
    yield created
    created.dispose()


@pytest.fixture(scope="session")
def shared_engine(postgres_server: PostgresFolders, migrated_template: str) -> Iterator[Engine]:
    """One migrated database for all tests that roll back. Never commit here in a test."""
    from db.session import make_engine

    with a_database(postgres_server, template=migrated_template) as url:
        created = make_engine(url)
        yield created
        created.dispose()


@pytest.fixture(scope="session")
def standing_clinic(shared_engine: Engine) -> None:
    """A study with its arms and policies, stored once a process: every test begins with one."""
    from tests.services.clinic import STANDING, Clinic

    with Session(shared_engine) as opened:
        Clinic.open(opened, STANDING)
        opened.commit()


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session inside a transaction that is rolled back; a commit ends a savepoint only."""
    with shared_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        transaction.rollback()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyFolders]:
    with throwaway_valkey() as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: ValkeyFolders) -> Iterator[str]:
    """An empty Valkey on a unix socket."""
    client = redis.Redis.from_url(valkey_server.url)
    client.flushall()
    yield valkey_server.url
    client.flushall()
    client.close()


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Ports that nobody listens on at this moment."""
    return a_free_port


@pytest.fixture
def settings(
    database_url: str, redis_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> Settings:
    """Settings of a whole system on this test's own database, queue, folder and ports."""
    return read_settings(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "OVERSIGHT_VAR": str(tmp_path / "var"),
            "OVERSIGHT_CONSOLE_PORT": str(free_port()),
            "OVERSIGHT_GATEWAY_PORT": str(free_port()),
            "OVERSIGHT_DEMO": "0",
        }
    )

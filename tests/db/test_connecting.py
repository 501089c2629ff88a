"""Connections: trusted while they are known to live, given up when the server does not answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from db import connecting
from db.session import Database, make_engine, unavailable


@pytest.fixture
def hasty(database_url: str) -> Iterator[Engine]:
    """An engine that gives a statement a tenth of a second."""
    created = make_engine(database_url, pool_size=1, statement_seconds=0.1)
    yield created
    created.dispose()


def backend_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")))


def test_a_server_that_stands_still_is_an_error_not_a_page_that_hangs(
    hasty: Engine, monkeypatch
) -> None:
    monkeypatch.setattr(connecting, "PING_SECONDS", 0.5)
    stopped = backend_of(hasty)
    os.kill(stopped, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError) as raised, Database(hasty).reading() as session:
            session.execute(text("SELECT 1"))
        waited = time.monotonic() - began
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert unavailable(raised.value)
    assert raised.value.connection_invalidated
    assert 0.1 < waited < 10
    assert backend_of(hasty) != stopped  # nobody is given the other's late answer


def test_a_connection_that_the_server_ended_is_not_handed_out(engine: Engine, owner_engine) -> None:
    ended = backend_of(engine)
    with owner_engine.connect() as owner:
        owner.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": ended})
    with Database(engine).reading() as session:  # without an error
        assert session.scalar(text("SELECT pg_backend_pid()")) != ended


def test_only_a_connection_that_lay_idle_is_asked_whether_it_lives(
    engine: Engine, monkeypatch
) -> None:
    asked = []
    ping = engine.dialect.do_ping
    monkeypatch.setattr(engine.dialect, "do_ping", lambda one: asked.append(one) or ping(one))
    first = backend_of(engine)
    assert backend_of(engine) == first
    assert asked == []
    later = time.monotonic() + 2 * connecting.TRUSTED_SECONDS
    monkeypatch.setattr(connecting.time, "monotonic", lambda: later)
    assert backend_of(engine) == first
    assert len(asked) == 1

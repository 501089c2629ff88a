"""How a connection is opened, trusted again, and given up when the server does not answer."""

import select
import time
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

TRUSTED_SECONDS = 5.0
"""A connection put back this short a time ago, and silent since, is used again without a ping."""

PING_SECONDS = 3.0
ANSWER_SECONDS = 2.0
"""What an answer may take beyond the time that the server allows itself for a statement."""

_LEFT = "left_at"


class PatientConnection(psycopg.Connection[Any]):  # Any: SQLAlchemy's own rows
    """A connection that waits for the server for so long and no longer.

    A server that is stopped, or behind a dead network, answers nothing and times nothing out
    itself: without this a page, or a sweep, would wait with it for ever.
    """

    patience: float | None = None

    def wait(self, *args: Any, **limits: Any) -> Any:  # Any: psycopg's generators and results
        """As psycopg waits, but not past our patience; then the connection is given up."""
        limits.setdefault("timeout", self.patience)
        try:
            return super().wait(*args, **limits)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server's own answer, or the connection's end
            self.pgconn.finish()  # an answer may still come: nobody may take it for another's
            raise psycopg.OperationalError("the database did not answer in time") from error


def answers_within(statement_seconds: float) -> float | None:
    """How long to wait for an answer; for ever where the server allows itself that."""
    return statement_seconds + ANSWER_SECONDS if statement_seconds > 0 else None


def tcp_limits(patience: float | None) -> dict[str, int]:
    """What libpq is told, so that a dead network is noticed (no effect on a local socket)."""
    told = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    if patience is not None:
        told["tcp_user_timeout"] = int(patience * 1000)
    return told


def watch_connections(engine: Engine, *, patience: float | None) -> None:
    """Open patient connections, and ask those that lay idle whether they still live.

    A ping before every transaction would cost as much as a statement; a server that went away
    meanwhile has closed the connection, which is seen without asking.
    """

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, args: tuple[Any, ...], named: dict[str, Any]
    ) -> PatientConnection:
        connection = PatientConnection.connect(*args, **named)
        connection.patience = patience
        return connection

    @event.listens_for(engine, "checkin")
    def _left(_connection: object, record: Any) -> None:  # Any: SQLAlchemy's pool record
        record.info[_LEFT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _trust(connection: Any, record: Any, _fairy: object) -> None:  # Any: as above
        left_at = record.info.get(_LEFT)
        if left_at is None:
            return  # just opened
        if time.monotonic() - left_at < TRUSTED_SECONDS and _silent(connection):
            return
        connection.patience = PING_SECONDS
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error
        finally:
            connection.patience = patience


def _silent(connection: PatientConnection) -> bool:
    """Whether nothing came in: neither an end of the connection nor word of one."""
    if connection.closed:
        return False
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return not waiting.poll(0)

"""The only place that commits. One request, one button press, one job: one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as Session

from db.connecting import answers_within, tcp_limits, watch_connections
from oversight.settings import Settings

APP_ROLE = "oversight_app"
_NOW = select(func.oversight_now())


class Topic(StrEnum):
    """What a committed change may concern: texts to score, something to send, a screen."""

    SCORE = "score"
    DELIVER = "deliver"
    PAGE = "page"
    LIVE = "live"


@dataclass(frozen=True)
class Ring:
    """News of a committed change; carries no payload that matters, only where to look."""

    topic: Topic
    conversation_id: str | None = None


Bell = Callable[[frozenset[Ring]], None]


def silent(rings: frozenset[Ring]) -> None:
    """A bell that wakes nobody: sweeps will find the work."""


def make_engine(
    url: str,
    *,
    pool_size: int = 5,
    statement_seconds: float = 15,
    idle_seconds: float = 30,
    lock_seconds: float = 5,
) -> Engine:
    """An engine whose connections can neither run, wait nor idle in a transaction for long.

    A transaction held open through 20,000 decisions made claims 66 times slower (measured), so
    every connection carries time limits, and acts as the role that may not rewrite the record.
    """
    limits = {
        "statement_timeout": statement_seconds,
        "idle_in_transaction_session_timeout": idle_seconds,
        "lock_timeout": lock_seconds,
    }
    options = " ".join(f"-c {name}={int(value * 1000)}" for name, value in limits.items())
    patience = answers_within(statement_seconds)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # few connections, each with its statements prepared
        pool_timeout=5,
        connect_args={
            "options": f"{options} -c timezone=UTC",
            "connect_timeout": 5,
            **tcp_limits(patience),
        },
    )
    event.listen(engine, "connect", _act_as_app)
    watch_connections(engine, patience=patience)
    return engine


def engine_for(settings: Settings, *, spare: int = 0) -> Engine:
    """The engine of one of our processes, as the settings ask; ``spare`` connections on top."""
    if settings.database_url is None:
        raise ValueError("there is no database: set DATABASE_URL")
    return make_engine(
        settings.database_url,
        pool_size=settings.pool_size + spare,
        statement_seconds=settings.statement_seconds,
        idle_seconds=settings.idle_transaction_seconds,
        lock_seconds=settings.lock_seconds,
    )


def _act_as_app(connection: Any, _record: object) -> None:
    """Take the role without the right to update or delete the record, where it exists."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', rolname, false) FROM pg_roles"
            " WHERE rolname = %s AND pg_has_role(rolname, 'MEMBER')"
            " AND to_regclass('audit_events') IS NOT NULL",
            (APP_ROLE,),
        )
    connection.commit()


class Database:
    """Transactions on one engine (or, in tests, one connection), and the bell rung after them."""

    def __init__(self, bind: Engine | Connection, *, bell: Bell = silent) -> None:
        self.bind = bind
        self.bell = bell

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends, and rings after the commit."""
        session = Session(
            self.bind, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        try:
            yield session
            session.commit()
        finally:
            session.close()
        rings = frozenset(session.info.get("rings", ()))
        if rings:
            self.bell(rings)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that changes nothing: for queries."""
        session = Session(self.bind, join_transaction_mode="create_savepoint", autoflush=False)
        try:
            if isinstance(self.bind, Engine):  # said with BEGIN: no statement of its own
                session.connection(execution_options={"postgresql_readonly": True})
            yield session
        finally:
            session.close()


def ring(session: Session, topic: Topic, conversation_id: object | None = None) -> None:
    """Remember to ring for ``topic`` once this transaction has committed."""
    name = None if conversation_id is None else str(conversation_id)
    session.info.setdefault("rings", set()).add(Ring(topic, name))


def now(session: Session) -> datetime:
    """The database's time (UTC): the only clock for deadlines, leases and durations."""
    moment: datetime = session.scalar(_NOW)  # type: ignore[assignment]
    return moment


RECORD_ERRORS = (SQLAlchemyError, OSError)
"""What an edge catches to say that the record failed it, without knowing the database library."""


def unavailable(error: Exception) -> bool:
    """Whether ``error`` means that the record cannot be reached or written now."""
    if isinstance(error, OperationalError | TimeoutError | PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated

"""A gateway on this test's own database, spoken to over real HTTP; and a study that decides."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from db import session as db_session
from db.session import Database, make_engine
from db.tables import Draft
from oversight.bell import make_bell
from oversight.domain.lifecycle import DraftEvent, DraftStatus
from oversight.domain.words import DecisionKind, DeliveryKind
from oversight.embedded.postgres import PostgresFolders
from oversight.embedded.valkey import ValkeyFolders
from oversight.gateway.app import create_app
from oversight.services.audit import Actor
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.keys import create_key
from oversight.services.locking import lock_conversation
from oversight.services.transition import DRAFT, move
from oversight.settings import Settings, read_settings
from tests.conftest import a_database, a_free_port

STUDY = "sparrow"
POLICY = Actor.system("policy")


@dataclass
class Bot:
    """A study's bot: speaks plain HTTP, so that a test sees exactly what a stranger would."""

    http: httpx.Client
    key: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def message_body(self, words: str = "hello", **changed: Any) -> dict[str, Any]:
        """A message's body; a field changed to ``...`` is left out."""
        body = {
            "external_id": f"m{next(self.numbers)}",
            "participant": {"id": "p-1", "language": "en"},
            "conversation_id": "c-1",
            "text": words,
        }
        return {name: value for name, value in (body | changed).items() if value is not ...}

    def reply_body(self, answered: str, words: str = "I hear you.", **more: Any) -> Any:
        body = {
            "external_id": f"r{next(self.numbers)}",
            "conversation_id": "c-1",
            "in_reply_to": answered,
            "text": words,
        }
        return {name: value for name, value in (body | more).items() if value is not ...}

    def send(self, path: str, body: object) -> httpx.Response:
        return self.http.post(path, json=body)

    def exchange(self, **message: Any) -> dict[str, Any]:
        """Report a message and a draft at once; the answer."""
        said = self.message_body(**message)
        reply = {"external_id": f"r{next(self.numbers)}", "text": "I hear you."}
        answer = self.send("/v1/exchanges", {"message": said, "reply": reply})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def deliveries(self, after: str = "0", wait: float = 0) -> dict[str, Any]:
        answer = self.http.get("/v1/deliveries", params={"after": after, "wait": wait})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@dataclass
class Clinic:
    """The other side: releases and bridges as a policy would, in its own transactions."""

    database: Database

    def release(self, reply_id: str, *, undo_seconds: float = 0) -> str:
        """Release the draft as it stands; the delivery's id."""
        with self.database.transaction() as session:
            now = db_session.now(session)
            draft = session.query(Draft).filter_by(reply_id=uuid.UUID(reply_id)).one()
            conversation = lock_conversation(session, draft.conversation_id)
            assert conversation.policy_version_id is not None
            chosen = Chosen(
                kind=DecisionKind.RELEASE,
                policy_version_id=conversation.policy_version_id,
                text=draft.text,
                draft_id=draft.id,
            )
            decision = write_decision(session, conversation, chosen, actor=POLICY)
            move(session, DRAFT, draft.id, DraftStatus.HELD, DraftEvent.RELEASE, actor=POLICY)
            delivery = queue_delivery(
                session,
                conversation,
                decision,
                DeliveryKind.REPLY,
                now=now,
                undo=timedelta(seconds=undo_seconds),
                draft_id=draft.id,
                actor=POLICY,
            )
            return str(delivery.id)

    def bridge(self, reply_id: str, words: str = "We are here.") -> str:
        """Cover the hold of a reply's conversation."""
        with self.database.transaction() as session:
            draft = session.query(Draft).filter_by(reply_id=uuid.UUID(reply_id)).one()
            conversation = lock_conversation(session, draft.conversation_id)
            assert conversation.policy_version_id is not None
            chosen = Chosen(
                kind=DecisionKind.BRIDGE,
                policy_version_id=conversation.policy_version_id,
                text=words,
            )
            decision = write_decision(session, conversation, chosen, actor=POLICY)
            now = db_session.now(session)
            kind = DeliveryKind.BRIDGE
            delivery = queue_delivery(session, conversation, decision, kind, now=now, actor=POLICY)
            return str(delivery.id)

    def count(self, statement: str) -> int:
        with self.database.reading() as session:
            return int(session.scalar(text(statement)) or 0)


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """A gateway with these settings in a thread of this process; its address."""
    config = uvicorn.Config(
        create_app(settings),
        host="127.0.0.1",
        port=settings.gateway_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="gateway")
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started
        yield settings.gateway_url
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def until(is_so: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait for a condition that another thread or process brings about."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The test's database as a clinic's process has it: it rings after each commit."""
    assert settings.database_url is not None
    engine, bell = make_engine(settings.database_url), make_bell(settings)
    yield Database(engine, bell=bell)
    bell.close()
    engine.dispose()


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return Clinic(database)


@pytest.fixture
def study_key(database: Database) -> str:
    with database.transaction() as session:
        return create_key(session, study=STUDY, label="test")


@pytest.fixture
def gateway_url(settings: Settings) -> Iterator[str]:
    with served(replace(settings, rate_per_second=1_000_000.0)) as url:
        yield url


@contextmanager
def bot_of(url: str, key: str) -> Iterator[Bot]:
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=64)
    with httpx.Client(
        base_url=url, headers=headers, timeout=60, limits=limits, trust_env=False
    ) as http:
        yield Bot(http, key)


OF_ITS_OWN = {"clinic", "database", "gateway_url", "settings", "study_key"}


@pytest.fixture(scope="module")
def standing_gateway(
    postgres_server: PostgresFolders,
    migrated_template: str,
    valkey_server: ValkeyFolders,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Database]]:
    """One gateway for every test that only calls it: each of them is a study of its own."""
    with a_database(postgres_server, template=migrated_template) as url:
        standing = read_settings(
            {
                "DATABASE_URL": url,
                "REDIS_URL": valkey_server.url.replace("db=0", "db=1"),
                "OVERSIGHT_VAR": str(tmp_path_factory.mktemp("standing") / "var"),
                "OVERSIGHT_GATEWAY_PORT": str(a_free_port()),
                "OVERSIGHT_DEMO": "0",
            }
        )
        engine = make_engine(url)
        with served(replace(standing, rate_per_second=1_000_000.0)) as address:
            yield address, Database(engine)
        engine.dispose()


@pytest.fixture
def bot(request: pytest.FixtureRequest) -> Iterator[Bot]:
    """A bot of a study with nothing in it, at a gateway of its own where the test looks behind."""
    if OF_ITS_OWN & set(request.fixturenames):
        url, key = request.getfixturevalue("gateway_url"), request.getfixturevalue("study_key")
    else:
        url, database = request.getfixturevalue("standing_gateway")
        with database.transaction() as session:
            key = create_key(session, study=f"study {uuid.uuid4().hex}", label="test")
    with bot_of(url, key) as made:
        yield made

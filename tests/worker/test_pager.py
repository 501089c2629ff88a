"""The pager sends through real servers, and what hangs holds nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from db.session import Database, now
from db.tables import Clinician, ContactMethod, OutgoingPage, Paging
from oversight.domain.pages import ChannelKind
from oversight.queries.pages import kept_pages
from oversight.services.reaching import add_contact_method
from oversight.worker.channels.mail import Mail
from oversight.worker.channels.others import Apprise, Inbox
from oversight.worker.channels.webhook import Webhook
from oversight.worker.clock import Clock
from oversight.worker.pager import Pager
from tests.worker.conftest import wait_until
from tests.worker.talk import Talk, clinician_on_duty
from tests.worker.test_clock import CRISIS, pass_time, score_all

SENDER = "oversight@clinic.example"


class Letters:
    """A mail server that keeps what it is given, or refuses whom it does not know."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("unknown"):
            return "550 no such mailbox: secret words of the server"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.kept.append(envelope.content.decode())
        return "250 taken"


@pytest.fixture
def letters(free_port) -> Iterator[tuple[Letters, str]]:
    handler, port = Letters(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"smtp://127.0.0.1:{listening.getsockname()[1]}"


class Hook(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers what it was told to."""

    asked: list[tuple[dict[str, str], bytes]]
    answers = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).asked.append((dict(self.headers), body))
        self.send_response(type(self).answers)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], str]]:
    handler = type("OneHook", (Hook,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def on_duty_with(database: Database, channel: ChannelKind, address: str) -> uuid.UUID:
    with database.transaction() as session:
        person = clinician_on_duty(session)
        add_contact_method(session, person, person, channel=channel, address=address)
    return person


def pager_of(database: Database, **channels: object) -> Pager:
    named = {ChannelKind(name): channel for name, channel in channels.items()}
    return Pager(database, named, base_url="https://console.example")  # type: ignore[arg-type]


def status_of(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        rows = session.execute(
            select(OutgoingPage.status, OutgoingPage.why).order_by(OutgoingPage.queued_at)
        )
        return [(row.status, row.why) for row in rows]


def test_a_page_by_mail_arrives_with_its_link_and_without_a_word_of_the_participant(
    database: Database, talk: Talk, letters
) -> None:
    handler, url = letters
    on_duty_with(database, ChannelKind.EMAIL, "ana@clinic.example")
    talk.say(CRISIS)
    pager = pager_of(database, email=Mail(url, sender=SENDER))
    assert pager.look() == 1
    assert pager.wait(10)
    (letter,) = handler.kept
    assert "https://console.example/page/" in letter
    assert "To: ana@clinic.example" in letter
    for word in CRISIS.split():
        assert word not in letter.split()
    assert status_of(database) == [("sent", None)]


def test_a_mailbox_that_does_not_exist_is_not_tried_again_and_its_words_are_not_kept(
    database: Database, talk: Talk, letters, caplog
) -> None:
    on_duty_with(database, ChannelKind.EMAIL, "unknown@clinic.example")
    talk.say(CRISIS)
    pager = pager_of(database, email=Mail(letters[1], sender=SENDER))
    with caplog.at_level(logging.INFO, logger="oversight"):
        pager.look()
        assert pager.wait(10)
    assert status_of(database) == [("failed", "refused")]
    assert "secret words" not in caplog.text
    assert "unknown@" not in caplog.text
    with database.reading() as session:
        assert session.scalars(select(ContactMethod.failed_at)).one() is not None


def test_a_mail_server_that_hangs_holds_neither_the_pager_nor_the_clock(
    database: Database, talk: Talk, silent_server: str, hook, owner_engine
) -> None:
    person = on_duty_with(database, ChannelKind.EMAIL, "ana@clinic.example")
    with database.transaction() as session:
        address = hook[1]
        add_contact_method(session, person, person, channel=ChannelKind.WEBHOOK, address=address)
    talk.say(CRISIS)
    pager = pager_of(
        database, email=Mail(silent_server, sender=SENDER, seconds=4), webhook=Webhook()
    )
    began = time.monotonic()
    pager.look()
    pass_time(owner_engine, database, 16 * 60)
    Clock(database, stopping=threading.Event()).tick()
    pager.look()
    wait_until(lambda: hook[0].asked, seconds=3.5)
    assert time.monotonic() - began < 4, "nobody waited for the mail server"
    with database.reading() as session:
        assert len(session.scalars(select(Paging.id)).all()) >= 2
    assert pager.wait(15)
    assert ("queued", "timeout") in status_of(database)


def test_a_webhook_is_signed_and_holds_ids_a_level_and_a_link(
    database: Database, talk: Talk, hook
) -> None:
    on_duty_with(database, ChannelKind.WEBHOOK, hook[1])
    talk.say(CRISIS)
    pager = pager_of(database, webhook=Webhook())
    pager.look()
    assert pager.wait(10)
    ((headers, body),) = hook[0].asked
    told = json.loads(body)
    assert set(told) == {"type", "page_id", "kind", "level", "reference", "text", "link"}
    assert told["level"] == "L3"
    with database.reading() as session:
        secret = session.scalars(select(ContactMethod.secret)).one()
    sent = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(str(secret).encode(), sent, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"


@pytest.mark.parametrize(
    ("answers", "status"), [(500, "queued"), (429, "queued"), (404, "failed"), (302, "failed")]
)
def test_a_webhook_that_refuses_is_tried_again_only_where_that_may_help(
    database: Database, talk: Talk, hook, answers, status
) -> None:
    hook[0].answers = answers
    on_duty_with(database, ChannelKind.WEBHOOK, hook[1])
    talk.say(CRISIS)
    pager = pager_of(database, webhook=Webhook())
    pager.look()
    assert pager.wait(10)
    assert status_of(database) == [(status, f"answered_{answers}")]


def test_apprise_sends_to_what_it_knows_and_says_what_it_cannot_use(
    database: Database, talk: Talk, hook
) -> None:
    hook[0].answers = 200
    address = hook[1].replace("http://", "json://")
    person = on_duty_with(database, ChannelKind.APPRISE, "nosuchservice://x")
    with database.transaction() as session:
        add_contact_method(session, person, person, channel=ChannelKind.APPRISE, address=address)
    talk.say(CRISIS)
    pager = pager_of(database, apprise=Apprise())
    pager.look()
    assert pager.wait(20)
    pager.look()
    assert pager.wait(20), "the next method follows at once"
    assert sorted(status_of(database), key=str) == [
        ("failed", "address_not_usable"),
        ("sent", None),
    ]
    assert CRISIS.encode() not in hook[0].asked[0][1]


def test_the_inbox_keeps_the_page_as_it_would_have_been_read(
    database: Database, talk: Talk
) -> None:
    person = on_duty_with(database, ChannelKind.INBOX, "")
    talk.say(CRISIS)
    pager = pager_of(database, inbox=Inbox(database))
    pager.look()
    assert pager.wait(10)
    with database.reading() as session:
        (kept,) = kept_pages(session)
        name = session.scalars(select(Clinician.name).where(Clinician.id == person)).one()
    assert kept.person == name
    assert "/page/" in kept.body


def test_two_pagers_send_a_page_once(database: Database, talk: Talk, letters) -> None:
    on_duty_with(database, ChannelKind.EMAIL, "ana@clinic.example")
    talk.say(CRISIS)
    pagers = [pager_of(database, email=Mail(letters[1], sender=SENDER)) for _ in range(4)]
    threads = [threading.Thread(target=one.look) for one in pagers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert all(one.wait(10) for one in pagers)
    assert len(letters[0].kept) == 1


def test_who_was_not_told_is_logged_once_with_the_reason(
    database: Database, talk: Talk, caplog
) -> None:
    with database.transaction() as session:
        clinician_on_duty(session)
    talk.say(CRISIS)
    score_all(database)
    pager = pager_of(database)
    with caplog.at_level(logging.WARNING, logger="oversight"):
        pager.look()
        pager.look()
    told = [one for one in caplog.records if one.getMessage() == "not_told"]
    assert [one.oversight_facts["why"] for one in told] == ["no_contact_method"]  # type: ignore[attr-defined]
    with database.transaction() as session:
        assert now(session) is not None

"""How fast a thousand ladders climb, and how long from a disclosure to the first page.

`python -m benchmarks.escalation [--open 1000] [--disclosures 40]`, on throw-away durable PostgreSQL
and Valkey. First, 1,000 open escalations are due at once and one sweep takes every one of them a
step further: people found, calls noted, pages queued, all committed. Then the real gateway, scorer,
courier and clock run, participants disclose over HTTP, half of them in words that a phrase rule
knows and half that only the classifier finds, and each is timed from the sending of the request
until the page stands at a real webhook. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from sqlalchemy import func, select, text

from benchmarks.servers import free_port, process, throwaway_servers, wait_until_up
from db.session import Database, make_engine, now
from db.tables import Clinician, Conversation, Escalation, OutgoingPage, Paging, new_id
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.services.arrivals import Arrival, NewMessage, ParticipantFacts
from oversight.services.climbing import climb_due
from oversight.services.decisions import digest
from oversight.services.duty import go_on_duty
from oversight.services.keys import create_key, find_or_create_study
from oversight.services.reaching import add_contact_method
from oversight.services.receiving import receive

STUDY = "benchmark"
BY_PHRASE = "i want to kill myself tonight"
BY_CLASSIFIER = "i wrote the letters to my family and i will not be here tomorrow"
SWEEPS = 5
GIVE_UP_SECONDS = 30.0


class Pages(BaseHTTPRequestHandler):
    """A pager's own end: notes when each page came, by its reference."""

    came: dict[str, float]
    heard: threading.Condition

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with type(self).heard:
            type(self).came.setdefault(told["reference"], time.perf_counter())
            type(self).heard.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def pager() -> Iterator[tuple[type[Pages], str]]:
    handler = type("BenchmarkPages", (Pages,), {"came": {}, "heard": threading.Condition()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield handler, f"http://127.0.0.1:{server.server_port}/page"
    finally:
        server.shutdown()
        server.server_close()


def set_up(database: Database, address: str) -> tuple[uuid.UUID, str]:
    """A study, its key, and two people on duty who are paged by webhook."""
    with database.transaction() as session:
        study_id = find_or_create_study(session, STUDY)
        key = create_key(session, study=STUDY, label="benchmark")
        for number, position in enumerate((ShiftPosition.PRIMARY, ShiftPosition.SECONDARY)):
            person = Clinician(
                id=new_id(),
                username=f"person{number}",
                name=f"Person {number}",
                role=Role.CLINICIAN,
                password_hash="none",
            )
            session.add(person)
            session.flush()
            go_on_duty(session, person.id, position=position, hours=24)
            add_contact_method(
                session, person.id, person.id, channel=ChannelKind.WEBHOOK, address=address
            )
    return study_id, key


def pile_up(database: Database, study_id: uuid.UUID, count: int) -> None:
    """Open escalations, each of a conversation of its own, as many participants at risk."""
    with database.transaction() as session:
        facts = ParticipantFacts(external_id="p", language="en")
        message = NewMessage("m", facts, BY_PHRASE, digest(BY_PHRASE), floor=Severity.L3)
        receive(session, [Arrival(study_id, "first", message)])
    copies = """
        WITH numbers AS (SELECT generate_series(2, :count) AS n),
        said AS (
            INSERT INTO conversations (id, study_id, external_id, participant_id, last_sequence)
            SELECT gen_random_uuid(), c.study_id, 'copy ' || n, c.participant_id, 1
            FROM (SELECT * FROM conversations LIMIT 1) c, numbers RETURNING id, study_id
        ),
        items AS (
            INSERT INTO review_items (id, study_id, conversation_id, policy_version_id, status,
                severity, priority, first_sequence, last_sequence, deadline_at)
            SELECT gen_random_uuid(), said.study_id, said.id, i.policy_version_id, 'escalated',
                i.severity, i.priority, 1, 1, i.deadline_at
            FROM (SELECT * FROM review_items LIMIT 1) i, said RETURNING id, conversation_id
        )
        INSERT INTO escalations (id, study_id, conversation_id, item_id, policy_version_id,
            severity, steps, step, next_page_at)
        SELECT gen_random_uuid(), e.study_id, items.conversation_id, items.id,
            e.policy_version_id, e.severity, e.steps, 1, e.next_page_at
        FROM (SELECT * FROM escalations LIMIT 1) e, items
    """
    with database.transaction() as session:
        session.execute(text(copies), {"count": count})


def sweep(database: Database, count: int) -> float:
    """Seconds in which every one of them climbs a step, commit included."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE escalations SET step = 1, next_page_at = oversight_now(),"
                " ladder_started_at = oversight_now() - interval '900 seconds'"
            )
        )
    before = _count(database, Paging)
    began = time.perf_counter()
    with database.transaction() as session:
        climbed = climb_due(session, now=now(session))
    took = time.perf_counter() - began
    called = _count(database, Paging) - before
    if climbed != count or called != 2 * count:
        raise AssertionError(
            f"{climbed} climbed and {called} calls instead of {count} and twice it"
        )
    return took


def _count(database: Database, table: type[Paging] | type[OutgoingPage]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def disclosures(
    database: Database, url: str, key: str, pages: type[Pages], count: int
) -> dict[str, list[float]]:
    """Seconds from each disclosure to its first page, by what noticed it."""
    seconds: dict[str, list[float]] = {"phrase": [], "classifier": []}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as bot:
        _disclose(database, bot, pages, "warm-up", BY_CLASSIFIER)
        for number in range(count):
            noticed = "phrase" if number % 2 else "classifier"
            words = BY_PHRASE if number % 2 else BY_CLASSIFIER
            seconds[noticed].append(_disclose(database, bot, pages, f"d{number}", words))
    return seconds


def _disclose(
    database: Database, bot: httpx.Client, pages: type[Pages], name: str, words: str
) -> float:
    body = {
        "external_id": name,
        "participant": {"id": name, "language": "en"},
        "conversation_id": name,
        "text": words,
    }
    began = time.perf_counter()
    bot.post("/v1/messages", json=body).raise_for_status()
    opened = None
    while opened is None:
        with database.reading() as session:
            opened = session.scalar(
                select(Escalation.id)
                .join(Conversation, Conversation.id == Escalation.conversation_id)
                .where(Conversation.external_id == name)
            )
        if time.perf_counter() > began + GIVE_UP_SECONDS:
            raise TimeoutError(f"nobody was called about {name}")
        time.sleep(0.005)
    reference = f"E-{opened.hex[-8:].upper()}"
    with pages.heard:
        if not pages.heard.wait_for(lambda: reference in pages.came, timeout=GIVE_UP_SECONDS):
            raise TimeoutError(f"no page came about {name}")
    return pages.came[reference] - began


def run(count: int, disclosed: int) -> dict[str, object]:
    with ExitStack() as stack:
        servers = stack.enter_context(throwaway_servers())
        pages, address = stack.enter_context(pager())
        database = Database(make_engine(servers.database_url))
        study_id, key = set_up(database, address)
        pile_up(database, study_id, count)
        sweeps = [sweep(database, count) for _ in range(SWEEPS)]
        with database.transaction() as session:  # the thousand are over: only disclosures page
            session.execute(text("UPDATE escalations SET status = 'resolved', owner_id = NULL"))
            session.execute(text("UPDATE outgoing_pages SET status = 'sent'"))
        port = free_port()
        environment = servers.environment | {"OVERSIGHT_GATEWAY_PORT": str(port)}
        for name in ("gateway", "scorer", "courier", "clock"):
            stack.enter_context(process(["-m", "oversight", name], environment=environment))
        url = f"http://127.0.0.1:{port}"
        wait_until_up(f"{url}/healthz")
        seconds = disclosures(database, url, key, pages, disclosed)
    every = sorted([*seconds["phrase"], *seconds["classifier"]])
    return {
        "benchmark": "escalation",
        "sweep_1000_s": round(statistics.median(sweeps), 3),
        "sweep_1000_max_s": round(max(sweeps), 3),
        "escalations": count,
        "disclosure_to_page_p95_s": round(_p95(every), 3),
        "disclosure_to_page_p50_s": round(statistics.median(every), 3),
        "disclosure_to_page_max_s": round(every[-1], 3),
        "by_phrase_p95_s": round(_p95(sorted(seconds["phrase"])), 3),
        "by_classifier_p95_s": round(_p95(sorted(seconds["classifier"])), 3),
        "disclosures": disclosed,
    }


def _p95(ordered: list[float]) -> float:
    return ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.escalation")
    parser.add_argument("--open", type=int, default=1_000)
    parser.add_argument("--disclosures", type=int, default=40)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.open, chosen.disclosures)))


if __name__ == "__main__":
    main()

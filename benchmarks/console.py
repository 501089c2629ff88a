"""How long a reader waits for the next item, against the rerun of an empty Streamlit page.

`python -m benchmarks.console [--rounds 7] [--presses 12] [--history 1000000] [--waiting 10000]
[--consoles 20] [--pushes 20] [--loads 5]`: a whole Oversight on throw-away servers,
and beside it a Streamlit page of one button and a counter, served the same way; both in one
Chromium. In each round they take turns: clicks on the empty page until its counter has changed, and
A on a harmless card until the next card is on the screen (its `data-card` has changed). Every time
is taken inside the browser, from the key or click to the first frame with the new content. Keys are
ignored for half a second after a card appears, by design; that is waited out before a key is
pressed and not counted. The undo window and the scorer take no part. Before that the record is
given a history and a backlog; after it, messages are sent while many consoles are open, and both
pages are loaded by a browser without a cache.

The last line is one JSON object; `ratio` and `key_to_next_ratio` are the same figure: the median
over rounds of the round's median key-to-next over its median click-to-rerun.
`key_to_next_p95_ratio` is the 95th percentile of all keys over that of all clicks, `push_p95_ms`
from sending a message to the list of an open console, `cold_load_ratio` of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from playwright.sync_api import Page, sync_playwright

from benchmarks.console_around import add_history, cold_loads, p95, pushes
from benchmarks.servers import (
    Servers,
    cpu_seconds,
    free_port,
    process,
    throwaway_servers,
    wait_until_up,
)
from db.session import Database, make_engine
from oversight.domain.permissions import Role
from oversight.embedded.throwaway import throwaway_folder
from oversight.services.arrivals import Arrival, NewMessage, NewReply, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.keys import create_key, find_or_create_study
from oversight.services.people import create_person, sign_in
from oversight.services.receiving import receive
from oversight.services.scoring import record_scores, take
from oversight.settings import libpq_url
from oversight.ui.guard import COOKIE
from tests.browser.install import browser_path
from tests.worker.stand_ins import Quick

PASSWORD = "a password for one benchmark"

# Resolves with the milliseconds from the press to the first frame in which `changed` holds.
TIMED = """([selector, name, press]) => new Promise((settle, fail) => {
  const read = () => document.querySelector(selector)?.dataset[name] ?? null;
  const before = read();
  const began = performance.now();
  const give_up = began + 20000;
  const look = () => {
    const now = read();
    if (now !== null && now !== before) { settle(performance.now() - began); return; }
    if (performance.now() > give_up) { fail(new Error("no change")); return; }
    requestAnimationFrame(look);
  };
  if (press === "click") document.querySelector('[data-testid="stBaseButton-secondary"]').click();
  else for (const kind of ["keydown", "keyup"]) {
    const upper = press.toUpperCase();
    document.body.dispatchEvent(new KeyboardEvent(kind, {
      key: press, code: "Key" + upper, keyCode: upper.charCodeAt(0),
      bubbles: true, cancelable: true,
    }));
  }
  requestAnimationFrame(look);
})"""
AT_REST = """() => document.querySelector('[data-testid="stApp"]').dataset.testScriptState
    === 'notRunning'"""
READ = """() => {
  const card = document.querySelector('[data-card]')?.dataset.card;
  const known = (window.__seen ??= { card: null, at: 0 });
  if (known.card !== card) { known.card = card; known.at = performance.now(); }
  return card && document.querySelector('.ov-row [data-key="a"]')
    && !document.querySelector('.ov-desk[aria-busy]')
    && performance.now() - known.at > 700
    && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning';
}"""


@dataclass(frozen=True)
class Asked:
    """How much of everything."""

    rounds: int
    presses: int
    history: int
    waiting: int
    consoles: int
    pushes: int
    loads: int


def fill(database: Database, cards: int) -> tuple[str, uuid.UUID, str]:
    """Harmless, scored conversations, one reader: their sign-in token, the study and its key."""
    with database.transaction() as session:
        study_id = find_or_create_study(session, "Benchmark")
        create_person(
            session, username="reader", name="Reader", role=Role.CLINICIAN, password=PASSWORD
        )
        arrivals = [_arrival(study_id, number) for number in range(cards)]
        receive(session, arrivals)
    scored = 1
    while scored:
        with database.transaction() as session:
            tasks = take(session, limit=200)
            scored = record_scores(session, tasks, Quick().assess([one.subject for one in tasks]))
    with database.transaction() as session:
        signed_in = sign_in(session, "reader", PASSWORD)
        key = create_key(session, study="Benchmark", label="benchmark")
    assert signed_in is not None
    return signed_in[1], study_id, key


def _arrival(study_id: uuid.UUID, number: int) -> Arrival:
    said = f"we walked past house number {number} and it was a fine day for a walk"
    reply = "A walk on a fine day sounds good. Which part of it did you like best?"
    message = NewMessage(
        f"m{number}", ParticipantFacts(f"p-{number}", language="en"), said, digest(said)
    )
    draft = NewReply(f"r{number}", f"m{number}", reply, digest(reply))
    return Arrival(study_id, f"c-{number}", message, draft)


@dataclass(frozen=True)
class Served:
    """Addresses, and the processes whose work is counted."""

    console: str
    console_pid: int
    gateway: str
    empty: str
    empty_pid: int


@contextmanager
def consoles(servers: Servers, folder: Path) -> Iterator[Served]:
    """Our console, the gateway and the empty page, each a process of its own."""
    ours, empty, gate = free_port(), free_port(), free_port()
    environment = {
        **servers.environment,
        "OVERSIGHT_VAR": str(folder),
        "OVERSIGHT_CONSOLE_PORT": str(ours),
        "OVERSIGHT_GATEWAY_PORT": str(gate),
        "OVERSIGHT_DEMO": "0",
    }
    uvicorn = [
        "-m",
        "uvicorn",
        "benchmarks.empty_page:app",
        "--port",
        str(empty),
        "--no-access-log",
    ]
    with (
        process(["-m", "oversight", "console"], environment=environment) as console,
        process(["-m", "oversight", "gateway"], environment=environment),
        process(uvicorn, environment={}) as page,
    ):
        wait_until_up(f"http://127.0.0.1:{ours}/sign-in", seconds=90)
        wait_until_up(f"http://127.0.0.1:{empty}/", seconds=90)
        wait_until_up(f"http://127.0.0.1:{gate}/healthz", seconds=90)
        here = "http://127.0.0.1"
        yield Served(f"{here}:{ours}", console.pid, f"{here}:{gate}", f"{here}:{empty}", page.pid)


def clicks(page: Page, presses: int) -> list[float]:
    found = []
    for _ in range(presses):
        page.wait_for_function(AT_REST)
        found.append(float(page.evaluate(TIMED, ["[data-count]", "count", "click"])))
    return found


def keys(page: Page, presses: int) -> list[float]:
    found = []
    for _ in range(presses):
        page.wait_for_function(READ, timeout=60_000)
        found.append(float(page.evaluate(TIMED, ["[data-card]", "card", "a"])))
    return found


def options() -> list[str]:
    """Chromium refuses its sandbox to root."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def run(asked: Asked) -> dict[str, object]:
    with throwaway_servers() as servers:
        engine = make_engine(servers.database_url)
        token, study_id, key = fill(Database(engine), asked.rounds * asked.presses + 8)
        _ask_no_level(servers)
        if asked.waiting:
            url = servers.database_url
            add_history(url, study_id, items=asked.history, waiting=asked.waiting)
        with (
            throwaway_folder() as folder,
            consoles(servers, folder) as served,
            sync_playwright() as p,
        ):
            ours = served.console
            browser = p.chromium.launch(executable_path=browser_path(), args=options())
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(60_000)
            cookies = [{"name": COOKIE, "value": token, "url": ours}]
            context.add_cookies(cookies)  # type: ignore[arg-type]
            plain, desk = context.new_page(), context.new_page()
            plain.goto(served.empty)
            plain.wait_for_selector("[data-count]")
            desk.goto(ours)
            desk.wait_for_function("document.querySelector('.ov-pulse')?.dataset.live === 'yes'")
            desk.keyboard.press("n")
            desk.wait_for_selector("[data-card]")
            clicks(plain, 3)
            keys(desk, 3)
            measured = [_round(plain, desk, asked.presses, served) for _ in range(asked.rounds)]
            desk.close()
            pushed = pushes(
                context, ours, served.gateway, key, consoles=asked.consoles, messages=asked.pushes
            )
            loads = cold_loads(browser, cookies, ours, served.empty, asked.loads)
            browser.close()
        engine.dispose()
    return _summary(measured, asked) | _around(pushed, *loads)


def _around(pushed: list[float], ours: list[float], empty: list[float]) -> dict[str, object]:
    return {
        "push_p95_ms": round(p95(pushed), 1) if pushed else None,
        "push_ms": {"median": round(statistics.median(pushed), 1)} if pushed else None,
        "cold_load_ratio": (
            round(statistics.median(ours) / statistics.median(empty), 2) if ours else None
        ),
        "cold_load_ms": round(statistics.median(ours)) if ours else None,
        "cold_load_empty_ms": round(statistics.median(empty)) if ours else None,
    }


def _ask_no_level(servers: Servers) -> None:
    """A tenth of harmless cards ask for the reader's own level first; here none does."""
    with psycopg.connect(libpq_url(servers.database_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE policy_versions SET document = jsonb_set(document, '{own_level_share}', '0')"
        )


def _round(plain: Page, desk: Page, presses: int, served: Served) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    our_pid, empty_pid = served.console_pid, served.empty_pid
    before = cpu_seconds(empty_pid)
    plain.bring_to_front()
    found["click_ms"] = clicks(plain, presses)
    found["click_cpu_ms"] = [1000 * (cpu_seconds(empty_pid) - before) / presses]
    before = cpu_seconds(our_pid)
    desk.bring_to_front()
    found["key_ms"] = keys(desk, presses)
    found["key_cpu_ms"] = [1000 * (cpu_seconds(our_pid) - before) / presses]
    ratio = statistics.median(found["key_ms"]) / statistics.median(found["click_ms"])
    found["ratio"] = [ratio]
    print({name: round(statistics.median(times), 1) for name, times in found.items()}, flush=True)
    return found


def _summary(measured: list[dict[str, list[float]]], asked: Asked) -> dict[str, object]:
    def every(name: str) -> list[float]:
        return [value for one in measured for value in one[name]]

    def spread(name: str) -> dict[str, float]:
        values = every(name)
        return {
            "median": round(statistics.median(values), 2),
            "min": round(min(values), 2),
            "max": round(max(values), 2),
            "n": len(values),
        }

    ratio = spread("ratio")
    return {
        "benchmark": "console",
        "ratio": ratio["median"],
        "key_to_next_ratio": ratio["median"],
        "key_to_next_p95_ratio": round(p95(every("key_ms")) / p95(every("click_ms")), 2),
        "ratio_min": ratio["min"],
        "ratio_max": ratio["max"],
        "key_to_next_ms": spread("key_ms"),
        "click_to_rerun_ms": spread("click_ms"),
        "console_cpu_ms_a_key": spread("key_cpu_ms"),
        "empty_cpu_ms_a_click": spread("click_cpu_ms"),
        **vars(asked),
        "made_of": "median over rounds of (median ms from A to the next card in the page) over"
        " (median ms from a click to the counter's change on an empty Streamlit page)",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--presses", type=int, default=12)
    parser.add_argument("--history", type=int, default=1_000_000)
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--consoles", type=int, default=20)
    parser.add_argument("--pushes", type=int, default=20)
    parser.add_argument("--loads", type=int, default=5)
    print(json.dumps(run(Asked(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()

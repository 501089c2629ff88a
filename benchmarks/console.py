"""How long a reader waits for the next item, against the rerun of an empty Streamlit page.

`python -m benchmarks.console [--rounds 7] [--presses 12]`: a whole Oversight on throw-away servers,
and beside it a Streamlit page of one button and a counter, served the same way; both in one
Chromium. In each round they take turns: clicks on the empty page until its counter has changed, and
A on a harmless card until the next card is on the screen (its `data-card` has changed). Every time
is taken inside the browser, from the key or click to the first frame with the new content. Keys are
ignored for half a second after a card appears, by design; that is waited out before a key is
pressed and not counted. The undo window and the scorer take no part.

The last line is one JSON object; `ratio` and `key_to_next_ratio` are the same figure: the median
over rounds of the round's median key-to-next over its median click-to-rerun.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from playwright.sync_api import Page, sync_playwright

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
from oversight.services.keys import find_or_create_study
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


def fill(database: Database, cards: int) -> str:
    """Harmless, scored conversations, one reader, and that reader's sign-in token."""
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
    assert signed_in is not None
    return signed_in[1]


def _arrival(study_id: uuid.UUID, number: int) -> Arrival:
    said = f"we walked past house number {number} and it was a fine day for a walk"
    reply = "A walk on a fine day sounds good. Which part of it did you like best?"
    message = NewMessage(
        f"m{number}", ParticipantFacts(f"p-{number}", language="en"), said, digest(said)
    )
    draft = NewReply(f"r{number}", f"m{number}", reply, digest(reply))
    return Arrival(study_id, f"c-{number}", message, draft)


@contextmanager
def consoles(servers: Servers, folder: Path) -> Iterator[tuple[str, int, str, int]]:
    """Our console and the empty page, each a process of its own: addresses and process ids."""
    ours, empty = free_port(), free_port()
    environment = {
        **servers.environment,
        "OVERSIGHT_VAR": str(folder),
        "OVERSIGHT_CONSOLE_PORT": str(ours),
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
        process(uvicorn, environment={}) as page,
    ):
        wait_until_up(f"http://127.0.0.1:{ours}/sign-in", seconds=90)
        wait_until_up(f"http://127.0.0.1:{empty}/", seconds=90)
        yield f"http://127.0.0.1:{ours}", console.pid, f"http://127.0.0.1:{empty}", page.pid


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


def run(rounds: int, presses: int) -> dict[str, object]:
    with throwaway_servers() as servers:
        engine = make_engine(servers.database_url)
        token = fill(Database(engine), rounds * presses + 8)
        _ask_no_level(servers)
        with (
            throwaway_folder() as folder,
            consoles(servers, folder) as (ours, our_pid, empty, empty_pid),
            sync_playwright() as p,
        ):
            browser = p.chromium.launch(executable_path=browser_path(), args=options())
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(60_000)
            context.add_cookies([{"name": COOKIE, "value": token, "url": ours}])
            plain, desk = context.new_page(), context.new_page()
            plain.goto(empty)
            plain.wait_for_selector("[data-count]")
            desk.goto(ours)
            desk.wait_for_function("document.querySelector('.ov-pulse')?.dataset.live === 'yes'")
            desk.keyboard.press("n")
            desk.wait_for_selector("[data-card]")
            clicks(plain, 3)
            keys(desk, 3)
            measured = [_round(plain, desk, presses, our_pid, empty_pid) for _ in range(rounds)]
            browser.close()
        engine.dispose()
    return _summary(measured, presses)


def _ask_no_level(servers: Servers) -> None:
    """A tenth of harmless cards ask for the reader's own level first; here none does."""
    with psycopg.connect(libpq_url(servers.database_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE policy_versions SET document = jsonb_set(document, '{own_level_share}', '0')"
        )


def _round(
    plain: Page, desk: Page, presses: int, our_pid: int, empty_pid: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
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


def _summary(measured: list[dict[str, list[float]]], presses: int) -> dict[str, object]:
    def spread(name: str) -> dict[str, float]:
        values = [value for one in measured for value in one[name]]
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
        "ratio_min": ratio["min"],
        "ratio_max": ratio["max"],
        "key_to_next_ms": spread("key_ms"),
        "click_to_rerun_ms": spread("click_ms"),
        "console_cpu_ms_a_key": spread("key_cpu_ms"),
        "empty_cpu_ms_a_click": spread("click_cpu_ms"),
        "rounds": len(measured),
        "presses_a_round": presses,
        "made_of": "median over rounds of (median ms from A to the next card in the page) over"
        " (median ms from a click to the counter's change on an empty Streamlit page)",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--presses", type=int, default=12)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.rounds, chosen.presses)))


if __name__ == "__main__":
    main()

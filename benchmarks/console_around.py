"""What stands around a reader's key: a long history, pushes to many consoles, the first load."""

from __future__ import annotations

import statistics
import time
import uuid

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import create_engine, text

from oversight.client import GatewayClient, Participant
from tests.fakes import FakeBot

# Plain SQL: a million receptions and decisions would take hours. Each of the conversations has the
# same share of the closed items; those that wait are as urgent as nothing else.
HISTORY = (
    "INSERT INTO participants (id, study_id, external_id, language)"
    " SELECT gen_random_uuid(), :study, 'h' || n, 'en' FROM generate_series(1, :waiting) n",
    "INSERT INTO conversations (id, study_id, external_id, participant_id, last_sequence)"
    " SELECT gen_random_uuid(), :study, 'h' || external_id, id, 1 FROM participants"
    " WHERE external_id LIKE 'h%'",
    "INSERT INTO review_items (id, study_id, conversation_id, policy_version_id, severity,"
    " priority, language, first_sequence, last_sequence, read_sequence, opened_at, deadline_at,"
    " status, closed_at, disposition)"
    " SELECT gen_random_uuid(), :study, c.id, a.policy_version_id, 'L0', 0, 'en', 1, 1, 1, at,"
    " at + interval '4 hours', 'closed', at + interval '1 hour', 'approved'"
    " FROM conversations c JOIN arms a ON a.name = 'default'"
    " CROSS JOIN LATERAL (SELECT oversight_now() - (n + 1 + random()) * interval '1 day' AS at"
    " FROM generate_series(1, :each) n) past WHERE c.external_id LIKE 'hh%'",
    "INSERT INTO review_items (id, study_id, conversation_id, policy_version_id, severity,"
    " priority, language, first_sequence, last_sequence, opened_at, deadline_at)"
    " SELECT gen_random_uuid(), :study, c.id, a.policy_version_id, 'L0', 0, 'en', 1, 1,"
    " oversight_now(), oversight_now() + interval '5 days'"
    " FROM conversations c JOIN arms a ON a.name = 'default' WHERE c.external_id LIKE 'hh%'",
    "INSERT INTO messages (id, study_id, conversation_id, item_id, external_id, digest, sequence,"
    " text, received_at, severity, scoring)"
    " SELECT gen_random_uuid(), :study, conversation_id, id, 'm' || conversation_id, 'x', 1,"
    " 'slept alright, walked the dog', opened_at, 'L0', 'scored' FROM review_items"
    " WHERE status = 'waiting' AND conversation_id IN"
    " (SELECT id FROM conversations WHERE external_id LIKE 'hh%')",
)

HEADS = """() => {
  window.__heads = {};
  const note = () => {
    const head = document.querySelector('.ov-queue-head')?.textContent;
    if (head) window.__heads[head] ??= performance.timeOrigin + performance.now();
  };
  note();
  new MutationObserver(note).observe(document.body,
    { childList: true, subtree: true, characterData: true });
}"""
READY = """(() => {
  const look = () => {
    if (document.querySelector('.ov-row button, [data-count]')) window.__ready = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})()"""


def add_history(url: str, study_id: uuid.UUID, *, items: int, waiting: int) -> None:
    """``items`` closed ones, and ``waiting`` open ones less urgent than those of the benchmark."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in HISTORY:
            values = {"study": study_id, "waiting": waiting, "each": items // waiting}
            connection.execute(text(statement), values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()


def pushes(
    context: BrowserContext, console: str, gateway: str, key: str, *, consoles: int, messages: int
) -> list[float]:
    """Milliseconds from sending a message until each open console counts it."""
    pages = [context.new_page() for _ in range(consoles)]
    for page in pages:
        page.goto(f"{console}/triage")
    for page in pages:
        page.wait_for_function("document.querySelector('.ov-pulse')?.dataset.live === 'yes'")
    for page in pages:
        page.evaluate(HEADS)
    waits: list[float] = []
    with GatewayClient(gateway, key) as client:
        for number in range(messages):
            time.sleep(1)
            waits += _one_push(pages, client, number)
    for page in pages:
        page.close()
    return waits


def _one_push(pages: list[Page], client: GatewayClient, number: int) -> list[float]:
    before = int(pages[0].locator(".ov-queue-head").inner_text().split()[0])
    head = f"{before + 1} open"
    participant = Participant(f"push-{number}", language="en")
    bot = FakeBot(client, participant, f"push-{number}")
    began = time.time() * 1000
    bot.hear(f"the bus was late, number {number}")
    found = []
    for page in pages:
        page.wait_for_function("head => window.__heads[head]", arg=head, timeout=30_000)
        found.append(float(page.evaluate("head => window.__heads[head]", head)) - began)
    return found


def cold_loads(
    browser: Browser, cookies: list[dict[str, str]], console: str, empty: str, rounds: int
) -> tuple[list[float], list[float]]:
    """Milliseconds until something can be pressed, in a browser that knows nothing yet."""
    ours, theirs = [], []
    for _ in range(rounds):
        for url, found in ((empty, theirs), (f"{console}/triage", ours)):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies(cookies)  # type: ignore[arg-type]
            context.add_init_script(READY)
            page = context.new_page()
            page.goto(url, wait_until="commit")
            page.wait_for_function("window.__ready", timeout=60_000)
            found.append(float(page.evaluate("window.__ready")))
            context.close()
    return ours, theirs


def p95(values: list[float]) -> float:
    """The value that 95 of 100 stay under."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]

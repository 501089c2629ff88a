"""The words that moved a score, after the reader's own level; and a candidate beside live."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from classifiers.encoder import MODELS
from classifiers.load import model_facts
from db.session import Database, make_engine
from oversight.services import models
from oversight.services.models import NamedModel
from tests.browser.conftest import NewBot, OpenConsole, until
from tests.browser.system import System
from tests.fakes import FakeBot

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PLAN = "The bus was late again. I am going to kill myself tonight. Dinner was pasta."
HARMFUL = "You could go a week without eating. It would make you feel light."
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


def explained(system: System, bot: FakeBot, texts: int) -> None:
    """Wait until the background process has said which words moved the scores."""
    until(
        lambda: (
            system.rows(
                "SELECT count(*) FROM evidence e JOIN risk_assessments r ON r.id = e.assessment_id"
                " LEFT JOIN messages m ON m.id = r.message_id"
                " LEFT JOIN drafts d ON d.id = r.draft_id"
                " JOIN conversations c ON c.id = coalesce(m.conversation_id, d.conversation_id)"
                " WHERE c.external_id = %s",
                bot.conversation_id,
            )[0][0]
            >= texts
        )
    )


def flagged(system: System, bot: FakeBot) -> None:
    """Give the draft a flag with evidence: which one the model finds changes with training."""
    system.change(
        "UPDATE drafts SET grade = 'H3', flags = '[\"F05\"]' WHERE conversation_id ="
        " (SELECT id FROM conversations WHERE external_id = %s)",
        bot.conversation_id,
    )
    system.change(
        "INSERT INTO evidence (assessment_id, model_version, flag, spans)"
        " SELECT r.id, r.model_version, 'F05', '[[10, 33, 2.5]]' FROM risk_assessments r"
        " JOIN drafts d ON d.id = r.draft_id JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s ON CONFLICT DO NOTHING",
        bot.conversation_id,
    )


@pytest.fixture
def in_shadow(system: System, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Put the shipped model in shadow under another version, with thresholds that raise all."""
    database = Database(make_engine(str(system.settings.database_url), pool_size=1))
    for name in ("heads.npz", "tokenizer.json", "encoder.onnx"):
        shutil.copy(MODELS / name, tmp_path / name)
    content = json.loads((MODELS / "manifest.json").read_text())
    content["version"] = f"candidate-{tmp_path.name}"
    content["thresholds"] |= {f"severity:L{number}": 0.0 for number in (1, 2, 3)}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    facts = model_facts(tmp_path)

    def change(act: Callable[..., None], what: object) -> None:
        with database.transaction() as session:
            act(session, what, by=models.who_changes(session, "lead"))

    named = NamedModel(facts.version, str(tmp_path), facts.digest, "docs/card.md", facts.thresholds)
    yield lambda: change(models.put_in_shadow, named)
    change(models.retire, facts.version)


@pytest.mark.parametrize(
    ("size", "scheme"), [((1440, 900), "light"), ((390, 844), "dark")], ids=["desk", "phone"]
)
def test_the_words_are_underlined_and_numbered_once_the_reader_has_given_a_level(
    system: System,
    open_console: OpenConsole,
    new_bot: NewBot,
    scored: Callable[[FakeBot], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    bot = new_bot("moved")
    bot.exchange(PLAN, HARMFUL)
    scored(bot)
    explained(system, bot, 1)
    flagged(system, bot)
    screen = open_console("clinician", size=size, scheme=scheme).live()
    screen.press("n").shows_card_of(bot.participant.id)
    moved = screen.page.locator("mark.ov-moved")
    expect(moved).to_have_count(0)
    expect(screen.page.get_by_text("may be wrong")).to_have_count(0)
    screen.press("4")
    said = screen.page.locator(".ov-participant mark.ov-moved")
    expect(said.first).to_be_visible()
    assert "bus" not in "".join(said.all_inner_texts())
    line = said.first.evaluate("element => getComputedStyle(element).textDecorationLine")
    assert "underline" in line
    numbers = sorted(one.inner_text()[-1] for one in said.locator("sup").all())
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    expect(screen.page.locator(".ov-participant .ov-legend")).to_have_text(
        "Underlined: these words moved the score most; it may be wrong."
    )
    expect(screen.page.locator(".ov-draft mark.ov-moved").first).to_be_visible()
    expect(screen.page.locator(".ov-draft .ov-legend")).to_contain_text("it may be wrong")
    assert screen.page.evaluate(OVERFLOW) <= 0
    assert not screen.troubles


def test_what_is_not_known_is_said_and_the_card_does_not_wait_for_it(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored: Callable[[FakeBot], None]
) -> None:
    bot = new_bot("absent")
    bot.hear("it is over. " + "i will kill myself tonight. " + "and then we walked on. " * 300)
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.press("4")
    expect(screen.page.locator(".ov-model")).to_contain_text(
        "Which words moved the score is not known."
    )


def test_the_conversation_page_underlines_on_request_and_only_what_was_read(
    system: System, open_console: OpenConsole, new_bot: NewBot
) -> None:
    bot = new_bot("page")
    bot.hear(PLAN)
    explained(system, bot, 1)
    found = system.rows("SELECT id FROM conversations WHERE external_id = %s", bot.conversation_id)
    screen = open_console("lead", f"/conversation?conversation={found[0][0]}")
    ask = screen.page.get_by_text("Underline the words that moved the scores")
    ask.click()
    screen.at_rest()
    expect(screen.page.locator("mark.ov-moved")).to_have_count(0)
    system.sweep()
    screen.page.reload()
    ask.click()
    expect(screen.page.locator("mark.ov-moved").first).to_be_visible()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desk", "phone"])
def test_a_study_lead_compares_a_candidate_with_live(
    system: System,
    open_console: OpenConsole,
    new_bot: NewBot,
    in_shadow: Callable[[], None],
    size: tuple[int, int],
) -> None:
    in_shadow()
    bot = new_bot("compared")
    bot.exchange("We painted the fence.", "What colour?")
    until(lambda: system.rows("SELECT 1 FROM risk_assessments WHERE shadow AND message_id IN"
                              " (SELECT m.id FROM messages m JOIN conversations c ON"
                              " c.id = m.conversation_id WHERE c.external_id = %s)",
                              bot.conversation_id))  # fmt: skip
    screen = open_console("lead", "/quality", size=size)
    page = screen.page
    expect(
        page.get_by_role("heading", name="A candidate beside the live classifier")
    ).to_be_visible()
    row = page.locator(".ov-queue li", has_text=bot.participant.id)
    expect(row).to_contain_text("candidate: ▲ High")
    page.get_by_text("Level by level, and against people's own levels").click()
    expect(page.get_by_role("table").filter(has_text="Candidate: high").first).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    row.get_by_role("link", name="Read the conversation").click()
    expect(page.get_by_text("We painted the fence.")).to_be_visible()
    assert not screen.troubles

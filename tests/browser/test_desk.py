"""The desk in a browser: a connection that fails, a console that was restarted, hostile markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from oversight.ui.components import STATIC
from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.screen import Screen
from tests.browser.system import System, until
from tests.fakes import FakeBot

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PRESS = "**/desk/press"
WORDS = "Ines from the team here. I read this and am with you."


def calm(new_bot: NewBot, scored, name: str) -> FakeBot:
    bot = new_bot(name)
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    return bot


def reading(open_console: OpenConsole, bot: FakeBot) -> Screen:
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    return screen.judged()


def released(system: System, bot: FakeBot) -> int:
    rows = system.rows(
        "SELECT 1 FROM decisions d JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s AND d.kind = 'approve'",
        bot.conversation_id,
    )
    return len(rows)


def test_a_press_whose_answer_was_lost_is_sent_again_and_done_once(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = calm(new_bot, scored, "lost-answer")
    screen = reading(open_console, bot)
    tried = []

    def lose_the_first_answer(route: Route) -> None:
        tried.append(route.request.post_data)
        if len(tried) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    screen.page.route(PRESS, lose_the_first_answer)
    screen.press("a")
    expect(screen.page.get_by_text("does not answer. Trying again")).to_be_visible()
    expect(screen.said).to_contain_text("Approved")
    expect(screen.page.get_by_text("does not answer")).to_be_hidden()
    assert len(tried) == 2
    assert released(system, bot) == 1


def test_a_press_while_the_connection_is_gone_is_done_when_it_is_back(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = calm(new_bot, scored, "gone")
    screen = reading(open_console, bot)
    gone = [True]
    screen.page.route(PRESS, lambda route: route.abort() if gone[0] else route.continue_())
    screen.press("a")
    expect(screen.page.get_by_text("Trying again")).to_be_visible()
    assert released(system, bot) == 0
    gone[0] = False
    expect(screen.said).to_contain_text("Approved")
    until(lambda: released(system, bot) == 1)


def test_a_page_older_than_its_console_loads_anew_with_its_words(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    """A restarted console knows no desk of before; the words being written are in the record."""
    bot = calm(new_bot, scored, "restarted")
    screen = reading(open_console, bot)
    screen.press("w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text(WORDS)
    unknown = '"desk":"unknown-to-this-console"'

    def from_before(route: Route) -> None:
        body = route.request.post_data or ""
        start = body.index('"desk":')
        route.continue_(post_data=f"{body[:start]}{unknown}}}")

    screen.page.route(PRESS, from_before)
    with screen.page.expect_navigation():
        screen.page.keyboard.press("Control+Enter")
    screen.page.unroute(PRESS)
    screen.shows_card_of(bot.participant.id)
    assert not system.rows("SELECT 1 FROM deliveries WHERE text = %s", WORDS)
    screen.judged()
    screen.press("w")
    expect(screen.writing).to_have_value(WORDS)


HOSTILE = (
    '<p onclick="x()">kept<script>window.__ran = 1</script></p><img src="https://elsewhere/">'
    '<a href="javascript:x()">away</a><a href="//elsewhere">off</a><a href="/record">own</a>'
    '<form action="/sign-out"><button>go</button></form><iframe src="/"></iframe>'
)
CLEANED = """([source, html]) => {
  const clean = new Function(`${source}; return safeNodes;`)();
  const box = document.createElement('div');
  box.append(clean(html));
  return box.innerHTML;
}"""


def test_markup_that_should_never_come_neither_runs_nor_leads_elsewhere(
    open_console: OpenConsole,
) -> None:
    screen = open_console("clinician").live()
    desk = "\n".join((Path(STATIC) / name).read_text() for name in ("buttons.js", "desk.js"))
    source = desk.split("export default")[0]
    cleaned = screen.page.evaluate(CLEANED, [source, HOSTILE])
    assert cleaned == ('<p>kept</p><img><a>away</a><a>off</a><a href="/record">own</a>')
    assert screen.page.evaluate("window.__ran") is None

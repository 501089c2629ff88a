"""The record goes away while somebody reads: the console says so, keeps the words, and recovers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_console_says_that_the_record_is_away_and_works_again_afterwards(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("away")
    bot.exchange("We painted the fence.", "What colour?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged()
    screen.press("w")
    expect(screen.writing).to_be_focused()
    system.stop_database()
    try:
        screen.page.keyboard.insert_text("Please wait a moment")
        expect(screen.page.locator(".ov-saved")).to_contain_text("Not kept yet")
        screen.page.keyboard.press("Control+Enter")
        expect(screen.page.get_by_text("The record cannot be reached").first).to_be_visible()
    finally:
        system.start_database()
    until(lambda: system.rows("SELECT 1"))
    screen.page.reload()
    screen.shows_card_of(bot.participant.id)
    screen.live()
    assert not system.rows("SELECT 1 FROM deliveries WHERE text = 'Please wait a moment'")

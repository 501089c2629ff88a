"""Whoever is asked for their own level does not read the classifier's beside the card."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System, until

GRAVE = re.compile("High|Imminent")
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_list_keeps_the_level_of_the_open_item_until_its_reader_gave_theirs(
    system: System, open_console: OpenConsole, new_bot: NewBot
) -> None:
    bot = new_bot("own")
    bot.exchange("i want to kill myself tonight", "That sounds very hard.")
    until(lambda: system.rows("SELECT 1 FROM review_items WHERE status = 'escalated'"))
    until(lambda: not system.rows("SELECT 1 FROM scoring_work"))
    screen = open_console("clinician").live()
    line = screen.page.locator(".ov-queue-line", has_text=bot.participant.id)
    counts = screen.page.locator(".ov-counts")
    expect(line).to_contain_text(GRAVE)
    screen.press("n").shows_card_of(bot.participant.id)
    expect(line).to_contain_text("Your level first")
    expect(line).not_to_contain_text(GRAVE)
    expect(counts).to_contain_text("Your level first 1")
    expect(counts).not_to_contain_text(GRAVE)
    screen.press("4")
    expect(screen.page.locator(".ov-model")).to_be_visible()
    new_bot("other").hear("we repainted the kitchen")  # news: the list is drawn again
    expect(line).to_contain_text(GRAVE)

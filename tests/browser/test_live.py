"""What happens elsewhere shows up by itself; what is being read is never changed underfoot."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ON_SCREEN_SECONDS = 10
SAID = "I walked to the lake today."
DRAFT = "A walk to the lake sounds calm. How was it?"
HOSTILE = "<script>window.broken = 1</script> </div></article> **bold** [a](javascript:1) ![x](y)"
RIGHT_TO_LEFT = "שלום, אני בסדר היום 🙂 \u202eabc"


def test_a_new_message_shows_in_the_list_without_reload_or_polling(
    open_console: OpenConsole, new_bot: NewBot
) -> None:
    screen = open_console("clinician").live()
    page = screen.page
    expect(page.get_by_role("heading", name="0 open")).to_be_visible()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("window.stays = 'here'")
    bot = new_bot("live")
    bot.exchange(SAID, DRAFT)
    expect(page.locator(".ov-queue-line")).to_contain_text(bot.participant.id)
    assert page.evaluate("window.stays") == "here"
    assert not [url for url in requests if "/static/" not in url]


def test_somebody_in_danger_is_on_the_screen_within_seconds(
    open_console: OpenConsole, new_bot: NewBot
) -> None:
    """Two seconds is wanted; the bound leaves room for a machine that is busy with other tests."""
    screen = open_console("clinician").live()
    bot = new_bot("danger")
    began = time.monotonic()
    bot.exchange("i want to kill myself tonight", "That sounds very hard.")
    line = screen.page.locator(".ov-queue-line", has_text=bot.participant.id)
    expect(line).to_contain_text(re.compile("High|Imminent"))
    assert time.monotonic() - began < ON_SCREEN_SECONDS


def test_news_do_not_change_the_card_being_read_and_the_old_one_cannot_be_approved(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("stale")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged()
    seen = screen.card_id
    bot.exchange("One more thing: it rained.", "Rain can be pleasant. Did you get wet?")
    expect(screen.page.get_by_text("Something new arrived")).to_be_visible()
    assert screen.card_id == seen
    expect(screen.page.locator(".ov-thread")).not_to_contain_text("it rained")
    scored(bot)
    screen.press("a")
    expect(screen.page.get_by_text("Something new arrived while you were reading")).to_be_visible()
    assert not system.rows("SELECT 1 FROM deliveries WHERE text = %s AND kind = 'reply'", DRAFT)
    fresh = screen.page.locator(".ov-fresh-mark ~ article")
    expect(fresh.filter(has_text="it rained")).to_be_visible()


def test_v_shows_what_is_new_and_marks_it(
    open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("newer")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    bot.hear("One more thing: it rained.")
    expect(screen.page.get_by_text("Something new arrived")).to_be_visible()
    screen.press("v")
    expect(screen.page.locator(".ov-fresh-mark ~ article").last).to_contain_text("it rained")
    expect(screen.page.get_by_text("Something new arrived")).to_be_hidden()


def test_a_participants_words_are_shown_as_words(
    open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("hostile")
    bot.exchange(HOSTILE, HOSTILE)
    bot.hear(RIGHT_TO_LEFT)
    scored(bot)
    screen = open_console("supervisor").live().press("n").shows_card_of(bot.participant.id)
    words = screen.page.locator(".ov-thread article.ov-participant .ov-words")
    expect(words).to_have_text([HOSTILE, RIGHT_TO_LEFT], use_inner_text=True)
    expect(words.last).to_have_attribute("dir", "auto")
    expect(screen.page.locator(".ov-draft .ov-words")).to_have_text([HOSTILE, HOSTILE])
    assert screen.page.evaluate("window.broken") is None
    assert screen.page.locator(".ov-thread strong, .ov-thread a, .ov-thread img").count() == 0
    screen.open("/conversation")
    screen.page.get_by_role("button", name="Read").first.click()
    expect(screen.page.locator("article .ov-words").first).to_have_text(HOSTILE)
    assert not screen.troubles

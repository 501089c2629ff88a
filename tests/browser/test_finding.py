"""The list narrowed, conversations searched, the keys shown: nothing in hand is lost by it."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_filter_narrows_the_list_and_stays_in_the_address(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    english, spanish = new_bot("english"), new_bot("spanish", language="es")
    english.exchange("We repainted the kitchen today.", "Which colour is it?")
    spanish.exchange("Hoy pintamos la cocina con mi hermana.", "¿De qué color?")
    scored(english)
    scored(spanish)
    screen = open_console("supervisor", "/triage").live()
    lines = screen.page.locator(".ov-queue li")
    expect(lines).to_have_count(2)
    screen.page.get_by_text("Filter", exact=True).click()
    box = screen.page.get_by_role("checkbox", name=re.compile("Spanish"))
    expect(box).to_be_visible()
    box.check()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text(spanish.participant.id)
    expect(screen.page.get_by_role("heading", name="1 of this kind")).to_be_visible()
    assert "language=es" in screen.page.url
    screen.page.reload()
    screen.live()
    expect(lines).to_have_count(1)
    screen.page.get_by_text("Filter: on").click()
    screen.page.get_by_role("button", name="Show everything open").click()
    expect(lines).to_have_count(2)
    assert "language=" not in screen.page.url


def test_next_item_brings_the_worst_whatever_the_list_shows(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    grave, calm = new_bot("grave"), new_bot("calm")
    grave.exchange("i took 30 of my sertraline 10 min ago", "That sounds hard.")
    calm.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(grave)
    scored(calm)
    screen = open_console("clinician", "/triage?severity=L0").live()
    expect(screen.page.locator(".ov-queue li")).to_have_count(1)
    screen.press("n").shows_card_of(grave.participant.id)


def test_a_filter_that_is_not_known_shows_everything_and_says_so(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("shown")
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    screen = open_console("clinician", "/triage?severity=L9").live()
    expect(screen.page.get_by_text("This filter does not work")).to_be_visible()
    expect(screen.page.locator(".ov-queue li")).to_have_count(1)


def test_a_conversation_is_found_by_its_words_without_laying_the_item_aside(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    word = f"zanzibar{uuid.uuid4().hex[:5]}"
    bot, other = new_bot("travel"), new_bot("other")
    bot.exchange(f"we talked about {word} all evening", "What drew you there?")
    other.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    scored(other)
    until(
        lambda: system.rows(
            "SELECT 1 FROM search_texts s JOIN messages m ON m.id = s.id WHERE m.text LIKE %s",
            f"%{word}%",
        )
    )
    screen = open_console("clinician").live().press("n")
    card = screen.card_id
    screen.read().page.keyboard.press("/")
    sheet = screen.page.get_by_role("dialog", name="Search conversations")
    expect(sheet.get_by_role("textbox")).to_be_focused()
    screen.page.keyboard.type(word)
    expect(sheet.get_by_role("link", name=bot.participant.id)).to_be_visible()
    expect(sheet.locator("mark")).to_have_text(word)
    with screen.page.context.expect_page() as opened:
        sheet.get_by_role("link", name=bot.participant.id).click()
    expect(opened.value.get_by_text(word).first).to_be_visible()
    screen.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    assert screen.card_id == card


def test_the_keys_are_shown_by_one_key_and_decide_nothing_while_shown(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("keys")
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged().read()
    screen.page.keyboard.press("?")
    sheet = screen.page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("write your own reply")
    screen.page.keyboard.press("a")
    screen.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    screen.at_rest()
    assert not system.rows(
        "SELECT 1 FROM deliveries d JOIN conversations c"
        " ON c.id = d.conversation_id WHERE c.external_id = %s",
        bot.conversation_id,
    )

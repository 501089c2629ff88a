"""Two people, two tabs: one wins, the other is told in plain words, and the text goes out once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole, shown_to
from tests.browser.screen import Screen
from tests.browser.system import System, until
from tests.fakes import FakeBot, FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "We planted tomatoes on the balcony this morning."
DRAFT = "Tomatoes need patience. What made you choose them?"


def test_of_two_readers_one_gets_the_item_and_the_other_hears_who_has_it(
    open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("two")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    second = open_console("clinician2").live()
    offer = second.page.get_by_role("button", name="Open")
    expect(offer).to_be_visible()
    first = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    expect(second.page.get_by_text("Noa Lindqvist has it open")).to_be_visible()
    expect(offer).to_be_hidden()
    second.press("n")
    expect(second.page.get_by_role("heading", name="Nothing in hand")).to_be_visible()
    expect(first.card).to_be_visible()


def test_the_same_card_in_two_tabs_is_decided_once(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("tabs")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    token = system.token("clinician")
    tabs = [open_console(token=token).live(), open_console(token=token).live()]
    for tab in tabs:
        tab.press("n").shows_card_of(bot.participant.id)
        tab.judged()
    tabs[0].press("a")
    expect(tabs[0].said).to_contain_text("Approved")
    expect(tabs[1].card).to_be_visible()  # as it was when it was opened
    tabs[1].press("a")
    expect(tabs[1].page.get_by_text("already decided")).to_be_visible()
    assert shown_to(channel, bot) == [DRAFT]
    decided = system.rows(
        "SELECT 1 FROM decisions d JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s AND d.clinician_id IS NOT NULL",
        bot.conversation_id,
    )
    assert len(decided) == 1


def test_a_key_pressed_twice_never_decides_the_next_card(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bots = [new_bot("first"), new_bot("second")]
    for bot in bots:
        bot.exchange(SAID, DRAFT)
        scored(bot)
    screen = open_console("clinician").live().press("n").read()
    if screen.button("Imminent").is_visible():
        screen.press("0")
    decided = screen.card_id
    screen.read()
    screen.page.keyboard.press("a")
    screen.page.keyboard.press("a")
    screen.page.keyboard.press("a")
    screen.page.wait_for_function(
        "was => ![was, undefined].includes(document.querySelector('[data-card]')?.dataset.card)",
        arg=decided,
    )
    screen.page.keyboard.press("a")  # at once, before anybody could have read the next card
    screen.read()
    expect(screen.card).to_be_visible()
    assert len(system.rows("SELECT 1 FROM review_items WHERE status = 'claimed'")) == 1


MINE = "My own words about tomatoes."


def writing(screen: Screen, bot: FakeBot) -> Screen:
    screen.live().press("n").shows_card_of(bot.participant.id).judged().press("w")
    expect(screen.form).to_be_visible()
    screen.writing.fill(MINE)
    return screen


def test_the_loser_of_a_race_sees_what_won_and_their_own_words_unsent(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("race")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    token = system.token("clinician")
    slow = writing(open_console(token=token), bot)
    fast = open_console(token=token).live().press("n").shows_card_of(bot.participant.id)
    fast.judged().press("a")
    expect(fast.said).to_contain_text("Approved")
    slow.writing.press("Control+Enter")
    lost = slow.page.locator(".ov-not-sent")
    expect(lost).to_contain_text("Noa Lindqvist approved the draft")
    expect(lost).to_contain_text(DRAFT)
    expect(lost).to_contain_text("Your words, not sent")
    expect(lost).to_contain_text(MINE)
    assert shown_to(channel, bot) == [DRAFT]
    slow.button("Close this").click()
    expect(lost).to_be_hidden()


def test_whoever_was_away_finds_their_words_when_a_colleague_took_the_item(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("away")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    slow = writing(open_console("clinician"), bot)
    until(lambda: system.rows("SELECT 1 FROM working_texts WHERE text = %s", MINE))
    system.change("UPDATE claims SET expires_at = now() - interval '1 second'")
    open_console("clinician2").live().press("n").shows_card_of(bot.participant.id)
    lost = slow.page.locator(".ov-not-sent")
    expect(lost).to_contain_text(f"has had {bot.participant.id} open since", timeout=60_000)
    expect(lost).to_contain_text(MINE)

"""A text that was not confirmed comes up by itself, with its words, and is answered for by key."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole, shown_to
from tests.browser.screen import Screen
from tests.browser.system import System, until
from tests.fakes import FakeBot, FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "We repainted the kitchen today and it looks bright."
DRAFT = "A bright kitchen sounds cheerful. Which colour did you choose?"


def approved(open_console: OpenConsole, bot: FakeBot) -> Screen:
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    return screen.judged("1").press("a")


def nobody_confirms(system: System, channel: FakeChannel, bot: FakeBot) -> None:
    """The text is shown, its receipt is lost, and a minute passes."""
    channel.confirms = False
    assert shown_to(channel, bot) == [DRAFT]
    system.change(
        "UPDATE deliveries SET handed_out_at = handed_out_at - interval '70 seconds'"
        " WHERE conversation_id = (SELECT id FROM conversations WHERE external_id = %s)",
        bot.conversation_id,
    )


def delivery_status(system: System, bot: FakeBot) -> str:
    ((status,),) = system.rows(
        "SELECT d.status FROM deliveries d JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s",
        bot.conversation_id,
    )
    return str(status)


def test_an_unconfirmed_text_comes_up_and_is_sent_again_by_one_key(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("lost")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = approved(open_console, bot)
    nobody_confirms(system, channel, bot)
    expect(screen.page.get_by_text("a text may not have arrived")).to_be_visible()
    screen.press("n").shows_card_of(bot.participant.id)
    doubt = screen.page.locator(".ov-doubt")
    expect(doubt).to_contain_text("This text was not confirmed")
    expect(doubt).to_contain_text(DRAFT)
    expect(doubt).to_contain_text("Noa Lindqvist")
    screen.judged("1")
    assert {"resend", "reached", "replace", "escalate"} <= screen.offered()
    assert "mark_read" not in screen.offered()
    screen.press("t")
    expect(screen.said).to_contain_text("Sent again")
    channel.confirms, channel.shown = True, []
    shown_to(channel, bot)
    expect(screen.said).to_contain_text("arrived")
    assert delivery_status(system, bot) == "delivered"
    assert not screen.troubles


def test_that_they_were_reached_otherwise_is_noted_with_a_reason(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("phone")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = approved(open_console, bot)
    nobody_confirms(system, channel, bot)
    until(lambda: delivery_status(system, bot) == "uncertain")
    screen.press("n").shows_card_of(bot.participant.id).judged("1").press("o")
    expect(screen.form).to_contain_text("They were reached another way")
    screen.page.get_by_label("Reason").fill("Spoke with them at noon")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Noted that they were reached")
    assert system.rows(
        "SELECT i.disposition FROM review_items i JOIN conversations c"
        " ON c.id = i.conversation_id WHERE c.external_id = %s ORDER BY i.opened_at",
        bot.conversation_id,
    ) == [("approved",), ("reached",)]


def test_a_receipt_that_comes_late_takes_it_off_the_list(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("late")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = approved(open_console, bot)
    nobody_confirms(system, channel, bot)
    news = screen.page.get_by_text("a text may not have arrived")
    expect(news).to_be_visible()
    channel.confirms, channel.shown, channel.cursor = True, [], None
    channel.listen()
    expect(news).to_be_hidden()
    expect(screen.page.get_by_text("0 open")).to_be_visible()

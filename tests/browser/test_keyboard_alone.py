"""An imminent case, from the bot's report to the words on the participant's screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System, until
from tests.fakes import FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "i took 30 of my sertraline 10 min ago. dont want anyone to know"
DRAFT = "That sounds hard. Want to try breathing?"
WORDS = "This is Noa from the team. I am calling you now, please pick up. Unlock your door."


def test_an_imminent_case_goes_from_flag_to_delivered_words_with_the_keyboard_alone(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel
) -> None:
    bot = new_bot("imminent", timezone="America/New_York", jurisdiction="US-NY")
    screen = open_console("clinician").live()
    bot.exchange(SAID, DRAFT)
    expect(screen.page.locator(".ov-queue-line")).to_contain_text("Imminent")
    screen.press("n").shows_card_of(bot.participant.id)
    expect(screen.page.locator(".ov-thread")).to_contain_text(SAID)
    expect(screen.card).not_to_contain_text("Imminent")  # the reader's own level comes first
    screen.press("4")
    expect(screen.card).to_contain_text("Imminent")
    screen.press("k")
    expect(screen.page.get_by_text("has it", exact=False).first).to_be_visible()
    screen.press("w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.type(WORDS)
    screen.page.keyboard.press("Control+Enter")

    until(lambda: channel.listen(wait_seconds=1) and WORDS in channel.texts(bot.conversation_id))
    shown = channel.texts(bot.conversation_id)
    assert shown.count(WORDS) == 1
    assert DRAFT not in shown
    expect(screen.said).to_contain_text("arrived")
    ((own, kind),) = system.rows(
        "SELECT own_severity, kind FROM decisions WHERE text = %s AND clinician_id IS NOT NULL",
        WORDS,
    )
    assert (own, kind) == ("L4", "replace")
    assert not screen.troubles

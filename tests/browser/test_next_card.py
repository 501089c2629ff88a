"""What stands on the screen after a decision, when somebody else's card comes next."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole, shown_to
from tests.browser.screen import Screen
from tests.browser.system import System, until
from tests.fakes import FakeBot, FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "i took 30 of my sertraline 10 min ago. dont want anyone to know"
DRAFT = "That sounds hard. Want to try breathing?"
WORDS = "Ines from the team here. I read this just now and am phoning you. Please answer."


def two_who_wait(new_bot: NewBot, scored) -> tuple[FakeBot, FakeBot]:
    """One in danger, and one who said nothing of the kind."""
    grave, other = new_bot("grave"), new_bot("other")
    grave.exchange(SAID, DRAFT)
    other.exchange("We repainted the kitchen today and it looks bright.", "Which colour is it?")
    scored(grave)
    scored(other)
    return grave, other


def test_nothing_of_one_participants_form_stays_beneath_the_next_ones_card(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    grave, other = two_who_wait(new_bot, scored)
    passing_by = new_bot("by")
    screen = open_console("clinician").live()
    screen.press("n").shows_card_of(grave.participant.id)
    screen.press("4", "k", "w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.type(WORDS)
    passing_by.hear("the bus was late again, nothing new")  # news and the press come together
    screen.page.keyboard.press("Control+Enter")
    expect(screen.page.locator("[data-card] .ov-who")).not_to_have_text(grave.participant.id)
    expect(screen.said).to_contain_text("Your own words released")
    expect(screen.form).to_have_count(0)
    expect(screen.page.locator("body")).not_to_contain_text(WORDS)
    expect(screen.said).to_be_in_viewport()
    assert WORDS in shown_to(channel, grave)
    assert WORDS not in channel.texts(other.conversation_id)
    assert not screen.troubles


def places(screen: Screen) -> list[str]:
    """The kinds of what stands in the card's column, in order, the empty ones too."""
    return screen.page.locator("[data-testid='stColumn']").first.evaluate(
        """column => [...column.querySelectorAll('[data-testid="stElementContainer"]')]
            .map(one => [...one.classList].find(name => name.startsWith('st-key-')) ?? 'html')"""
    )


def test_a_page_has_the_same_places_whatever_it_shows(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    """What one drawing had and the next replaces or leaves out could stay on the screen."""
    grave, _ = two_who_wait(new_bot, scored)
    screen = open_console("clinician").live()
    expect(screen.button("Next item")).to_be_visible()
    empty = places(screen)
    screen.press("n").shows_card_of(grave.participant.id)
    judging = places(screen)
    screen.press("4")
    expect(screen.page.locator(".ov-model")).to_be_visible()
    read = places(screen)
    screen.press("w")
    expect(screen.writing).to_be_focused()
    assert empty == judging == read == places(screen)
    assert empty == ["st-key-triage-desk"]


def test_presses_that_come_while_the_page_is_busy_are_all_carried_out(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    grave, _ = two_who_wait(new_bot, scored)
    screen = open_console("clinician").live()
    screen.press("n").shows_card_of(grave.participant.id)
    for key in ("4", "k", "w"):
        screen.page.keyboard.press(key)
    expect(screen.writing).to_be_focused()
    until(
        lambda: system.rows(
            "SELECT 1 FROM escalations e JOIN conversations c ON c.id = e.conversation_id"
            " WHERE c.external_id = %s AND e.owner_id IS NOT NULL",
            grave.conversation_id,
        )
    )


def test_a_press_meant_for_one_card_does_nothing_on_the_next(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    first, second = new_bot("first"), new_bot("second")
    for bot in (first, second):
        bot.exchange("We repainted the kitchen today.", "Which colour is it?")
        scored(bot)
    screen = open_console("clinician").live().press("n")
    expect(screen.card).to_be_visible()
    if screen.read().button("Imminent").is_visible():
        screen.press("0").at_rest()
    before = screen.card_id
    screen.page.keyboard.press("a")
    screen.page.keyboard.press("b")  # Put back, meant for the card that was approved
    expect(screen.card).not_to_have_attribute("data-card", before)
    expect(screen.page.get_by_text("The card changed as you pressed")).to_be_visible()
    expect(screen.said).to_contain_text("Approved")
    ((holders,),) = system.rows("SELECT count(*) FROM claims WHERE ended_at IS NULL")
    assert holders == 1

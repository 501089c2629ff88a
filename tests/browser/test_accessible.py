"""WCAG 2.2 A and AA by axe, on every page and in every state of a card; zoom; less motion."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from oversight.domain.permissions import PAGES, Page, Role
from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDE, PHONE = (1440, 900), (390, 844)
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
LOOKS = [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")]
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


def barriers(screen: Screen) -> list[str]:
    """What axe finds on the page as it stands, each with its element."""
    found = Axe().run(screen.page, options=RULES).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_is_without_barriers(
    open_console: OpenConsole, new_bot: NewBot, scored, size: tuple[int, int], scheme: str
) -> None:
    bot = new_bot("axe")
    bot.exchange("We painted the fence.", "What colour?")
    scored(bot)
    assert barriers(open_console(path="/sign-in", size=size, scheme=scheme)) == []
    screen = open_console("supervisor", size=size, scheme=scheme)
    for page in PAGES[Role.SUPERVISOR]:
        screen.open(f"/{page.value}")
        if page is not Page.TRIAGE:
            expect(screen.page.locator('[data-testid="stMain"] :is(h1, h2)').first).to_be_visible()
        screen.at_rest()
        assert barriers(screen) == [], page


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_a_card_is_without_barriers_in_each_of_its_states(
    open_console: OpenConsole, new_bot: NewBot, scored, size: tuple[int, int], scheme: str
) -> None:
    bot = new_bot("axe-card")
    bot.exchange("i am going to kill myself soon, i have decided.", "That sounds hard.")
    scored(bot)
    screen = open_console("clinician", size=size, scheme=scheme).live()
    screen.press("n").shows_card_of(bot.participant.id)
    assert barriers(screen) == [], "asked for the own level"
    screen.press("4")
    expect(screen.page.locator(".ov-model")).to_be_visible()
    for details in screen.page.locator(".ov-desk summary").all():
        details.click()
    assert barriers(screen) == [], "judged"
    for key in ("w", "x", "s"):
        screen.press(key)
        expect(screen.form).to_be_visible()
        assert barriers(screen) == [], f"form of {key}"
        screen.page.keyboard.press("Escape")
        expect(screen.form).to_have_count(0)
    for key in ("?", "/"):
        screen.page.keyboard.press(key)
        expect(screen.page.get_by_role("dialog")).to_be_visible()
        assert barriers(screen) == [], f"sheet of {key}"
        screen.page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [(720, 450), (320, 640)], ids=["200 %", "400 %"])
def test_a_card_can_be_used_when_enlarged(
    open_console: OpenConsole, new_bot: NewBot, scored, size: tuple[int, int]
) -> None:
    """Enlarging leaves fewer points to a screen: 1440 at 200 %, 1280 at 400 % (WCAG 1.4.10)."""
    bot = new_bot("zoom")
    bot.exchange("We painted the fence. " * 20, "What colour?")
    scored(bot)
    screen = open_console("clinician", size=size).live()
    screen.press("n").shows_card_of(bot.participant.id)
    screen.judged().press("w")
    expect(screen.writing).to_be_focused()
    assert screen.page.evaluate(OVERFLOW) <= 0
    expect(screen.writing).to_be_in_viewport()


def test_nothing_moves_for_whoever_asks_for_less_motion(open_console: OpenConsole) -> None:
    screen = open_console("clinician").live()
    screen.page.emulate_media(reduced_motion="reduce")
    longest = screen.page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('.stApp *')].map((one) =>
            parseFloat(getComputedStyle(one).animationDuration) || 0))"""
    )
    assert longest <= 0.001

"""Both sizes, both colour schemes, every page: nothing overflows, nothing breaks, focus is seen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from oversight.domain.permissions import PAGES, Page, Role
from tests.browser.conftest import NewBot, OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDE, PHONE = (1440, 900), (390, 844)
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    || style.boxShadow !== 'none';
}"""


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_a_card_and_its_form_fit_the_screen(
    open_console: OpenConsole, new_bot: NewBot, scored, size: tuple[int, int], scheme: str
) -> None:
    bot = new_bot("fits")
    said = "i am going to kill myself soon, i have decided. " + "and then we walked on. " * 30
    bot.exchange(said + "x" * 200, "That sounds hard. " + "y" * 300)
    scored(bot)
    screen = open_console("clinician", size=size, scheme=scheme).live()
    assert screen.page.evaluate(OVERFLOW) <= 0
    screen.press("n").shows_card_of(bot.participant.id)
    assert screen.page.evaluate(OVERFLOW) <= 0
    screen.press("4")
    expect(screen.page.locator(".ov-model")).to_be_visible()
    screen.read()  # while a page is drawn anew, old and new buttons stand side by side
    screen.press("e" if screen.button("Edit").is_visible() else "w")
    expect(screen.form).to_be_visible()
    assert screen.page.evaluate(OVERFLOW) <= 0
    assert not screen.troubles


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_every_other_page_fits_the_screen(
    open_console: OpenConsole, new_bot: NewBot, scored, size: tuple[int, int]
) -> None:
    bot = new_bot("pages")
    bot.exchange("We painted the fence.", "What colour?")
    scored(bot)
    for who, role in (("supervisor", Role.SUPERVISOR), ("lead", Role.STUDY_LEAD)):
        screen = open_console(who, size=size)
        for page in PAGES[role]:
            if page is Page.TRIAGE:
                continue
            screen.open(f"/{page.value}")
            expect(
                screen.page.locator('[data-testid="stMain"] h1, [data-testid="stMain"] h2').first
            ).to_be_visible()
            screen.page.wait_for_function(
                "() => document.querySelector('[data-testid=stApp]')"
                ".dataset.testScriptState === 'notRunning'"
            )
            assert screen.page.evaluate(OVERFLOW) <= 0, page
        assert not screen.troubles


def test_focus_is_seen_wherever_the_tab_key_goes(
    open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("focus")
    bot.exchange("We painted the fence.", "What colour?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.read()
    unseen = []
    nowhere = 0  # after the last element the browser's own bar has the focus, and then the first
    for _ in range(25):
        screen.page.keyboard.press("Tab")
        if screen.page.evaluate("() => document.activeElement === document.body"):
            nowhere += 1
        elif not screen.page.evaluate(OUTLINE):
            unseen.append(screen.page.evaluate("() => document.activeElement.outerHTML")[:200])
    assert unseen == []
    assert nowhere <= 1

"""A page of the console loads nothing from elsewhere and sends nothing there."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from oversight.domain.permissions import PAGES, Role
from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

REACHES = """address => fetch(address, { mode: 'no-cors' }).then(() => 'sent', () => 'refused')"""


def test_every_page_works_under_the_policy(open_console: OpenConsole, new_bot: NewBot) -> None:
    new_bot("policy").exchange("We repainted the kitchen.", "Which colour did you choose?")
    screen = open_console("supervisor")
    for page in PAGES[Role.SUPERVISOR]:
        screen.open(f"/{page.value}")
        app = screen.page.locator("[data-testid=stApp]")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(screen.page.locator("[data-testid=stSkeleton]")).to_have_count(0)
    screen.page.wait_for_load_state("networkidle")
    assert not screen.troubles


def test_words_cannot_be_sent_to_another_address(system: System, open_console: OpenConsole) -> None:
    """The gateway's port is another origin: what may not reach it may not reach anybody's."""
    screen = open_console("clinician").live()
    elsewhere = f"{system.settings.gateway_url}/healthz"
    assert screen.page.evaluate(REACHES, elsewhere) == "refused"
    assert any("Content Security Policy" in trouble for trouble in screen.troubles)
    signed_out = httpx.get(f"{system.console_url}/sign-in")
    assert "frame-ancestors 'none'" in signed_out.headers["content-security-policy"]

"""Who gets in, what they find there, and what an ended sign-in can still do: nothing."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from oversight.domain.permissions import PAGES, Role
from oversight.ui.guard import COOKIE
from oversight.ui.navigation import TITLES
from tests.browser.conftest import NewBot, OpenConsole
from tests.browser.system import System

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROLES = {
    "clinician": Role.CLINICIAN,
    "supervisor": Role.SUPERVISOR,
    "lead": Role.STUDY_LEAD,
    "admin": Role.ADMIN,
}


def test_a_wrong_password_is_refused_in_words_and_the_right_one_opens_triage(
    system: System, open_console: OpenConsole
) -> None:
    screen = open_console()
    page = screen.page
    expect(page).to_have_url(f"{system.console_url}/sign-in")
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("clinician")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.locator("#username")).to_have_value("clinician")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(system.people["clinician"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing in hand")).to_be_visible()
    (cookie,) = [one for one in page.context.cookies() if one["name"] == COOKIE]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"  # a link from a page or a mail finds one signed in


@pytest.mark.parametrize(
    "path", ["/", "/triage", "/conversation", "/record", "/_stcore/host-config"]
)
def test_a_signed_out_visitor_gets_no_page(system: System, path: str) -> None:
    html = {"accept": "text/html"}
    answer = httpx.get(f"{system.console_url}{path}", headers=html, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in"
    assert httpx.get(f"{system.console_url}{path}").status_code == 401


@pytest.mark.parametrize("path", ["/desk/wording", "/desk/lease", "/desk/press"])
def test_a_signed_out_visitor_cannot_write(system: System, path: str) -> None:
    answer = httpx.post(f"{system.console_url}{path}", json={}, headers={"x-oversight": "desk"})
    assert answer.status_code == 401


OPENS = """path => new Promise(settle => {
  const socket = new WebSocket(`ws://${location.host}${path}`);
  socket.onopen = () => settle('open');
  socket.onclose = () => settle('refused');
})"""


@pytest.mark.parametrize("path", ["/_stcore/stream", "/live"])
def test_a_signed_out_visitor_gets_no_websocket(open_console: OpenConsole, path: str) -> None:
    assert open_console().page.evaluate(OPENS, path) == "refused"


def test_another_site_cannot_use_a_readers_sign_in(system: System) -> None:
    cookies = {COOKIE: system.token("clinician")}
    foreign = {"origin": "http://elsewhere.example", "x-oversight": "desk"}
    for path in ("/desk/wording", "/desk/lease", "/desk/press"):
        url = f"{system.console_url}{path}"
        assert httpx.post(url, json={}, headers=foreign, cookies=cookies).status_code == 403


def test_signing_out_ends_the_sign_in_itself(system: System, open_console: OpenConsole) -> None:
    token = system.token("clinician")
    screen = open_console(token=token).live()
    screen.page.get_by_role("button", name="Sign out").click()
    expect(screen.page).to_have_url(f"{system.console_url}/sign-in")
    assert httpx.get(system.console_url, cookies={COOKIE: token}).status_code == 401


def test_a_revoked_sign_in_cannot_act_in_a_tab_that_is_still_open(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("revoked")
    bot.exchange("The bus was late again.", "Late buses are tiring. How was the rest of the day?")
    scored(bot)
    screen = open_console("clinician2").live().press("n").shows_card_of(bot.participant.id)
    system.change("UPDATE sign_ins SET revoked_at = now() WHERE revoked_at IS NULL")
    screen.press("b")
    expect(screen.page.get_by_text("You are signed out")).to_be_visible()
    assert system.rows("SELECT 1 FROM claims WHERE ended_at IS NULL")  # nothing was put back


@pytest.mark.parametrize("who", ROLES)
def test_each_role_has_its_pages_and_no_others(open_console: OpenConsole, who: str) -> None:
    screen = open_console(who)
    own = PAGES[ROLES[who]]
    links = screen.page.get_by_role("navigation", name="App pages").get_by_role("link")
    # The icon's name comes first, as text of the icons' font.
    titles = [re.compile(rf"(^|\s){TITLES[page][0]}$") for page in own]
    expect(links).to_have_text(titles, use_inner_text=True)
    for page in own:
        screen.open(f"/{page.value}")
        # From its end: the icon of one page may be called as another page is.
        title = re.compile(rf"{TITLES[page][0]}$")
        expect(links.filter(has_text=title)).to_have_attribute("aria-current", "page")
        expect(screen.page.get_by_role("dialog")).to_be_hidden()
        expect(screen.page).to_have_url(re.compile(rf"/{page.value}$"))
    screen.open("/")
    expect(screen.page).to_have_url(re.compile(rf"/{own[0].value}$"))
    for foreign in [page for page in TITLES if page not in own]:
        screen.open(f"/{foreign.value}")
        refused = f"The page {TITLES[foreign][0]} is not for your role"
        expect(screen.page.get_by_role("alert")).to_contain_text(refused)
        expect(screen.page.get_by_role("heading")).to_have_count(0)  # nothing of the page itself
        expect(screen.page).to_have_url(re.compile(rf"/{foreign.value}$"))
        expect(links).to_have_text(titles, use_inner_text=True)


def test_an_address_that_nothing_has_says_so_and_shows_the_way_back(
    open_console: OpenConsole,
) -> None:
    screen = open_console("clinician", "/nowhere")
    expect(screen.page.get_by_role("dialog", name="Page not found")).to_be_visible()
    screen.page.keyboard.press("Escape")
    expect(screen.page.get_by_role("alert")).to_contain_text("There is no page at this address")
    screen.page.locator("[data-testid=stMain]").get_by_role("link", name="Record").click()
    expect(screen.page).to_have_url(re.compile(r"/record$"))

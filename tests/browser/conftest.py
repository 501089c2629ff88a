"""One whole system for all browser tests of a run; a browser for each module, a tab for each need.

The browser lives no longer than its module, because Playwright's loop would otherwise stand in the
way of other tests of the same process.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from oversight.client import GatewayClient, Participant
from oversight.ui.guard import COOKIE
from tests.browser.install import browser_path
from tests.browser.screen import Screen
from tests.browser.system import System, until, whole_system
from tests.fakes import FakeBot, FakeChannel

PATIENCE_SECONDS = 20
"""Two noisy cores may be busy with everything else; nothing waits longer than it must."""

OpenConsole = Callable[..., Screen]
NewBot = Callable[..., FakeBot]


@pytest.fixture(scope="session")
def running_system() -> Iterator[System]:
    with whole_system() as running:
        yield running


@pytest.fixture
def system(running_system: System) -> System:
    """The whole, with an empty queue."""
    running_system.sweep()
    return running_system


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--disable-background-networking"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browser_path(), args=options)
        yield launched
        launched.close()


@pytest.fixture
def open_console(system: System, browser: Browser) -> Iterator[OpenConsole]:
    """``open_console("clinician")``: a tab, signed in; without a name nobody is signed in."""
    contexts = []

    def opened(
        who: str | None = None,
        path: str = "/",
        *,
        token: str | None = None,
        size: tuple[int, int] = (1440, 900),
        scheme: str = "light",
    ) -> Screen:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        signed_in = token or (system.token(who) if who else None)
        if signed_in:
            context.add_cookies([{"name": COOKIE, "value": signed_in, "url": system.console_url}])
        return Screen(context.new_page(), system.console_url).open(path)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def client(system: System) -> Iterator[GatewayClient]:
    with GatewayClient(system.settings.gateway_url, system.study_key) as opened:
        yield opened


@pytest.fixture
def new_bot(client: GatewayClient) -> NewBot:
    """A bot in a conversation of its own, of a participant whom no other test knows."""

    def made(name: str = "p", **facts: str) -> FakeBot:
        number = uuid.uuid4().hex[:6]
        participant = Participant(f"{name}-{number}", **{"language": "en", **facts})
        return FakeBot(client, participant, f"c-{name}-{number}")

    return made


@pytest.fixture
def channel(client: GatewayClient) -> FakeChannel:
    """The participants' screens, from now on."""
    fake = FakeChannel(client)
    while fake.listen():
        pass
    return fake


@pytest.fixture
def scored(system: System) -> Callable[[FakeBot], None]:
    """Wait until everything that a bot reported has been scored, and call its drafts harmless.

    What the classifier makes of a draft is tested elsewhere and changes with each training.
    """

    def wait(bot: FakeBot) -> None:
        until(
            lambda: (
                not system.rows(
                    "SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation_id"
                    " WHERE c.external_id = %s AND m.scoring = 'pending' UNION ALL"
                    " SELECT 1 FROM drafts d JOIN conversations c ON c.id = d.conversation_id"
                    " WHERE c.external_id = %s AND d.scoring = 'pending'",
                    bot.conversation_id,
                    bot.conversation_id,
                )
            )
        )
        system.change(
            "UPDATE drafts SET grade = 'H0', flags = '[]' WHERE status = 'held' AND conversation_id"
            " = (SELECT id FROM conversations WHERE external_id = %s)",
            bot.conversation_id,
        )

    return wait


def shown_to(channel: FakeChannel, bot: FakeBot, count: int = 1) -> list[str]:
    """Wait until that many texts stand on the participant's screen; all that stand there."""
    until(
        lambda: channel.listen(wait_seconds=1) and len(channel.texts(bot.conversation_id)) >= count
    )
    return channel.texts(bot.conversation_id)

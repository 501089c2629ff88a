"""What a reader sees and does: one browser tab of the console, driven as a person would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

# A card is read before it is decided: the console ignores its keys for the first half second.
HAS_BEEN_READ = """() => {
  const card = document.querySelector('[data-card]')?.dataset.card ?? '';
  const known = (window.__seen ??= { card: null, at: 0 });
  if (known.card !== card) { known.card = card; known.at = performance.now(); }
  const app = document.querySelector('[data-testid="stApp"]');
  return performance.now() - known.at > 700 && !document.querySelector('.ov-desk[aria-busy]')
    && app?.dataset.testScriptState === 'notRunning';
}"""

AT_REST = """() => !document.querySelector('.ov-desk[aria-busy]')
    && document.querySelector('[data-testid="stApp"]')
    ?.dataset.testScriptState === 'notRunning'"""


@dataclass
class Screen:
    """One tab. ``troubles`` collects what the browser complained about."""

    page: Page
    console_url: str
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        # Streamlit asks for its own files beneath the page's address before it asks at the root.
        looked_beneath = "404" in message.text and "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not looked_beneath:
            self.troubles.append(f"{message.text} {message.location.get('url', '')}")

    def open(self, path: str = "/") -> Screen:
        """Load a page and wait until it is live."""
        self.page.goto(f"{self.console_url}{path}")
        return self

    def live(self) -> Screen:
        """Wait until news reach this tab."""
        expect(self.page.locator(".ov-pulse")).to_have_text("Live")
        return self

    @property
    def card(self) -> Locator:
        return self.page.locator("[data-card]")

    @property
    def card_id(self) -> str:
        return self.card.get_attribute("data-card") or ""

    @property
    def writing(self) -> Locator:
        """The text field of the open form."""
        return self.page.locator(".ov-form textarea")

    @property
    def form(self) -> Locator:
        return self.page.locator(".ov-form")

    @property
    def said(self) -> Locator:
        """The line that tells what became of the last decision."""
        return self.page.locator("p[role=status]")

    def shows_card_of(self, participant: str) -> Screen:
        """Wait for a participant's card, and for the reader to have seen it."""
        expect(self.page.locator("[data-card] .ov-who")).to_have_text(participant)
        return self.read()

    def judged(self, level: str = "0") -> Screen:
        """Give the reader's own level, by its key, where it is asked for first."""
        if self.button("Imminent").is_visible():
            self.press(level)
            expect(self.page.locator(".ov-model")).to_be_visible()
        return self

    def read(self) -> Screen:
        """Wait until what is on the screen has been there long enough to be read."""
        self.page.wait_for_function(HAS_BEEN_READ)
        return self

    def at_rest(self) -> Screen:
        """Wait until the page has drawn what was asked of it."""
        self.page.wait_for_function(AT_REST)
        return self

    def press(self, *keys: str) -> Screen:
        """Press keys, each when the page is at rest and its card was read."""
        for key in keys:
            self.read()
            self.page.keyboard.press(key)
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}\b"))

    def offered(self) -> set[str]:
        """The actions, such as ``approve``, that have a button on this card."""
        rows = self.page.locator(".ov-row[aria-label='What you can do'] button")
        return set(rows.evaluate_all("buttons => buttons.map(button => button.dataset.press)"))

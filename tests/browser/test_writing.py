"""What a reader writes: never taken for a key, never lost, never sent by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewBot, OpenConsole, shown_to
from tests.browser.system import System, until
from tests.fakes import FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "My sister visited and we cooked together."
DRAFT = "Cooking together can be a warm way to talk. What did you make?"
# Every letter that means something on a card is in here.
LETTERS = "save a lot, we mix sauce by luck 4 zebras"


def opened(open_console: OpenConsole, bot, who: str = "clinician"):
    return open_console(who).live().press("n").shows_card_of(bot.participant.id).judged()


@pytest.mark.parametrize(("key", "starts"), [("w", ""), ("e", DRAFT)])
def test_what_is_typed_right_after_the_key_lands_in_the_text_and_decides_nothing(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored, key: str, starts: str
) -> None:
    bot = new_bot("typing")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = opened(open_console, bot).press(key)
    screen.page.keyboard.type(LETTERS)
    expect(screen.writing).to_have_value(starts + LETTERS)
    expect(screen.writing).to_be_focused()
    assert not system.rows(
        "SELECT 1 FROM decisions d JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s",
        bot.conversation_id,
    )


def kept(system: System, words: str) -> bool:
    return bool(system.rows("SELECT 1 FROM working_texts WHERE text = %s", words))


def test_unfinished_wording_survives_a_dead_browser_and_a_colleague_can_read_it(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("unfinished")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    words = "I would like to hear more about " + "the long evening, " * 30
    screen = opened(open_console, bot).press("w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text(words)
    until(lambda: kept(system, words), seconds=5)  # two seconds, and a busy machine
    expect(screen.page.locator(".ov-saved")).to_have_text("Kept")

    screen.page.reload()
    screen.shows_card_of(bot.participant.id)
    screen.press("w")
    expect(screen.writing).to_have_value(words)

    screen.page.context.close()  # the browser is gone, and with it what renews the hold
    system.change("UPDATE claims SET expires_at = now() WHERE ended_at IS NULL")
    until(lambda: not system.rows("SELECT 1 FROM claims WHERE ended_at IS NULL"))
    colleague = open_console("clinician2").live().press("n")
    colleague.shows_card_of(bot.participant.id)
    began = colleague.page.get_by_text("Noa Lindqvist began an answer here")
    began.click()
    expect(colleague.page.locator(".ov-details .ov-words")).to_have_text(words.strip())
    expect(colleague.writing).to_be_hidden()
    assert kept(system, words)
    channel.listen()
    assert channel.texts(bot.conversation_id) == []


def test_escape_leaves_the_form_and_keeps_the_words(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("escape")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = opened(open_console, bot).press("w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text("Half a sentence")
    screen.page.keyboard.press("Escape")
    expect(screen.form).to_be_hidden()
    until(lambda: kept(system, "Half a sentence"), seconds=5)
    screen.press("w")
    expect(screen.writing).to_have_value("Half a sentence")


def test_a_form_that_cannot_be_sent_says_so_in_sight_and_goes_to_the_field(
    open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("incomplete")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = opened(open_console, bot).press("e")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text(" I am glad you told me. " * 40)
    screen.page.keyboard.press("Control+Enter")
    expect(screen.form.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(screen.form.get_by_role("checkbox").first).to_be_focused()
    screen.page.keyboard.press("Space")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.form).to_be_hidden()


def test_what_became_of_a_reply_is_in_sight_when_its_item_stays_open(
    open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("stays")
    bot.exchange("i am going to kill myself tonight", DRAFT)
    scored(bot)
    screen = open_console("clinician", size=(1024, 600)).live()
    screen.press("n").shows_card_of(bot.participant.id).press("4")
    expect(screen.page.locator(".ov-model")).to_be_visible()
    screen.press("w")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text("I am a person on the team. Please call 988 now.")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.form).to_be_hidden()
    expect(screen.card).to_be_visible()
    expect(screen.said).to_be_in_viewport(ratio=1)


def test_a_template_is_sent_only_when_its_blanks_are_filled(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("template", jurisdiction="US-NH")
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged().press("w")
    expect(screen.writing).to_be_focused()
    screen.page.get_by_label("Begin from a template").select_option(label="Wait explained")
    expect(screen.writing).to_have_value(re.compile(r"This is \{\{your_name\}\} from"))
    screen.page.keyboard.press("Control+Enter")
    expect(screen.form.get_by_role("alert")).to_contain_text("{{your_name}}")
    screen.page.keyboard.type("Noa")  # the blank is selected: typing fills it
    expect(screen.writing).to_have_value(re.compile("This is Noa from the study team"))
    screen.page.keyboard.press("Control+End")
    screen.page.keyboard.press("F8")
    expect(screen.writing).to_have_value(re.compile("call or text 988$"))
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Your own words released")
    assert shown_to(channel, bot)[0].startswith("This is Noa from the study team")


def test_words_are_kept_while_the_typing_goes_on(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    """At most two seconds after a key: waiting for a pause would keep nothing of a long letter."""
    bot = new_bot("typing")
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged().press("w")
    expect(screen.writing).to_be_focused()
    screen.page.evaluate(
        """() => { const area = document.querySelector('.ov-form textarea');
            window.__typing = setInterval(() => {
              area.value += 'a ';
              area.dispatchEvent(new Event('input', { bubbles: true }));
            }, 100); }"""
    )
    until(lambda: system.rows("SELECT 1 FROM working_texts WHERE text LIKE 'a a %%'"))
    assert screen.page.evaluate("window.__typing") is not None


def test_a_question_to_a_colleague_goes_to_nobody_else(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("asking")
    bot.exchange("We repainted the kitchen today.", "Which colour is it?")
    scored(bot)
    screen = open_console("clinician").live().press("n").shows_card_of(bot.participant.id)
    screen.judged()
    card = screen.card_id
    screen.press("q")
    expect(screen.writing).to_be_focused()
    screen.page.keyboard.insert_text("Do you know this kitchen?")
    screen.page.get_by_label("Whom?").select_option(index=1)
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Asked")
    expect(screen.page.get_by_text("Do you know this kitchen? — not answered yet")).to_be_visible()
    assert screen.card_id == card
    assert system.rows("SELECT 1 FROM questions WHERE text = 'Do you know this kitchen?'")
    assert not system.rows("SELECT 1 FROM working_texts")
    assert not channel.texts(bot.conversation_id)

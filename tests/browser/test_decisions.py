"""The five decisions and their neighbours by keyboard, and what the participant gets of each."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from db.session import Database, make_engine
from oversight.domain.permissions import Role, allowed_actions
from oversight.queries.triage import card
from tests.browser.conftest import NewBot, OpenConsole, shown_to
from tests.browser.screen import Screen
from tests.browser.system import System, until
from tests.fakes import FakeBot, FakeChannel

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "We repainted the kitchen today and it looks bright."
DRAFT = "A bright kitchen sounds cheerful. Which colour did you choose?"


def open_first(open_console: OpenConsole, bot: FakeBot, who: str = "clinician") -> Screen:
    """The next card on the screen, with the reader's own level given where it is asked for."""
    return open_console(who).live().press("n").shows_card_of(bot.participant.id).judged("1")


def status_of(system: System, bot: FakeBot) -> str:
    ((status,),) = system.rows(
        "SELECT i.status FROM review_items i JOIN conversations c ON c.id = i.conversation_id"
        " WHERE c.external_id = %s ORDER BY i.opened_at DESC LIMIT 1",
        bot.conversation_id,
    )
    return str(status)


def test_an_approved_reply_arrives_word_for_word_after_the_undo_window(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("approve")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("a")
    expect(screen.said).to_contain_text("Approved")
    expect(screen.said).to_contain_text(" in 0:0")
    assert shown_to(channel, bot) == [DRAFT]
    expect(screen.said).to_contain_text("arrived")
    expect(screen.button("Undo")).to_be_hidden()
    assert status_of(system, bot) == "closed"
    assert not screen.troubles


def test_an_edit_shows_what_changes_and_needs_a_flag_and_a_change(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("edit")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("e")
    expect(screen.writing).to_be_focused()
    expect(screen.writing).to_have_value(DRAFT)
    trouble = screen.page.get_by_role("alert").filter(has_text=".")
    screen.page.keyboard.press("Control+Enter")
    expect(trouble).to_contain_text("unchanged")
    screen.writing.fill(DRAFT.replace("cheerful", "lovely"))
    diff = screen.page.locator(".ov-diff")
    expect(diff.locator("del")).to_have_text(["cheerful"])
    expect(diff.locator("ins")).to_have_text(["lovely"])
    screen.page.keyboard.press("Control+Enter")
    expect(trouble).to_contain_text("what was wrong")
    assert not system.rows("SELECT 1 FROM decisions WHERE text LIKE %s", "%lovely%")
    screen.page.get_by_label("too long").focus()
    screen.page.keyboard.press("Space")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Edited reply released")
    assert shown_to(channel, bot) == [DRAFT.replace("cheerful", "lovely")]
    ((flags,),) = system.rows("SELECT flags FROM decisions WHERE text LIKE %s", "%lovely%")
    assert flags == ["F19"]


def test_a_withheld_reply_needs_a_reason_and_is_never_sent(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("withhold")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("x")
    expect(screen.form).to_be_visible()
    screen.page.keyboard.press("Control+Enter")
    expect(screen.page.get_by_role("alert").filter(has_text="reason")).to_be_visible()
    screen.page.keyboard.type("Not needed any more")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Withheld")
    assert status_of(system, bot) == "closed"
    channel.listen()
    assert channel.texts(bot.conversation_id) == []


def test_an_escalated_item_stays_open_held_and_calls_people(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("escalate")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("u")
    expect(screen.form).to_be_visible()
    screen.page.keyboard.type("Outside my experience")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Escalated")
    assert status_of(system, bot) in ("escalated", "claimed")
    called = system.rows(
        "SELECT 1 FROM pagings p JOIN escalations e ON e.id = p.escalation_id"
        " JOIN conversations c ON c.id = e.conversation_id WHERE c.external_id = %s",
        bot.conversation_id,
    )
    assert called
    assert not system.rows(
        "SELECT 1 FROM drafts d JOIN conversations c ON c.id = d.conversation_id"
        " WHERE c.external_id = %s AND d.status <> 'held'",
        bot.conversation_id,
    )


def test_a_message_without_a_draft_is_marked_as_read(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("read")
    bot.hear(SAID)
    scored(bot)
    screen = open_first(open_console, bot)
    expect(screen.button("Approve")).to_be_hidden()
    screen.press("m")
    expect(screen.said).to_contain_text("Marked as read")
    assert status_of(system, bot) == "closed"


def test_undo_within_the_window_sends_nothing_and_brings_the_card_back(
    system: System, open_console: OpenConsole, new_bot: NewBot, channel: FakeChannel, scored
) -> None:
    bot = new_bot("undo")
    bot.exchange(SAID, DRAFT)
    scored(bot)
    screen = open_first(open_console, bot)
    screen.press("a")
    expect(screen.button("Undo")).to_be_visible()
    screen.page.keyboard.press("z")
    expect(screen.said).to_contain_text("nothing was sent")
    screen.shows_card_of(bot.participant.id)
    expect(screen.page.locator(".ov-draft")).to_contain_text(DRAFT)
    ((status, handed),) = system.rows(
        "SELECT y.status, y.handed_out_at FROM deliveries y"
        " JOIN conversations c ON c.id = y.conversation_id WHERE c.external_id = %s",
        bot.conversation_id,
    )
    assert (status, handed) == ("recalled", None)
    channel.listen()
    assert channel.texts(bot.conversation_id) == []


def test_a_high_item_is_only_passed_on_to_somebody_by_name(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("skip")
    bot.exchange("i am going to kill myself soon, i have decided", DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("s")
    expect(screen.form).to_be_visible()
    screen.page.get_by_label("Reason").fill("I know this person")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.page.get_by_role("alert").filter(has_text="Name who takes")).to_be_visible()
    screen.page.locator(".ov-form select").select_option(label="Tomás Weber (on duty)")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Left to others")
    ((owner,),) = system.rows(
        "SELECT p.username FROM skips s JOIN clinicians p ON p.id = s.next_owner_id"
    )
    assert owner == "clinician2"


def test_a_level_is_lowered_by_a_person_with_a_reason(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored
) -> None:
    bot = new_bot("lower")
    bot.exchange("i am going to kill myself soon, i have decided", DRAFT)
    scored(bot)
    screen = open_first(open_console, bot).press("l")
    expect(screen.form).to_be_visible()
    screen.page.locator(".ov-form select").select_option(label="Moderate")
    screen.page.get_by_label("Reason").fill("A line of a play they rehearse")
    screen.page.keyboard.press("Control+Enter")
    expect(screen.said).to_contain_text("Level lowered")
    expect(screen.card).to_contain_text("Moderate")
    ((to, reason),) = system.rows("SELECT to_severity, reason FROM level_changes")
    assert (to, reason) == ("L2", "A line of a play they rehearse")


@pytest.mark.parametrize("said", [SAID, "i am going to kill myself soon, i have decided"])
@pytest.mark.parametrize("draft", [DRAFT, None])
def test_the_buttons_are_the_actions_that_the_server_allows(
    system: System, open_console: OpenConsole, new_bot: NewBot, scored, said: str, draft: str | None
) -> None:
    bot = new_bot("offers")
    if draft is None:
        bot.hear(said)
    else:
        bot.exchange(said, draft)
    scored(bot)
    screen = open_first(open_console, bot)
    engine = make_engine(str(system.settings.database_url), pool_size=1)
    ((reader,),) = system.rows("SELECT id FROM clinicians WHERE username = 'clinician'")
    with Database(engine).reading() as session:
        item = uuid.UUID(screen.card_id.split(":")[0])
        view = card(session, item, reader).view
    engine.dispose()
    allowed = allowed_actions(view, clinician_id=str(reader), role=Role.CLINICIAN)
    until(lambda: screen.offered() == {action.value for action in allowed})

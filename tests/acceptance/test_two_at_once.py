"""CLINICAL.md §7, scenarios 6 and 7: a browser that dies, and two people who act at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from oversight.domain.errors import Refusal
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action
from oversight.queries.triage import card
from oversight.services import claiming, deciding
from oversight.services.wording import keep_wording
from tests.acceptance.house import House
from tests.worker.stand_ins import Quick

pytestmark = pytest.mark.slow

ROUNDS = 204
DRAFT = "A calm evening sounds good. What did you do?"
EDITED = "A calm evening sounds good to me. What did you do?"

Outcome = deciding.Result | Refusal


def test_scenario_6_unfinished_words_come_back_to_their_writer_and_are_never_sent_by_themselves(
    house: House,
) -> None:
    bot = house.bot("unfinished")
    bot.exchange("we had a calm evening", DRAFT)
    house.score()
    item = house.claim(bot, "noa")
    words = " ".join(f"word{number}" for number in range(120))
    with house.database.transaction() as session:
        keep_wording(session, item.id, house.people["noa"], words)
    house.live_through(130, step=65)  # the browser is gone: nobody renews the lease
    assert house.item(bot).status == "waiting"
    with house.database.transaction() as session:
        claiming.claim(session, item.id, house.people["tomas"])
    with house.database.reading() as session:
        colleague = card(session, item.id, house.people["tomas"])
        writer = card(session, item.id, house.people["noa"])
    assert colleague.others_wording == ("Noa", words)
    assert colleague.wording is None
    assert writer.wording == words
    house.live_through(600, step=300)
    assert words not in house.shown(bot)
    assert house.rows("SELECT 1 FROM decisions WHERE clinician_id IS NOT NULL") == []


def test_scenario_7_of_two_who_decide_at_once_one_wins_and_one_text_goes_out(house: House) -> None:
    bots = [house.bot(f"race-{number}") for number in range(ROUNDS)]
    for bot in bots:
        bot.exchange("we had a calm evening", DRAFT)
    house.score(Quick())
    races = (two_clinicians, two_tabs, two_clicks)
    with ThreadPoolExecutor(2) as pool:
        for number, bot in enumerate(bots):
            outcomes = at_once(pool, *races[number % 3](house, house.item(bot)))
            won = {one.decision_id for one in outcomes if isinstance(one, deciding.Result)}
            assert len(won) == 1, outcomes
            decided = house.rows(
                "SELECT d.id, d.text, y.text AS sent FROM decisions d"
                " LEFT JOIN deliveries y ON y.decision_id = d.id"
                " JOIN conversations c ON c.id = d.conversation_id"
                " WHERE c.external_id = :name AND d.clinician_id IS NOT NULL",
                name=bot.conversation_id,
            )
            assert [row.id for row in decided] == list(won)
            assert decided[0].sent == decided[0].text
    house.pass_time(6)
    for bot in bots:
        (sent,) = house.shown(bot)
        assert sent in (DRAFT, EDITED)


def two_clinicians(house: House, item: Any) -> list[Callable[[], Outcome]]:
    """Each opens the item and decides, one to approve and one to edit."""
    return [
        lambda: open_and_decide(house, item, "noa", Action.APPROVE, {}),
        lambda: open_and_decide(
            house, item, "tomas", Action.EDIT, {"text": EDITED, "flags": [Flag.F18]}
        ),
    ]


def two_tabs(house: House, item: Any) -> list[Callable[[], Outcome]]:
    """One clinician, two tabs, each with a form of its own."""
    with house.database.transaction() as session:
        claiming.claim(session, item.id, house.people["noa"])
    edited = {"text": EDITED, "flags": [Flag.F18]}
    return [
        lambda: attempt(house, house.request(item, "noa", Action.APPROVE)),
        lambda: attempt(house, house.request(item, "noa", Action.EDIT, **edited)),
    ]


def two_clicks(house: House, item: Any) -> list[Callable[[], Outcome]]:
    """The same button twice: the same decision id."""
    with house.database.transaction() as session:
        claiming.claim(session, item.id, house.people["noa"])
    request = house.request(item, "noa", Action.APPROVE, client_decision_id=uuid.uuid4())
    return [lambda: attempt(house, request), lambda: attempt(house, request)]


def open_and_decide(
    house: House, item: Any, who: str, action: Action, content: dict[str, Any]
) -> Outcome:
    try:
        with house.database.transaction() as session:
            claiming.claim(session, item.id, house.people[who])
    except Refusal:
        pass  # the other has it; somebody with an old page may try to decide all the same
    return attempt(house, house.request(item, who, action, **content))


def attempt(house: House, request: deciding.Request) -> Outcome:
    """Each attempt on a connection of its own, as two browsers would."""
    try:
        with house.database.transaction() as session:
            session.execute(text("SELECT 1"))
            return deciding.decide(session, request)
    except Refusal as refusal:
        return refusal


def at_once(
    pool: ThreadPoolExecutor, first: Callable[[], Outcome], second: Callable[[], Outcome]
) -> list[Outcome]:
    """Both in the same instant."""
    barrier = Barrier(2)

    def started(one: Callable[[], Outcome]) -> Outcome:
        barrier.wait(10)
        return one()

    return [future.result(30) for future in [pool.submit(started, one) for one in (first, second)]]

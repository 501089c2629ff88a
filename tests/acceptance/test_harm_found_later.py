"""CLINICAL.md §7, scenario 12: harm is found hours after a reply was delivered."""

from __future__ import annotations

import uuid

import pytest

from oversight.domain.flags import Flag
from oversight.domain.permissions import Action
from oversight.services.undoing import correct
from tests.acceptance.house import House

pytestmark = pytest.mark.slow

SAID = "my sister keeps asking whether i eat enough"
HARMFUL = "Tell her it is none of her business, and keep to your plan."
BACK = "Please do not follow what was sent here at noon. It was wrong, and I am sorry."
RIGHT = "I am Noa from the team. Your sister's question sounds kind. How have you been eating?"


def test_scenario_12_harm_found_four_hours_later_is_taken_back_and_put_right(house: House) -> None:
    bot = house.bot("later")
    bot.exchange(SAID, HARMFUL)
    house.score()
    item = house.claim(bot, "noa")
    house.decide(item, "noa", Action.APPROVE)
    house.live_through(6, step=6)
    assert house.shown(bot) == [HARMFUL]
    (sent,) = house.rows("SELECT id FROM deliveries")
    house.live_through(4 * 3600, step=1800)
    for retract, words in ((True, BACK), (False, RIGHT)):
        with house.database.transaction() as session:
            correct(
                session,
                sent.id,
                house.people["noa"],
                uuid.uuid4(),
                text=words,
                reason="it tells her to hide from her sister",
                retract=retract,
                flags=[Flag.F05],
            )
    assert house.shown(bot) == [HARMFUL, BACK, RIGHT]
    rows = house.rows("SELECT text, kind, status, corrects FROM deliveries ORDER BY queued_at")
    assert [(row.text, row.status) for row in rows[:1]] == [
        (HARMFUL, "delivered")
    ]  # kept as it was
    assert [row.corrects for row in rows] == [None, sent.id, sent.id]
    kinds = [row.kind for row in house.rows("SELECT kind FROM decisions ORDER BY id")]
    assert kinds == ["approve", "retract", "correct"]
    assert house.pages(bot), "what must never have been delivered calls people"

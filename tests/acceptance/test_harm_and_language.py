"""CLINICAL.md §7, scenarios 2, 8 and 9: harmful help, another language, many messages at once."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from oversight.domain.errors import NotPermitted
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity, at_least
from oversight.services import claiming
from oversight.services.escalating import acknowledge
from tests.acceptance.house import House
from tests.worker.stand_ins import Quick

pytestmark = pytest.mark.slow


def test_scenario_2_a_diet_for_an_underweight_participant_can_only_reach_them_rewritten(
    house: House,
) -> None:
    bot = house.bot("thin")
    house.client.put_participant(
        "thin",
        {"language": "en", "measures": [{"name": "BMI", "value": 17.4, "date": "2026-11-01"}]},
    )
    plan = "Sure! Eat 1000 calories a day: skip breakfast and keep a 500 calorie deficit."
    bot.exchange("help me get to 1000 kcal", plan)
    house.score()
    (draft,) = house.rows("SELECT grade, flags FROM drafts")
    assert (draft.grade, "F05" in draft.flags) == ("H3", True)
    item = house.claim(bot, "noa")
    with pytest.raises(NotPermitted):
        house.decide(item, "noa", Action.APPROVE)
    written = "Eating that little would not be safe for you. Can we talk about what is going on?"
    house.decide(item, "noa", Action.EDIT, text=written, flags=[Flag.F05])
    house.live_through(6, step=6)
    assert house.shown(bot) == [written]


def test_scenario_8_a_spanish_crisis_is_held_bridged_in_spanish_and_read_by_somebody_who_can(
    house: House,
) -> None:
    house.hire("noel", languages=("en",))
    house.hire("pilar", languages=("es",))
    said = "Ya no quiero vivir, tengo las pastillas aquí"
    bot = house.bot("ana", language="es", jurisdiction="ES")
    bot.exchange(said, "Lo siento mucho. ¿Quieres respirar conmigo?")
    house.score()
    item = house.item(bot)
    assert Severity(item.severity) is not Severity.L0
    assert at_least(Severity(item.severity), Severity.L3)
    assert item.language == "es"
    house.live_through(31, step=31)
    (bridge,) = house.shown(bot)
    assert "024" in bridge
    assert "persona del equipo" in bridge or "alguien del equipo" in bridge
    # A high item is offered to everyone; below that, only to those who read the language.
    with house.database.transaction() as session:
        claiming.claim(session, item.id, house.people["pilar"])


def test_a_spanish_item_without_danger_is_only_offered_to_somebody_who_reads_spanish(
    house: House,
) -> None:
    house.hire("noel", languages=("en",))
    house.hire("pilar", languages=("es",))
    bot = house.bot("luis", language="es")
    bot.exchange("Hoy cociné con mi abuela y comimos juntos.", "¡Qué bien! ¿Qué cocinaron?")
    house.score()
    with house.database.transaction() as session:
        assert claiming.claim_next(session, house.people["noel"]) is None
        assert claiming.claim_next(session, house.people["pilar"]) == house.item(bot).id


def test_scenario_9_forty_messages_in_a_minute_are_one_card_with_the_level_of_the_worst(
    house: House,
) -> None:
    bot = house.bot("forty")
    said = [f"and then we walked past house number {number}" for number in range(1, 41)]
    said[30] = "this is goodbye"
    for number, words in enumerate(said):
        if number % 8 == 0:
            bot.exchange(words, f"Tell me more about house {number}.")
        else:
            bot.hear(words)
    house.score(Quick())  # the phrase rules alone: the walk is harmless, the goodbye is not
    items = house.rows("SELECT * FROM review_items")
    assert len(items) == 1
    assert at_least(Severity(items[0].severity), Severity.L3)
    turns = house.rows("SELECT text, severity FROM messages ORDER BY sequence")
    assert [turn.text for turn in turns] == said
    worst = max(turns, key=lambda turn: Severity(turn.severity).rank)
    assert worst.text == said[30]
    assert len(house.rows("SELECT 1 FROM escalations")) == 1
    assert house.pages(bot) == [(0, "noa")]
    drafts = house.rows("SELECT status FROM drafts ORDER BY sequence")
    assert [draft.status for draft in drafts] == ["superseded"] * 4 + ["held"]


def test_another_imminent_message_after_an_acknowledgement_starts_the_ladder_anew(
    house: House,
) -> None:
    bot = house.bot("again")
    bot.hear("i took 30 pills just now and i am not telling anyone")
    house.score()
    (escalation,) = house.rows("SELECT id FROM escalations")
    with house.database.transaction() as session:
        at = session.scalar(text("SELECT oversight_now()"))
        acknowledge(session, escalation.id, house.people["noa"], now=at)
    called = len(house.pages(bot))
    bot.hear("i took the rest of the pills just now too")
    house.score()
    (status,) = house.rows("SELECT status, owner_id FROM escalations")
    assert (status.status, status.owner_id) == ("open", None)
    assert len(house.pages(bot)) > called

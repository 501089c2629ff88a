"""CLINICAL.md §7, scenarios 1, 5 and 10: somebody is in danger, and who is called."""

from __future__ import annotations

import pytest

from db.session import now
from oversight.domain.errors import StaleVersion
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role
from oversight.services import escalating
from tests.acceptance.house import House

pytestmark = pytest.mark.slow

SAID = "i took 30 of my sertraline 10 min ago. dont want anyone to know"
DRAFT = "That sounds hard. Want to try breathing?"


def test_scenario_1_an_overdose_at_night_is_imminent_at_once_and_people_are_called_at_once(
    house: House,
) -> None:
    bot = house.bot("night")
    bot.exchange(SAID, DRAFT)
    # Before any model has looked: the phrase rules at receipt have paged the primary already.
    assert house.item(bot).severity in ("L3", "L4")
    assert (0, "noa") in house.pages(bot)
    house.score()
    assert house.item(bot).severity == "L4"
    assert house.shown(bot) == []
    house.live_through(21, step=21)
    (bridge,) = house.shown(bot)
    assert bridge != DRAFT
    assert "AI" in bridge


def test_scenario_1_the_ladder_climbs_on_time_while_nobody_answers(house: House) -> None:
    bot = house.bot("ladder")
    bot.exchange(SAID, DRAFT)
    house.score()
    started = len(house.pages(bot))
    house.live_through(90, step=90)
    assert len(house.pages(bot)) == started
    house.live_through(35, step=35)
    assert {(1, "noa"), (1, "tomas")} <= set(house.pages(bot))
    house.live_through(180)
    assert (2, "imani") in house.pages(bot)
    house.live_through(300)
    assert (3, "greta") in house.pages(bot)
    house.live_through(300)
    assert (4, None) in house.pages(bot)
    assert house.events("escalation.not_covered") == 1
    before = len(house.pages(bot))
    house.live_through(600)
    assert len(house.pages(bot)) > before  # unowned, it pages for ever


def test_scenario_1_it_cannot_be_closed_before_somebody_owns_it(house: House) -> None:
    bot = house.bot("closing")
    bot.exchange(SAID, DRAFT)
    house.score()
    item = house.claim(bot, "noa")
    words = "This is Noa from the team. I am calling you now."
    answered = house.decide(item, "noa", Action.REPLACE, text=words)
    assert not answered.closed
    assert answered.still_open == ("nobody has taken the escalation yet",)
    (escalation,) = house.rows("SELECT id FROM escalations")
    with house.database.transaction() as session:
        escalating.acknowledge(session, escalation.id, house.people["noa"], now=now(session))
    read = house.decide(house.item(bot), "noa", Action.MARK_READ)
    assert read.closed
    assert house.shown(bot) == [words]


def test_an_acknowledgement_without_contact_stops_the_ladder_for_five_minutes_only(
    house: House,
) -> None:
    bot = house.bot("lapses")
    bot.exchange(SAID, DRAFT)
    house.score()
    (escalation,) = house.rows("SELECT id FROM escalations")
    with house.database.transaction() as session:
        escalating.acknowledge(session, escalation.id, house.people["noa"], now=now(session))
    called = len(house.pages(bot))
    house.live_through(290, step=290)
    assert len(house.pages(bot)) == called
    house.live_through(20, step=20)
    assert len(house.pages(bot)) > called


def test_scenario_5_with_nobody_on_call_the_ladder_still_climbs_and_the_gap_is_on_record(
    empty_house: House,
) -> None:
    house = empty_house
    house.hire("noa")
    house.hire("imani", Role.SUPERVISOR)
    house.hire("greta", Role.STUDY_LEAD)
    bot = house.bot("sunday")
    bot.exchange(SAID, DRAFT)
    house.score()
    assert house.pages(bot)[0] == (0, None)
    assert house.events("escalation.not_covered") == 1
    house.live_through(1000, step=100)
    called = {step: who for step, who in house.pages(bot) if who}
    assert called[2] == "imani"  # a standing role answers without a shift
    assert called[3] == "greta"
    assert house.shown(bot) != []  # the participant is not left without a word
    assert DRAFT not in house.shown(bot)


def test_scenario_10_a_reply_held_too_long_is_not_sent_unread_after_the_participant_wrote_again(
    house: House,
) -> None:
    bot = house.bot("late")
    bot.exchange("i feel so low i want to die", "Shall we list three good things?")
    house.score()
    item = house.claim(bot, "noa")
    house.live_through(130, step=65)
    (cover,) = house.shown(bot)
    assert "list three good things" not in cover
    with house.database.transaction() as session:
        house.reclaim(session, item, "noa")
    bot.hear("never mind, i already feel worse")
    with pytest.raises(StaleVersion):
        house.decide(item, "noa", Action.EDIT, text="Shall we list one?", flags=[Flag.F18])
    assert house.shown(bot) == [cover]

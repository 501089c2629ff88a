"""CLINICAL.md §7, scenarios 1, 5 and 15: the page, the gap that was announced, the withdrawal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.session import now
from oversight.domain.closure import FIELDS
from oversight.domain.contact import AttemptChannel, AttemptOutcome
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.forms import Answer, Asked, PlanState
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.pages import kept_pages
from oversight.queries.stops import lapses
from oversight.services import (
    answering,
    attempts,
    case_forms,
    case_records,
    escalating,
    follow_ups,
    rota,
)
from oversight.services.arms import put_in_force
from oversight.services.policies import default_document
from oversight.services.reaching import add_contact_method
from oversight.worker.channels.others import Inbox
from oversight.worker.pager import Pager
from tests.acceptance.house import PASSWORD, House
from tests.acceptance.test_imminent import DRAFT, SAID
from tests.fakes import FakeBot

pytestmark = pytest.mark.slow


def reachable(house: House, name: str) -> None:
    who = house.people[name]
    with house.database.transaction() as session:
        add_contact_method(session, who, who, channel=ChannelKind.INBOX, address="inbox")


def send_pages(house: House) -> None:
    pager = Pager(
        house.database,
        {ChannelKind.INBOX: Inbox(house.database)},
        base_url="https://console.example",
    )
    pager.look()
    assert pager.wait(20)


def escalation_of(house: House, bot: FakeBot) -> Any:
    return house.rows(
        "SELECT e.* FROM escalations e JOIN conversations c ON c.id = e.conversation_id"
        " WHERE c.external_id = :name",
        name=bot.conversation_id,
    )[0]


def test_scenario_1_the_page_its_link_and_a_case_that_closes_only_when_its_record_stands(
    house: House,
) -> None:
    with house.database.transaction() as session:
        document = default_document().model_copy(update={"closing_needs_record": True})
        put_in_force(session, study="Acceptance", arm="default", document=document)
    reachable(house, "noa")
    bot = house.bot("case")
    bot.exchange(SAID, DRAFT)
    send_pages(house)
    with house.database.reading() as session:
        page = kept_pages(session)[0]
    assert page.person == "Noa"
    assert not [word for word in SAID.split() if len(word) > 4 and word in page.body]
    token = page.body.split("/page/")[1].split()[0]
    house.score()
    noa = house.people["noa"]
    with house.database.transaction() as session:
        one = escalation_of(house, bot)
        if one.severity == "L4" and page.subject.find("L4") < 0:  # raised since: the older link
            escalating.acknowledge(session, one.id, noa, now=now(session))
        else:
            answering.confirm(session, token, now=now(session))
    one = escalation_of(house, bot)
    assert one.owner_id == noa
    item = house.claim(bot, "noa")
    house.decide(item, "noa", Action.REPLACE, text="This is Noa. I am calling you now.")
    with house.database.transaction() as session:
        record = case_records.open_record(session, one.id)
        version = record.version
        at = now(session)
        with pytest.raises(Incomplete):
            escalating.resolve(session, one.id, noa, resolution="is safe", now=at)
        with pytest.raises(Incomplete, match="still missing"):
            case_records.sign_and_close(
                session, one.id, noa, password=PASSWORD, version=version, now=at
            )
    with house.database.transaction() as session:
        at = now(session)
        attempts.record_attempt(
            session,
            one.id,
            noa,
            channel=AttemptChannel.CALL,
            outcome=AttemptOutcome.SPOKE,
            now=at,
        )
        screener = {number: Answer(Asked.NOT_ASKED, because="ambulance") for number in range(1, 7)}
        case_forms.fill_screener(session, one.id, noa, screener, now=at)
        case_forms.fill_safety_plan(
            session, one.id, noa, state=PlanState.EXISTING, steps={}, now=at
        )
        case_forms.assess_adverse_event(
            session,
            one.id,
            noa,
            serious=True,
            life_threatening=True,
            related=False,
            expected=False,
            now=at,
        )
        follow_ups.plan_follow_ups(session, one.id, noa, noa)
        version = case_records.save_record(
            session,
            one.id,
            noa,
            fields=dict.fromkeys([*FIELDS, "level_differs_because"], "as on the telephone"),
            assigned=Severity.L4,
            version=version,
        )
        case_records.sign_and_close(
            session, one.id, noa, password=PASSWORD, version=version, now=at
        )
        case_records.cosign(session, one.id, house.people["imani"], password=PASSWORD, now=at)
    assert escalation_of(house, bot).status == "resolved"


def test_scenario_5_a_gap_is_announced_two_days_ahead_and_named_in_the_report(
    empty_house: House,
) -> None:
    house = empty_house
    for name, role in (
        ("noa", Role.CLINICIAN),
        ("imani", Role.SUPERVISOR),
        ("greta", Role.STUDY_LEAD),
    ):
        house.hire(name, role)
        reachable(house, name)
    began = house.now()
    hour = timedelta(hours=1)
    with house.database.transaction() as session:
        greta = house.people["greta"]
        team = rota.create_team(session, greta, name="North", timezone="Europe/Berlin")
        for start, end in ((-1, 50), (54, 200)):  # nobody from hour 50 to hour 54
            rota.plan_shift(
                session,
                greta,
                team,
                house.people["noa"],
                position=ShiftPosition.PRIMARY,
                starts_at=began + start * hour,
                ends_at=began + end * hour,
            )
    with house.owner.begin() as connection:
        connection.execute(text("UPDATE contact_methods SET verified_at = now()"))

    def announced() -> list[int]:
        return [
            row.hours_ahead
            for row in house.rows("SELECT hours_ahead FROM gap_notices ORDER BY announced_at")
        ]

    house.tick()
    assert announced() == []
    house.live_through(2.1 * 3600, step=2.1 * 3600)
    assert announced() == [48]
    house.live_through(24 * 3600, step=24 * 3600)
    assert announced() == [48, 24]
    house.live_through(22.1 * 3600, step=22.1 * 3600)
    assert announced() == [48, 24, 2]
    house.live_through(2.8 * 3600, step=2.8 * 3600)  # an hour into the gap
    assert house.events("coverage.lost") == 1
    bot = house.bot("sunday")
    bot.exchange(SAID, DRAFT)
    house.score()
    assert house.pages(bot)[0] == (0, None)
    assert house.events("escalation.not_covered") >= 1
    house.live_through(1000, step=100)
    called = {step: who for step, who in house.pages(bot) if who}
    assert (called[2], called[3]) == ("imani", "greta")
    assert DRAFT not in house.shown(bot)
    with house.database.reading() as session:
        (line,) = lapses(session, began, now(session))
    assert (line.team, line.reason) == ("North", "nobody")


def test_scenario_15_withdrawal_stops_the_bot_and_leaves_open_risk_to_people(
    house: House,
) -> None:
    bot = house.bot("leaves")
    bot.exchange(SAID, DRAFT)
    house.score()
    house.client.put_participant("leaves", {"consent": {"withdrawn_at": "2026-03-01"}})
    one = escalation_of(house, bot)
    assert one.status == "open"
    item = house.claim(bot, "noa")
    with pytest.raises(NotPermitted):
        house.decide(item, "noa", Action.EDIT, text="softer words", flags=["F01"])
    house.decide(item, "noa", Action.REPLACE, text="This is Noa. I am here for you.")
    assert house.shown(bot)[-1] == "This is Noa. I am here for you."
    calls = len(house.pages(bot))
    house.live_through(125, step=125)
    assert len(house.pages(bot)) > calls, "people are still called"


def test_scenario_15_for_the_illinois_participant_the_bots_words_are_never_offered(
    house: House,
) -> None:
    bot = house.bot("illinois", jurisdiction="US-IL")
    bot.exchange("i slept well today", "Good to hear.")
    house.score()
    item = house.claim(bot, "noa")
    for action in (Action.APPROVE, Action.EDIT):
        with pytest.raises(NotPermitted):
            house.decide(item, "noa", action, text="words", flags=["F18"])


def test_readyz_says_who_and_what_is_missing(empty_house: House) -> None:
    house = empty_house
    house.tick()
    told = house.client._http.get("/readyz").json()
    assert (told["on_call"], told["clock"], told["pager"]) == ("nobody", "ok", "silent")

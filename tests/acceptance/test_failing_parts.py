"""CLINICAL.md §7, scenarios 3, 4 and 11: the classifier, the database and the clocks misbehave."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifiers.protocol import Classifier
from db.migrate import upgrade
from db.session import Database, make_engine
from oversight.client import GatewayClient, Participant, Unavailable
from oversight.embedded import postgres
from oversight.embedded.throwaway import end, start, throwaway_folder
from oversight.services import claiming
from oversight.services.keys import create_key
from oversight.settings import Settings
from tests.acceptance.house import House, until
from tests.fakes import FakeBot
from tests.gateway.conftest import served
from tests.worker.stand_ins import NotANumber, OutOfRange, Raising

pytestmark = pytest.mark.slow


def test_scenario_3_while_the_classifier_is_down_nothing_counts_as_harmless_and_nobody_is_missed(
    house: House,
) -> None:
    everyday = [house.bot(f"day-{number}") for number in range(59)]
    for number, bot in enumerate(everyday):
        bot.exchange(f"lunch number {number} was fine", "Good to hear. What did you have?")
        if number == 30:
            crisis = house.bot("tonight")
            crisis.exchange("kms tonight", "Tell me about your evening.")
        if number % 20 == 19:
            house.score((Raising(), NotANumber(), OutOfRange())[number // 20])
    house.score(OutOfRange())
    levels = house.rows("SELECT severity, count(*) AS n FROM messages GROUP BY 1 ORDER BY 1")
    assert {row.severity: row.n for row in levels} == {"L3": 1, "LU": 59}
    assert house.item(crisis).severity == "L3"
    assert house.pages(crisis) == [(0, "noa")]
    assert all(house.pages(bot) == [] for bot in everyday)
    assert house.rows("SELECT 1 FROM drafts WHERE status <> 'held'") == []
    with house.database.transaction() as session:
        assert claiming.claim_next(session, house.people["noa"]) == house.item(crisis).id
    # It works again: texts are scored anew, which may raise a level and never lowers one.
    house.pass_time(61)
    house.tick()
    house.score()
    assert house.item(crisis).severity in ("L3", "L4")
    assert len(house.rows("SELECT 1 FROM messages WHERE severity = 'LU'")) == 59
    assert len(house.rows("SELECT 1 FROM messages WHERE scoring = 'scored'")) == 60
    assert len(house.rows("SELECT 1 FROM messages")) == 60


@pytest.fixture
def fragile(
    settings: Settings, classifier: Classifier
) -> Iterator[tuple[Settings, postgres.PostgresFolders, list]]:
    """A database server of this test's own, which can be stopped."""
    with throwaway_folder() as folder:
        folders = postgres.PostgresFolders(folder / "data", Path(folder / "s"))
        server = [start(postgres.prepare(folders))]
        postgres.wait_until_ready(folders, server[0])
        postgres.create_database(folders, "oversight")
        url = folders.url("oversight")
        upgrade(url)
        yield replace(settings, database_url=url, rate_per_second=1e6), folders, server
        end(server[0], stop=signal.SIGQUIT)


@pytest.mark.faults
def test_scenario_4_while_the_record_is_away_the_bot_is_told_so_and_afterwards_all_is_there_once(
    fragile: tuple[Settings, postgres.PostgresFolders, list],
) -> None:
    settings, folders, server = fragile
    engine = make_engine(str(settings.database_url))
    with Database(engine).transaction() as session:
        key = create_key(session, study="Acceptance", label="test")
    with (
        served(settings) as url,
        GatewayClient(url, key, give_up_after_seconds=1) as client,
        GatewayClient(url, key, give_up_after_seconds=60) as patient,
    ):
        person = Participant("away", language="en")
        FakeBot(client, person, "c-away").exchange("the first line", "Go on.")
        end(server[0], stop=signal.SIGQUIT)
        wrote_at = datetime.now(UTC)
        bot = FakeBot(client, person, "c-away", messages_sent=1, replies_sent=1)
        with pytest.raises(Unavailable) as told:
            bot.hear("i took all my pills just now", sent_at=wrote_at)
        assert told.value.status in (0, 503)
        server[0] = start(postgres.prepare(folders))
        postgres.wait_until_ready(folders, server[0])
        again = FakeBot(patient, person, "c-away", messages_sent=1, replies_sent=1)
        again.hear("i took all my pills just now", sent_at=wrote_at)
        again.hear("are you there")
        repeated = FakeBot(patient, person, "c-away", messages_sent=1)
        assert repeated.hear("i took all my pills just now", sent_at=wrote_at).repeated
    engine.dispose()
    with folders.connect("oversight") as connection:
        rows = connection.execute(
            "SELECT text, sent_at, received_at FROM messages ORDER BY sequence"
        ).fetchall()
        pages = connection.execute("SELECT count(*) FROM pagings").fetchone()
    assert [row[0] for row in rows] == [
        "the first line",
        "i took all my pills just now",
        "are you there",
    ]
    assert rows[1][1] == wrote_at  # the sender's own time, kept beside our receipt
    assert rows[1][2] > wrote_at
    assert pages is not None
    assert pages[0] >= 1


@pytest.mark.parametrize("skew", [timedelta(minutes=9), timedelta(minutes=-15)])
def test_scenario_11_a_senders_wrong_clock_is_kept_and_moves_no_deadline(
    house: House, skew: timedelta
) -> None:
    bot, other = house.bot("skewed"), house.bot("straight")
    sent_at = datetime.now(UTC) + skew
    bot.hear("we talked for a while", sent_at=sent_at)
    other.hear("we talked for a while")
    house.score()
    (message,) = house.rows("SELECT sent_at, received_at FROM messages WHERE sent_at IS NOT NULL")
    assert message.sent_at == sent_at
    assert abs(message.received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert abs(house.item(bot).deadline_at - house.item(other).deadline_at) < timedelta(seconds=30)
    assert house.item(bot).deadline_at > house.item(bot).opened_at


def test_scenario_11_durations_over_the_night_the_clocks_go_back_are_never_negative(
    house: House,
) -> None:
    bot = house.bot("autumn", timezone="Europe/Berlin")
    # 2027-10-31 at 00:50 UTC it is 02:50 in Berlin for the first time, an hour later again.
    target = datetime(2027, 10, 31, 0, 50, tzinfo=UTC)
    house.pass_time((target - house.now()).total_seconds())
    first = bot.hear("i cannot sleep")
    house.pass_time(3600)
    second = bot.hear("still awake")
    between = datetime.fromisoformat(second.received_at) - datetime.fromisoformat(first.received_at)
    assert timedelta(minutes=60) <= between < timedelta(minutes=62)
    waits = house.rows("SELECT deadline_at - opened_at AS left FROM review_items")
    assert all(row.left > timedelta(0) for row in waits)
    until(lambda: len(house.rows("SELECT 1 FROM messages")) == 2)

"""The courier rings when a text falls due, once, and loses sight of what nobody confirmed."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text, update

from db.session import Database, Topic
from db.tables import Delivery, Paging, table_of
from oversight.services.delivering import hand_out
from oversight.worker.courier import Courier
from oversight.worker.listening import LONGEST_WAIT_SECONDS
from tests.worker.conftest import HeardBell
from tests.worker.talk import Talk, clinician_on_duty
from tests.worker.test_clock import CRISIS, pass_time, score_all


def in_two_seconds(database: Database) -> None:
    """As after a clinician's release: the text waits behind an undo window."""
    with database.transaction() as session:
        session.execute(
            update(table_of(Delivery)).values(
                not_before=text("oversight_now() + interval '2 seconds'")
            )
        )


def live(bell: HeardBell) -> int:
    found = sum(one.topic is Topic.LIVE for one in bell.rings)
    bell.rings.clear()
    return found


@pytest.fixture
def released(database: Database, talk: Talk, bell: HeardBell) -> None:
    talk.say("slept well", arm="b", reply="Good morning.")
    score_all(database)
    in_two_seconds(database)
    bell.rings.clear()


@pytest.mark.usefixtures("released")
def test_waiting_bots_are_woken_when_the_undo_window_ends_and_not_before(
    database: Database, bell: HeardBell, owner_engine: Engine
) -> None:
    courier = Courier(database)
    wait_seconds = courier.look()
    assert live(bell) == 0
    assert 0 < wait_seconds <= 2, "it comes back for the end of the window"
    pass_time(owner_engine, database, 2.1)
    assert courier.look() == LONGEST_WAIT_SECONDS
    assert live(bell) == 1


@pytest.mark.usefixtures("released")
def test_a_text_is_rung_for_once(database: Database, bell: HeardBell, owner_engine: Engine) -> None:
    courier = Courier(database)
    pass_time(owner_engine, database, 2.1)
    courier.look()
    bell.rings.clear()
    courier.look()
    assert live(bell) == 0


@pytest.mark.usefixtures("released")
def test_after_a_restart_everything_due_is_rung_for_again(
    database: Database, bell: HeardBell, owner_engine: Engine
) -> None:
    pass_time(owner_engine, database, 3600)
    Courier(database).look()
    assert live(bell) == 1


def test_a_text_without_receipt_becomes_uncertain(
    database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say("slept well", arm="b", reply="Good morning.")
    score_all(database)
    with database.transaction() as session:
        hand_out(session, talk.study_id)
    pass_time(owner_engine, database, timedelta(seconds=61).total_seconds())
    Courier(database).look()
    with database.reading() as session:
        assert session.scalars(select(Delivery.status)).all() == ["uncertain"]


def test_each_page_is_logged_once_by_its_ids(
    database: Database, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    with database.transaction() as session:
        clinician_on_duty(session)
    talk.say(CRISIS)
    courier = Courier(database)
    with caplog.at_level(logging.INFO, logger="oversight"):
        courier.look()
        courier.look()
    pages = [record for record in caplog.records if record.getMessage() == "page"]
    assert len(pages) == 1
    with database.reading() as session:
        paging_id = session.scalars(select(Paging.id)).one()
    assert pages[0].oversight_facts["paging_id"] == paging_id  # type: ignore[attr-defined]
    assert CRISIS not in caplog.text

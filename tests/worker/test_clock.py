"""What time alone makes due, each in transactions of its own, by one clock at a time."""

from __future__ import annotations

import threading
import uuid

import pytest
from sqlalchemy import Engine, func, select, text

from db.session import Database, Topic
from db.tables import Claim, Decision, Delivery, Paging, ReviewItem, ScoringWork
from oversight.services.claiming import claim_next
from oversight.services.delivering import hand_out
from oversight.services.scoring import take
from oversight.worker import clock as clock_module
from oversight.worker.assessing import Assessor
from oversight.worker.clock import Chair, Clock
from oversight.worker.draining import Drain
from tests.worker import stand_ins
from tests.worker.conftest import HeardBell, wait_until
from tests.worker.talk import Talk, clinician_on_duty, harmless

CRISIS = "i want to kill myself tonight"


@pytest.fixture
def clock(database: Database) -> Clock:
    return Clock(database, stopping=threading.Event())


def score_all(database: Database) -> None:
    stopping = threading.Event()
    Drain(database, Assessor(stand_ins.Quick(), stopping=stopping), stopping=stopping).drain()


def pass_time(owner_engine: Engine, database: Database, seconds: float) -> None:
    """Move this database's clock: every deadline in it now lies that much nearer."""
    with owner_engine.connect() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(
            text(f"ALTER DATABASE {name} SET oversight.clock_offset = '{seconds} seconds'")
        )
        connection.commit()
    assert isinstance(database.bind, Engine)
    database.bind.dispose()


def count(database: Database, model: type[Delivery] | type[Paging]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_an_unscored_message_of_an_automatic_arm_is_put_up_after_five_seconds(
    clock: Clock, database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say("slept well", arm="b", reply="Good morning.")
    clock.tick()
    with database.reading() as session:
        assert session.scalars(select(ReviewItem.severity)).all() == []
    pass_time(owner_engine, database, 6)
    clock.tick()
    clock.tick()
    with database.reading() as session:
        assert session.scalars(select(ReviewItem.severity)).all() == ["LU"]


def test_a_hold_is_covered_at_the_clock_of_its_level_and_once(
    clock: Clock, database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say(CRISIS, reply="That sounds hard.")
    score_all(database)
    clock.tick()
    assert count(database, Delivery) == 0
    pass_time(owner_engine, database, 31)
    for _ in range(3):
        clock.tick()
    with database.reading() as session:
        sent = session.execute(select(Delivery.kind, Delivery.decision_id)).all()
        decided = session.execute(select(Decision.kind, Decision.clinician_id)).all()
    assert [one.kind for one in sent] == ["bridge"]
    assert [tuple(one) for one in decided] == [("bridge", None)]


def test_in_a_flood_the_gravest_hold_is_covered_first(
    clock: Clock,
    database: Database,
    talk: Talk,
    owner_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk.say(*harmless(20))
    talk.say(CRISIS)
    pass_time(owner_engine, database, 130)  # everything is overdue, the harmless ones for longer
    monkeypatch.setattr(clock_module, "BRIDGES_SECONDS", 0.0)  # time for one only
    clock.tick()
    with database.reading() as session:
        covered = session.scalars(
            select(ReviewItem.severity)
            .join(Delivery, Delivery.conversation_id == ReviewItem.conversation_id)
            .where(Delivery.kind.in_(["bridge", "note"]))
        ).all()
    assert covered == ["L3"]


def test_an_unowned_escalation_is_paged_again(
    clock: Clock, database: Database, talk: Talk, owner_engine: Engine
) -> None:
    with database.transaction() as session:
        clinician_on_duty(session)
    talk.say(CRISIS)
    score_all(database)
    assert count(database, Paging) == 1
    pass_time(owner_engine, database, 15 * 60 + 1)
    clock.tick()
    assert count(database, Paging) > 1


def test_a_reader_who_went_away_no_longer_holds_the_item(
    clock: Clock, database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say("toast")
    with database.transaction() as session:
        person = clinician_on_duty(session)
    with database.transaction() as session:
        assert claim_next(session, person) is not None
    clock.tick()
    assert live_claims(database) == 1
    pass_time(owner_engine, database, 121)
    clock.tick()
    assert live_claims(database) == 0


def live_claims(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(Claim.id).where(Claim.ended_at.is_(None))).all())


def test_a_text_without_receipt_becomes_uncertain(
    clock: Clock, database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say("slept well", arm="b", reply="Good morning.")
    score_all(database)
    with database.transaction() as session:
        assert hand_out(session, talk.study_id) == 1
    pass_time(owner_engine, database, 61)
    clock.tick()
    with database.reading() as session:
        assert session.scalars(select(Delivery.status)).all() == ["uncertain"]


def fail_all(database: Database) -> None:
    stopping = threading.Event()
    Drain(database, Assessor(stand_ins.Raising(), stopping=stopping), stopping=stopping).drain()


def tick_anew(database: Database) -> None:
    Clock(database, stopping=threading.Event()).tick()


def test_texts_that_failed_are_tried_again_after_a_minute_then_two_then_four(
    database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say("slept well", reply="Good morning.")
    passed = 0
    for minutes in (1, 2, 4):
        fail_all(database)
        pass_time(owner_engine, database, passed + 60 * minutes - 30)
        tick_anew(database)
        assert waiting(database) == 0, "too soon"
        passed += 60 * minutes + 1
        pass_time(owner_engine, database, passed)
        tick_anew(database)
        assert waiting(database) == 2


def test_a_text_that_failed_is_as_urgent_the_second_time(
    database: Database, talk: Talk, owner_engine: Engine
) -> None:
    talk.say(CRISIS)
    fail_all(database)
    pass_time(owner_engine, database, 61)
    tick_anew(database)
    with database.transaction() as session:
        (task,) = take(session, limit=10)
    assert task.urgent


def waiting(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ScoringWork)) or 0


def test_work_that_no_ring_announced_is_rung_for(
    clock: Clock, database: Database, talk: Talk, bell: HeardBell, owner_engine: Engine
) -> None:
    talk.say("toast")
    pass_time(owner_engine, database, 3)
    bell.rings.clear()
    clock.tick()
    assert Topic.SCORE in {one.topic for one in bell.rings}


def test_work_that_a_scorer_holds_is_not_rung_for(
    clock: Clock, database: Database, talk: Talk, bell: HeardBell, owner_engine: Engine
) -> None:
    talk.say("toast")
    pass_time(owner_engine, database, 3)
    with database.transaction() as session:
        take(session, limit=10)
    bell.rings.clear()
    clock.tick()
    assert Topic.SCORE not in {one.topic for one in bell.rings}


def test_a_task_that_fails_never_stops_the_others(
    database: Database,
    talk: Talk,
    owner_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("broken")

    for name in ("climb_due", "put_up_late", "lose_sight"):
        monkeypatch.setattr(clock_module, name, broken)
    talk.say(CRISIS)
    score_all(database)
    pass_time(owner_engine, database, 31)
    Clock(database, stopping=threading.Event()).tick()
    assert count(database, Delivery) == 1, "the bridge went out all the same"


def test_a_bridge_that_fails_never_stops_the_next(
    database: Database,
    talk: Talk,
    owner_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk.say(CRISIS, f"{CRISIS} again")
    score_all(database)
    pass_time(owner_engine, database, 31)
    whole, tried = clock_module.bridge, []

    def first_breaks(session: object, **options: uuid.UUID) -> bool:
        tried.append(options["item_id"])
        if len(tried) == 1:
            raise RuntimeError("broken")
        return whole(session, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(clock_module, "bridge", first_breaks)
    Clock(database, stopping=threading.Event()).tick()
    assert len(tried) == 2
    assert count(database, Delivery) == 1


def test_only_one_clock_works_and_another_takes_over(engine: Engine) -> None:
    first, second = Chair(engine), Chair(engine)
    assert first.taken()
    assert first.taken(), "and keeps working"
    assert not second.taken()
    first.leave()
    assert second.taken()
    assert not first.taken()
    second.leave()


def test_a_clock_whose_session_is_gone_no_longer_works(
    engine: Engine, owner_engine: Engine
) -> None:
    first, second = Chair(engine), Chair(engine)
    assert first.taken()
    with owner_engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    assert not first.taken()
    wait_until(second.taken)
    assert not first.taken()
    second.leave()

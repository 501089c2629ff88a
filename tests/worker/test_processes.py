"""Real worker processes on real PostgreSQL and Valkey: rung, orphaned, killed and asked to stop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, func, select

from classifiers.encoder import MODELS
from classifiers.load import model_facts
from db.session import Database, make_engine
from db.tables import Clinician, Delivery, Evidence, Message, RiskAssessment, ScoringWork
from oversight.bell import SCORER_ALIVE, Bell
from oversight.domain.permissions import Role
from oversight.services import models
from oversight.services.models import NamedModel
from oversight.services.people import create_person
from tests.worker.conftest import stopped_within, wait_until, worker_process
from tests.worker.stand_ins import POISON
from tests.worker.talk import PASSWORD, Talk, harmless

pytestmark = pytest.mark.slow

STOP_SECONDS = 4
"""The supervisor has promised that all of them are gone in under five."""

ASKED_EVERY_SECONDS = 5
"""So often a scorer looks whether another classifier was promoted."""

REAL_SCORER = ["oversight", "scorer"]


def stand_in(name: str) -> list[str]:
    return ["tests.worker.stand_ins", name]


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "OVERSIGHT_VAR": str(tmp_path / "var"),
        "OVERSIGHT_DEMO": "0",
        "FAILS_WHILE": str(tmp_path / "fails"),
    }


@pytest.fixture
def ringing(database_url: str, redis_url: str) -> Iterator[Database]:
    """The record with a real bell, as a gateway has it."""
    bell = Bell(database_url=database_url, redis_url=redis_url)
    engine = make_engine(database_url)
    yield Database(engine, bell=bell)
    bell.close()
    engine.dispose()


def alive(redis_url: str) -> bool:
    with redis.Redis.from_url(redis_url) as client:
        return bool(client.exists(SCORER_ALIVE))


def promoted_copy(database: Database, folder: Path) -> str:
    """The shipped model under another version, promoted by a study lead; the version."""
    for name in ("heads.npz", "tokenizer.json", "encoder.onnx"):
        shutil.copy(MODELS / name, folder / name)
    content = json.loads((MODELS / "manifest.json").read_text()) | {"version": "promoted-2"}
    (folder / "manifest.json").write_text(json.dumps(content))
    facts = model_facts(folder)
    with database.transaction() as session:
        lead = create_person(
            session, username="lea", name="Lea", role=Role.STUDY_LEAD, password=PASSWORD
        )
        named = NamedModel(facts.version, str(folder), facts.digest, None, facts.thresholds)
        models.put_in_shadow(session, named, by=lead)
        models.promote(session, facts.version, by=lead)
    return facts.version


def unscored(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ScoringWork)) or 0


def scorings(database: Database) -> dict[str, tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(Message.text, Message.scoring, Message.severity))
        return {row.text: (row.scoring, row.severity) for row in rows}


def test_the_real_scorer_scores_what_a_bell_announces(
    environment: dict[str, str], ringing: Database
) -> None:
    talk = Talk.begin(ringing)
    with worker_process(REAL_SCORER, environment) as scorer:
        wait_until(lambda: alive(environment["REDIS_URL"]))
        talk.say("i want to kill myself tonight", "slept well and had toast")
        wait_until(lambda: unscored(ringing) == 0)
        found = scorings(ringing)
        assert found["slept well and had toast"] == ("scored", "L0")
        assert found["i want to kill myself tonight"][1] in ("L3", "L4")
        assert stopped_within(scorer, STOP_SECONDS)


def test_what_waited_before_the_start_is_scored_without_a_ring(
    environment: dict[str, str], database: Database
) -> None:
    Talk.begin(database).say(*harmless(3))
    with worker_process(stand_in("quick"), environment):
        wait_until(lambda: unscored(database) == 0)


def test_without_valkey_scoring_goes_on_by_looking(
    environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    talk = Talk.begin(database)
    nobody = environment | {"REDIS_URL": f"unix://{tmp_path}/nobody.sock"}
    with worker_process(stand_in("quick"), nobody) as scorer:
        for text in harmless(3):  # not just the sweep at the start: one after the other
            talk.say(text)
            wait_until(lambda: unscored(database) == 0)
        assert stopped_within(scorer, STOP_SECONDS)


def test_a_flushed_valkey_costs_seconds_and_no_message(
    environment: dict[str, str], ringing: Database
) -> None:
    talk = Talk.begin(ringing)
    with (
        worker_process(stand_in("quick"), environment),
        redis.Redis.from_url(environment["REDIS_URL"]) as client,
    ):
        wait_until(lambda: alive(environment["REDIS_URL"]))
        for text in harmless(5):
            talk.say(text)
            client.flushall()
        wait_until(lambda: unscored(ringing) == 0)


def test_a_hanging_classifier_is_recorded_and_its_process_ends(
    environment: dict[str, str], database: Database
) -> None:
    talk = Talk.begin(database)
    talk.say(POISON, "kms tonight")
    with worker_process(stand_in("hangs-on-poison"), environment) as scorer:
        assert scorer.wait(60) == 70, "so that the supervisor starts another"
    found = scorings(database)
    assert found[POISON] == ("failed", "LU")
    assert found["kms tonight"][1] == "L3"
    talk.say("toast")
    with worker_process(stand_in("hangs-on-poison"), environment):
        wait_until(lambda: scorings(database)["toast"] == ("scored", "L0"))


def test_a_text_that_kills_its_scorer_ends_with_a_person(
    environment: dict[str, str], database: Database, engine: Engine
) -> None:
    Talk.begin(database).say(POISON)

    def die_and_wait_out_the_lease() -> None:
        with worker_process(stand_in("dies-on-poison"), environment) as scorer:
            assert scorer.wait(60) == 11
        with engine.begin() as connection:
            connection.execute(ScoringWork.__table__.update().values(leased_until=None))

    for _ in range(3):
        die_and_wait_out_the_lease()
    with worker_process(stand_in("dies-on-poison"), environment):
        wait_until(lambda: scorings(database)[POISON] == ("failed", "LU"))


def test_a_scorer_whose_classifier_fails_is_not_alive_until_it_recovers(
    environment: dict[str, str], ringing: Database
) -> None:
    broken = Path(environment["FAILS_WHILE"])
    talk = Talk.begin(ringing)
    with worker_process(stand_in("fails-while"), environment):
        wait_until(lambda: alive(environment["REDIS_URL"]))
        broken.touch()
        talk.say("toast")
        wait_until(lambda: scorings(ringing)["toast"] == ("failed", "LU"))
        wait_until(lambda: not alive(environment["REDIS_URL"]))
        broken.unlink()
        wait_until(lambda: alive(environment["REDIS_URL"]))


@pytest.mark.parametrize(
    "arguments", [["oversight", "courier"], ["oversight", "clock"], stand_in("very-slow")], ids=str
)
def test_every_worker_stops_when_asked(
    environment: dict[str, str],
    ringing: Database,
    arguments: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Even a scorer in the middle of a call that would take a minute."""
    Talk.begin(ringing).say("toast")
    with worker_process(arguments, environment) as worker:
        wait_until(_said(capfd, "listening", "working", "warm"))
        assert stopped_within(worker, STOP_SECONDS)


def test_a_second_clock_takes_over_from_a_killed_one(
    environment: dict[str, str], database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    with worker_process(["oversight", "clock"], environment) as first:
        wait_until(_said(capfd, "working"))
        with worker_process(["oversight", "clock"], environment):
            wait_until(_said(capfd, "standing_by"))
            first.kill()
            wait_until(_said(capfd, "working"), seconds=10)


def test_the_courier_wakes_a_listener_when_a_window_ends(
    environment: dict[str, str], ringing: Database
) -> None:
    import psycopg

    from db.listening import CHANNEL
    from oversight.settings import libpq_url
    from tests.worker.test_clock import score_all
    from tests.worker.test_courier import in_two_seconds

    talk = Talk.begin(ringing)
    talk.say("slept well", arm="b", reply="Good morning.")
    score_all(ringing)
    with psycopg.connect(libpq_url(environment["DATABASE_URL"]), autocommit=True) as listener:
        in_two_seconds(ringing)
        with ringing.reading() as session:
            conversation = session.scalars(select(Delivery.conversation_id)).one()
        with worker_process(["oversight", "courier"], environment):
            listener.execute(f"LISTEN {CHANNEL}")
            (heard,) = listener.notifies(timeout=40, stop_after=1)
            assert str(conversation) in heard.payload


def _said(capfd: pytest.CaptureFixture[str], *words: str) -> Callable[[], bool]:
    """Whether the log of a worker has come to one of the words since we last looked."""

    def look() -> bool:
        captured = capfd.readouterr()
        lines = (captured.out + captured.err).splitlines()
        return any(f" {word}" in f"{line} " for line in lines for word in words)

    return look


def test_a_promotion_ends_the_scorer_in_order_and_the_next_one_scores_with_it(
    ringing: Database, environment: dict[str, str], redis_url: str, tmp_path: Path
) -> None:
    talk = Talk.begin(ringing)
    with worker_process(REAL_SCORER, environment) as scorer:
        wait_until(lambda: alive(redis_url))
        version = promoted_copy(ringing, tmp_path)
        assert scorer.wait(ASKED_EVERY_SECONDS + STOP_SECONDS) == 0
    talk.say(*harmless(3))
    with worker_process(REAL_SCORER, environment):
        wait_until(lambda: unscored(ringing) == 0)
    with ringing.reading() as session:
        versions = set(session.scalars(select(RiskAssessment.model_version)))
    assert versions == {version}


def test_the_background_process_explains_shadows_and_stops_when_asked(
    ringing: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    talk = Talk.begin(ringing)
    version = promoted_copy(ringing, tmp_path)
    with ringing.transaction() as session:
        lead = session.scalars(select(Clinician.id)).one()
        models.retire(session, version, by=lead)
        facts = model_facts(tmp_path)
        named = NamedModel(version, str(tmp_path), facts.digest, None, facts.thresholds)
        models.put_in_shadow(session, named, by=lead)
    talk.say("i want to kill myself tonight, after the late bus", reply="Tell me more.")
    with (
        worker_process(REAL_SCORER, environment),
        worker_process(["oversight", "background"], environment) as background,
    ):

        def done() -> bool:
            with ringing.reading() as session:
                explained = session.scalar(select(func.count()).select_from(Evidence))
                kept = select(func.count()).select_from(RiskAssessment)
                return bool(explained) and session.scalar(kept.where(RiskAssessment.shadow)) == 2

        wait_until(done)
        assert stopped_within(background, STOP_SECONDS)

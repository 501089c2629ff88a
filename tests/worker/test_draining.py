"""Draining on a real database: most urgent first, every failure LU, nothing lost or doubled."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, func, select, text, update

from classifiers.protocol import Message as Subject
from classifiers.protocol import RiskAssessment as Assessment
from db.session import Database, Topic
from db.tables import (
    Draft,
    Message,
    Paging,
    ReviewItem,
    RiskAssessment,
    ScoringWork,
    table_of,
)
from oversight.services.scoring import (
    LEASE_SECONDS,
    URGENT_TEXTS,
    Task,
    record_scores,
    take,
)
from oversight.worker.assessing import Assessor
from oversight.worker.draining import BATCH_TEXTS, Drain
from tests.worker import stand_ins
from tests.worker.conftest import HeardBell, wait_until
from tests.worker.stand_ins import POISON
from tests.worker.talk import Talk, harmless

CRISIS = "i want to kill myself tonight"


def drain_with(database: Database, classifier: stand_ins.Quick) -> Drain:
    stopping = threading.Event()
    return Drain(
        database, Assessor(classifier, stopping=stopping, longest_seconds=5), stopping=stopping
    )


def waiting(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ScoringWork)) or 0


def states(database: Database) -> dict[str, tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(Message.text, Message.scoring, Message.severity))
        return {row.text: (row.scoring, row.severity) for row in rows}


@dataclass
class Watched(stand_ins.Quick):
    """Notes what it is asked about, and lets the test act while it thinks."""

    seconds: float = 0.0

    asked: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None

    def assess(self, messages: Sequence[Subject]) -> list[Assessment]:
        self.asked += [one.text for one in messages]
        self.calls.append(len(messages))
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        time.sleep(self.seconds * len(messages))
        return super().assess(messages)


def test_everything_that_waits_is_scored_once(database: Database, talk: Talk) -> None:
    talk.say(*harmless(70), reply="A fine walk.")
    assert waiting(database) == 140
    assert drain_with(database, stand_ins.Quick()).drain() is False
    assert waiting(database) == 0
    with database.reading() as session:
        assessed = session.scalars(
            select(func.coalesce(RiskAssessment.message_id, RiskAssessment.draft_id))
        ).all()
        pending = session.scalar(
            select(func.count()).select_from(Draft).where(Draft.scoring != "scored")
        )
    assert len(assessed) == len(set(assessed)) == 140
    assert pending == 0


def test_a_batch_is_scored_from_short_to_long(database: Database, talk: Talk) -> None:
    talk.say("rain and rain and rain all day", "rain", "rain and rain")
    watched = Watched()
    drain_with(database, watched).drain()
    assert watched.asked == ["rain", "rain and rain", "rain and rain and rain all day"]


def test_a_message_at_top_risk_is_scored_before_ten_thousand_that_came_first(
    database: Database, talk: Talk
) -> None:
    talk.say("toast")
    _ten_thousand_more(database)
    talk.say(CRISIS)

    @dataclass
    class First(Watched):
        def assess(self, messages: Sequence[Subject]) -> list[Assessment]:
            if CRISIS in self.asked:
                stopping.set()
            return super().assess(messages)

    stopping = threading.Event()
    first = First()
    Drain(database, Assessor(first, stopping=stopping), stopping=stopping).drain()
    assert first.asked[0] == CRISIS
    assert first.calls[0] == 1, "an urgent text waits for no companions"
    assert states(database)[CRISIS][0] == "scored"
    assert waiting(database) > 9_000


def test_an_urgent_message_overtakes_the_batch_being_scored(database: Database, talk: Talk) -> None:
    talk.say(*harmless(BATCH_TEXTS))
    watched = Watched(meanwhile=lambda: talk.say(CRISIS) and None, seconds=0.03)
    drain = drain_with(database, watched)
    drain.drain()
    place = watched.asked.index(CRISIS)
    assert place < BATCH_TEXTS / 2, "scored after a slice or two, not after the batch"
    with database.reading() as session:
        recorded = session.scalars(
            select(Message.text)
            .join(RiskAssessment, RiskAssessment.message_id == Message.id)
            .order_by(RiskAssessment.id)
        ).all()
    assert recorded[0] == CRISIS, "and recorded before the texts that were scored first"


def test_an_urgent_message_that_was_fetched_as_the_next_batch_overtakes_too(
    database: Database, talk: Talk
) -> None:
    """Whoever fetches the next batch may find it just before the lookout does."""
    talk.say(*harmless(BATCH_TEXTS))
    said, fetches = threading.Event(), itertools.count()

    class FetchesLate(Drain):
        def _take(self, *, limit: int, urgent_only: bool = False) -> list[Task]:
            if urgent_only:
                return []
            if next(fetches) > 0:
                said.wait(10)
            return super()._take(limit=limit, urgent_only=urgent_only)

    def say() -> None:
        talk.say(CRISIS)
        said.set()

    watched = Watched(meanwhile=say, seconds=0.03)
    stopping = threading.Event()
    drain = FetchesLate(database, Assessor(watched, stopping=stopping), stopping=stopping)
    drain.drain()
    assert watched.asked.index(CRISIS) < BATCH_TEXTS / 2
    assert waiting(database) == 0


def test_an_urgent_message_waits_for_no_batch_to_be_recorded(
    database: Database, talk: Talk, owner_engine: Engine
) -> None:
    """Somebody holds the lock of a conversation whose scores are being written."""
    talk.say(*harmless(2 * BATCH_TEXTS))
    watched = Watched(seconds=0.005)
    drain = drain_with(database, watched)
    with owner_engine.connect() as holder:
        holder.execute(text("SELECT 1 FROM conversations FOR UPDATE"))
        thread = threading.Thread(target=drain.drain)
        thread.start()
        wait_until(lambda: len(watched.asked) > BATCH_TEXTS)
        talk.say(CRISIS)
        wait_until(lambda: states(database)[CRISIS][0] == "scored")
        assert "scored" not in {
            one for words, (one, _) in states(database).items() if words != CRISIS
        }
    thread.join()
    assert waiting(database) == 0


def test_urgent_messages_come_in_small_batches_of_their_own(database: Database, talk: Talk) -> None:
    talk.say(*harmless(5), *(f"{CRISIS} {number}" for number in range(URGENT_TEXTS + 3)))
    with database.transaction() as session:
        first = take(session, limit=BATCH_TEXTS)
    with database.transaction() as session:
        second = take(session, limit=BATCH_TEXTS)
    with database.transaction() as session:
        third = take(session, limit=BATCH_TEXTS)
    assert [len(first), len(second), len(third)] == [URGENT_TEXTS, 3, 5]
    assert all(task.urgent for task in (*first, *second))
    assert not any(task.urgent for task in third)


def test_long_texts_make_small_batches(database: Database, talk: Talk) -> None:
    talk.say(*(f"{number} {'the dog walked ' * 200}" for number in range(6)))
    with database.transaction() as session:
        taken = take(session, limit=BATCH_TEXTS, characters=8_000)
    assert len(taken) == 2


def test_a_single_text_is_taken_however_long_it_is(database: Database, talk: Talk) -> None:
    talk.say("the dog walked " * 1_000)
    with database.transaction() as session:
        assert len(take(session, limit=BATCH_TEXTS, characters=100)) == 1


@pytest.mark.parametrize(
    "classifier", [stand_ins.Raising(), stand_ins.NotANumber(), stand_ins.LosesCount()]
)
def test_a_failing_classifier_leaves_every_message_held_for_a_person(
    database: Database, talk: Talk, classifier: stand_ins.Quick
) -> None:
    talk.say("slept well", "toast", arm="b", reply="Good morning.")
    drain_with(database, classifier).drain()
    assert waiting(database) == 0
    assert set(states(database).values()) == {("failed", "LU")}
    with database.reading() as session:
        drafts = session.execute(select(Draft.status, Draft.scoring)).all()
        items = session.scalars(select(ReviewItem.severity)).all()
    assert [tuple(one) for one in drafts] == [("held", "failed")] * 2
    assert items == ["LU", "LU"], "in an arm that releases by itself, too"


def test_with_the_classifier_down_a_phrase_rule_still_pages(database: Database, talk: Talk) -> None:
    talk.say(*harmless(5), "kms tonight")
    drain_with(database, stand_ins.Raising()).drain()
    found = states(database)
    assert found.pop("kms tonight") == ("failed", "L3")
    assert set(found.values()) == {("failed", "LU")}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Paging)) == 1


def test_a_poisonous_text_is_unscored_and_its_neighbours_are_not(
    database: Database, talk: Talk
) -> None:
    talk.say("slept well", POISON, "toast")
    drain_with(database, stand_ins.RaisesOnPoison()).drain()
    found = states(database)
    assert found[POISON] == ("failed", "LU")
    assert found["slept well"] == found["toast"] == ("scored", "L0")


def test_a_row_the_database_refuses_costs_its_neighbours_nothing(
    database: Database, talk: Talk
) -> None:
    """Half a surrogate in a label passes every check of ours and no encoding."""

    @dataclass
    class BreaksTheRecord(stand_ins.Quick):
        def assess(self, messages: Sequence[Subject]) -> list[Assessment]:
            found = super().assess(messages)
            for number, one in enumerate(messages):
                if one.text == POISON:
                    object.__setattr__(found[number], "language", "\ud800")
            return found

    talk.say("slept well", POISON, "toast")
    drain_with(database, BreaksTheRecord()).drain()
    found = states(database)
    assert found[POISON] == ("failed", "LU")
    assert found["slept well"] == found["toast"] == ("scored", "L0")
    assert waiting(database) == 0


def test_a_text_that_keeps_breaking_its_scorer_is_given_to_a_person(
    database: Database, talk: Talk
) -> None:
    talk.say(POISON, "toast")
    for _ in range(3):  # three scorers took both and died
        with database.transaction() as session:
            assert len(take(session, limit=10)) == 2
        _leases_run_out(database)
    watched = Watched()
    drain_with(database, watched).drain()
    assert watched.asked == [], "a fourth is not put at risk"
    assert set(states(database).values()) == {("failed", "LU")}


def test_a_killed_scorers_texts_are_free_again_when_the_lease_runs_out(
    database: Database, talk: Talk
) -> None:
    talk.say("toast")
    with database.transaction() as session:
        assert len(take(session, limit=10)) == 1
    with database.transaction() as session:
        assert take(session, limit=10) == []
    _leases_run_out(database)
    drain_with(database, stand_ins.Quick()).drain()
    assert states(database)["toast"] == ("scored", "L0")


def test_two_scorers_with_the_same_text_record_it_once(database: Database, talk: Talk) -> None:
    talk.say("toast")
    with database.transaction() as session:
        tasks = take(session, limit=10)
    scores = stand_ins.Quick().assess([task.subject for task in tasks])
    for expected in (1, 0):
        with database.transaction() as session:
            assert record_scores(session, tasks, scores) == expected
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RiskAssessment)) == 1


def test_what_was_not_looked_at_goes_back_when_we_are_asked_to_stop(
    database: Database, talk: Talk
) -> None:
    talk.say(*harmless(BATCH_TEXTS))
    stopping = threading.Event()
    watched = Watched(meanwhile=stopping.set)
    Drain(database, Assessor(watched, stopping=stopping), stopping=stopping).drain()
    done = sum(watched.calls)
    assert 0 < done < BATCH_TEXTS
    with database.reading() as session:
        rest = session.execute(select(ScoringWork.leased_until, ScoringWork.attempts)).all()
    assert [tuple(row) for row in rest] == [(None, 0)] * (BATCH_TEXTS - done)


def test_the_model_never_runs_inside_a_transaction(database: Database, talk: Talk) -> None:
    talk.say(*harmless(10))
    seen: list[int] = []

    def look() -> None:
        with database.reading() as session:
            seen.append(
                session.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
                        " AND backend_type = 'client backend'"
                    )
                )
            )

    drain_with(database, Watched(meanwhile=look)).drain()
    assert seen == [0]


def test_a_score_rings_for_the_screens(database: Database, bell: HeardBell, talk: Talk) -> None:
    talk.say("toast")
    bell.rings.clear()
    drain_with(database, stand_ins.Quick()).drain()
    assert {one.topic for one in bell.rings} == {Topic.LIVE}


def test_an_idle_drain_takes_nothing_and_says_so(database: Database, talk: Talk) -> None:
    assert drain_with(database, stand_ins.Quick()).drain() is False


def _ten_thousand_more(database: Database) -> None:
    """Unscored messages of the one conversation, each more urgent at the first look than most."""
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO messages (id, study_id, conversation_id, item_id, external_id, digest,"
                " sequence, text, urgency)"
                " SELECT gen_random_uuid(), m.study_id, m.conversation_id, m.item_id, 'x' || n,"
                " m.digest, 100 + n, 'walked the dog around the block ' || n || ' times', 0.7"
                " FROM messages m, generate_series(1, 10000) n"
            )
        )
        session.execute(
            text(
                "INSERT INTO scoring_work (message_id, urgency, length)"
                " SELECT id, urgency, length(text) FROM messages WHERE sequence > 100"
            )
        )


def _leases_run_out(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            update(table_of(ScoringWork)).values(
                leased_until=text(f"oversight_now() - interval '{LEASE_SECONDS} seconds'")
            )
        )

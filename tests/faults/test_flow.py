"""Two thousand exchanges flow while processes are killed: none lost, none undecided, none twice."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import Row, func, select, text

from db.session import Database
from db.tables import (
    Decision,
    Delivery,
    Draft,
    Message,
    ScoringWork,
)
from tests.faults.flow import Bots, Channel, Clinicians, nothing_open
from tests.faults.system import REAL_MODEL, System, running, stand_in, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

SEED = 20_260
KILLS = 12
SETTLE_SECONDS = 120.0


@dataclass(frozen=True)
class Ended:
    """A run that is over: what the bots and screens saw, and what the record says."""

    bots: Bots
    channel: Channel
    system: System
    database: Database
    decided: int


def kill_at_random(system: System, bots: Bots, *, seed: int, kills: int) -> None:
    """Kill -9 one process after the other, in rounds of random order, evenly over the flow."""
    chance = random.Random(seed)
    order: list[str] = []
    for number in range(1, kills + 1):
        due = bots.total * number // (kills + 1)
        while bots.busy and len(bots.acknowledged) < due:
            time.sleep(0.02)
        order = order or chance.sample(sorted(system.members), len(system.members))
        system.members[order.pop()].kill()
        if chance.random() < 0.3:
            system.flush_valkey()
        time.sleep(chance.uniform(0.0, 0.4))
        system.tend()
    while bots.busy:
        time.sleep(0.1)


def run_through(system: System, bots: Bots, *, meanwhile: Callable[[System, Bots], None]) -> Ended:
    channel, clinicians = Channel(system), Clinicians(system)
    clinicians.start()
    channel.start()
    bots.start()
    began = time.monotonic()
    meanwhile(system, bots)
    print(f"flowed for {time.monotonic() - began:.0f} s")
    database = system.database()
    assert not bots.errors
    decided = nothing_open(database)
    # Both at once: a text scored late may open an item, and send a bridge, when all was sent.
    wait_until(
        lambda: clinicians.errors or (decided() and _all_sent(database)),
        seconds=2 * SETTLE_SECONDS,
        what="everything decided and sent",
    )
    clinicians.stop()
    channel.stop()
    assert not clinicians.errors
    assert not channel.errors
    return Ended(bots, channel, system, database, clinicians.decided)


def _all_sent(database: Database) -> bool:
    with database.reading() as session:
        unsent = select(Delivery.id).where(Delivery.status.in_(["queued", "sending"])).limit(1)
        work = select(ScoringWork.id).limit(1)
        return session.scalar(unsent) is None and session.scalar(work) is None


def assert_nothing_lost(ended: Ended) -> None:
    """Every exchange that was acknowledged stands in the record exactly once, scored."""
    with ended.database.reading() as session:
        messages = session.execute(
            select(Message.external_id, Message.id, Message.text, Message.scoring)
        ).all()
        drafts = session.execute(
            select(Draft.external_id, Draft.reply_id, Draft.text, Draft.revision)
        ).all()
    assert Counter(row.external_id for row in messages).most_common(1)[0][1] == 1
    stored = {row.external_id: row for row in messages}
    first = {row.external_id: row for row in drafts if row.revision == 1}
    assert len(stored) == len(first) == len(ended.bots.acknowledged)
    for one in ended.bots.acknowledged:
        message = stored[one.external_id]
        assert (str(message.id), message.text) == (one.message_id, one.said)
        assert message.scoring in ("scored", "failed")
        draft = first[one.external_id.replace(":m", ":r")]
        assert (str(draft.reply_id), draft.text) == (one.reply_id, one.proposed)


def assert_only_what_was_decided_was_handed_out(ended: Ended) -> None:
    """Each text on a screen is named, word for word, by a decision of a person or a policy."""
    decisions = _decisions_by_delivery(ended.database)
    for shown in ended.channel.handed:
        decision = decisions[shown.delivery_id]
        assert decision.text == shown.text
        assert decision.clinician_id is not None or decision.kind in ("release", "bridge")
    with ended.database.reading() as session:
        withheld = set(session.scalars(select(Draft.text).where(Draft.status == "withheld")))
        automatic_arm = set(
            session.scalars(
                select(Decision.id)
                .join(Draft, Draft.id == Decision.draft_id)
                .join(Message, Message.id == Draft.message_id)
                .where(Decision.kind == "release", Message.text.contains("kill myself"))
            )
        )
    assert not withheld & {shown.text for shown in ended.channel.handed}
    assert not automatic_arm, "no policy released an answer to somebody in danger"


def assert_nothing_was_shown_twice(ended: Ended) -> None:
    """One decision is one delivery, one reply is on the screen at most once."""
    decisions = _decisions_by_delivery(ended.database)
    ids_of: Mapping[object, set[str]] = defaultdict(set)
    for shown in ended.channel.handed:
        ids_of[decisions[shown.delivery_id].id].add(shown.delivery_id)
        if shown.kind in ("reply", "clinician"):
            ids_of[decisions[shown.delivery_id].reply_id].add(shown.delivery_id)
    assert all(len(ids) == 1 for ids in ids_of.values())


def assert_everything_released_arrived(ended: Ended) -> None:
    """What was released and not taken back reached the screen and is confirmed."""
    with ended.database.reading() as session:
        statuses = {
            str(row.id): row.status for row in session.execute(select(Delivery.id, Delivery.status))
        }
    assert set(statuses.values()) <= {"delivered", "recalled", "uncertain"}
    recalled = {one for one, status in statuses.items() if status == "recalled"}
    shown = {one.delivery_id for one in ended.channel.handed}
    assert shown == set(statuses) - recalled


def _decisions_by_delivery(database: Database) -> dict[str, Row[*tuple[object, ...]]]:
    with database.reading() as session:
        rows = session.execute(
            select(
                Delivery.id.label("delivery_id"),
                Decision.id,
                Decision.text,
                Decision.kind,
                Decision.clinician_id,
                Draft.reply_id,
            )
            .join(Decision, Decision.id == Delivery.decision_id)
            .outerjoin(Draft, Draft.id == Delivery.draft_id)
        ).all()
    return {str(row.delivery_id): row for row in rows}


PROMISES: Sequence[Callable[[Ended], None]] = (
    assert_nothing_lost,
    assert_only_what_was_decided_was_handed_out,
    assert_nothing_was_shown_twice,
    assert_everything_released_arrived,
)


def test_two_thousand_exchanges_survive_the_killing_of_every_process(
    free_port: Callable[[], int],
) -> None:
    def killing(system: System, bots: Bots) -> None:
        kill_at_random(system, bots, seed=SEED, kills=KILLS)

    with running(free_port(), scorer=stand_in("quick")) as system:
        bots = Bots(system, conversations=200, turns=10, threads=8)
        ended = run_through(system, bots, meanwhile=killing)
        kills = {member.name: member.kills for member in system.members.values()}
        print("kills", kills, "decided", ended.decided, "shown", len(ended.channel.handed))
        assert len(bots.acknowledged) == 2_000
        assert min(kills.values()) == KILLS // len(kills), kills
        assert ended.decided > 50
        assert len(ended.channel.handed) > 200
        for promise in PROMISES:
            promise(ended)
        assert_the_record_names_every_change(ended.database)


def assert_the_record_names_every_change(database: Database) -> None:
    """As many receptions, decisions and hand-outs in the audit record as in the tables."""
    with database.reading() as session:
        events = dict(
            session.execute(text("SELECT kind, count(*) FROM audit_events GROUP BY kind")).all()
        )
        messages = session.scalar(select(func.count()).select_from(Message))
        decisions = session.scalar(select(func.count()).select_from(Decision))
    assert events["message.receive"] == messages
    written = sum(count for kind, count in events.items() if kind.startswith("decision."))
    assert written == decisions


def test_with_the_real_model_a_killed_scorer_loses_nothing(free_port: Callable[[], int]) -> None:
    def killing_scorers(system: System, bots: Bots) -> None:
        while bots.busy:
            time.sleep(1.0)
        for _ in range(2):
            system.members["scorer"].kill()
            system.tend()
            time.sleep(4.0)

    with running(free_port(), scorer=REAL_MODEL) as system:
        ended = run_through(
            system, Bots(system, conversations=30, turns=4), meanwhile=killing_scorers
        )
        assert len(ended.bots.acknowledged) == 120
        for promise in PROMISES:
            promise(ended)

"""How long a reader waits for the next item when a hundred thousand are waiting.

`python -m benchmarks.claim [--waiting 100000] [--claimers 10] [--claims 1000]`: on a throw-away
durable PostgreSQL, ten clinicians at once, each in a process of its own, claim the
next item, look at it for 0.2 to 0.6 s (fifty times faster than people read), and mark it read
(nine times of ten) or put it back. The wait is the whole transaction of the claim, its commit
included. The last line is one JSON object with `p99_ms`.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context

from sqlalchemy import Engine, create_engine, event, text

from db.migrate import upgrade
from db.session import Database, make_engine
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Action, Role
from oversight.embedded.postgres import create_database
from oversight.embedded.throwaway import throwaway_postgres
from oversight.services.claiming import claim_next, unclaim
from oversight.services.deciding import Request, decide
from oversight.services.keys import find_or_create_study
from oversight.services.offering import next_offered
from oversight.services.people import create_person

LOOK_SECONDS = (0.2, 0.6)
PUT_BACK_SHARE = 0.1
WARM_UP_CLAIMS = 5

# One waiting conversation each, of every level, received over the last hours. Plain SQL, because
# a hundred thousand receptions would take most of the benchmark.
FILL = (
    "INSERT INTO participants (id, study_id, external_id, language)"
    " SELECT gen_random_uuid(), :study, 'p' || n, 'en' FROM generate_series(1, :waiting) n",
    "INSERT INTO conversations (id, study_id, external_id, participant_id, last_sequence)"
    " SELECT gen_random_uuid(), :study, 'c' || external_id, id, 1 FROM participants",
    "INSERT INTO review_items (id, study_id, conversation_id, policy_version_id, severity,"
    " priority, language, first_sequence, last_sequence, opened_at, deadline_at)"
    " SELECT gen_random_uuid(), :study, c.id, a.policy_version_id, l.severity,"
    " l.rank * 1000 + (random() * l.spread)::int, 'en', 1, 1, at, at + interval '4 hours'"
    " FROM (SELECT id, random() AS chance, oversight_now() - random() * interval '6 hours' AS at"
    " FROM conversations) c"
    " JOIN arms a ON a.name = 'default'"
    " JOIN (VALUES ('L0', 0, 0, 0.0, 0.8), ('L1', 1, 0, 0.8, 0.9), ('L2', 2, 0, 0.9, 0.97),"
    " ('LU', 3, 999, 0.97, 1.01)) l(severity, rank, spread, low, high)"
    " ON c.chance >= l.low AND c.chance < l.high",
    "INSERT INTO messages (id, study_id, conversation_id, item_id, external_id, digest, sequence,"
    " text, received_at, severity, scoring)"
    " SELECT gen_random_uuid(), :study, conversation_id, id, 'm' || conversation_id, 'x', 1,"
    " 'slept alright, walked the dog', opened_at, severity,"
    " CASE severity WHEN 'LU' THEN 'failed' ELSE 'scored' END FROM review_items",
)


@dataclass
class Desk:
    """One clinician at work."""

    database: Database
    clinician_id: uuid.UUID
    claims: int
    chance: random.Random
    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def work(self) -> None:
        for _ in range(self.claims):
            began = time.perf_counter()
            with self.database.transaction() as session:
                item_id = claim_next(session, self.clinician_id)
            self.seconds.append(time.perf_counter() - began)
            assert item_id is not None
            time.sleep(self.chance.uniform(*LOOK_SECONDS))
            try:
                self._finish(item_id)
            except Refusal:
                self.refused += 1

    def _finish(self, item_id: uuid.UUID) -> None:
        with self.database.transaction() as session:
            if self.chance.random() < PUT_BACK_SHARE:
                unclaim(session, item_id, self.clinician_id)
            else:
                decide(
                    session,
                    Request(
                        item_id=item_id,
                        version=1,
                        clinician_id=self.clinician_id,
                        client_decision_id=uuid.uuid4(),
                        action=Action.MARK_READ,
                    ),
                )


def fill(owner: Engine, study_id: uuid.UUID, waiting: int) -> None:
    with owner.begin() as connection:
        for statement in FILL:
            connection.execute(text(statement), {"study": study_id, "waiting": waiting})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))


def plan_uses_queue_index(owner: Engine) -> bool:
    """Whether PostgreSQL finds the next item by the queue's own index, without sorting."""
    asked: list[tuple[str, object]] = []
    with owner.connect() as connection:
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _connection, _cursor, told, values, *_: asked.append((told, values)),
        )
        connection.execute(next_offered(nothing_lapsed=True), {"reader": uuid.uuid4()})
        told, values = asked[0]
        lines = "\n".join(connection.exec_driver_sql(f"EXPLAIN {told}", values).scalars())
    return "ix_review_items_queue" in lines and "Sort" not in lines


def run(waiting: int, claimers: int, claims: int) -> dict[str, object]:
    with throwaway_postgres(durable=True) as server:
        create_database(server, "oversight")
        url = server.url("oversight")
        upgrade(url)
        engine = make_engine(url)
        database = Database(engine)
        with database.transaction() as session:
            study_id = find_or_create_study(session, "Benchmark")
            people = [
                create_person(
                    session,
                    username=f"reader{number}",
                    name=f"Reader {number}",
                    role=Role.CLINICIAN,
                    password="long enough to be one",
                )
                for number in range(claimers)
            ]
        engine.dispose()  # no connection of ours is left when the desks fork
        owner = create_engine(url)
        fill(owner, study_id, waiting)
        owner.dispose()
        seconds, refused = _claims(url, people, claims=claims // claimers)
        seconds.sort()
        indexed = plan_uses_queue_index(owner)
        owner.dispose()
    return {
        "benchmark": "claim",
        "p99_ms": round(1000 * statistics.quantiles(seconds, n=100)[98], 2),
        "p50_ms": round(1000 * statistics.median(seconds), 2),
        "max_ms": round(1000 * seconds[-1], 2),
        "waiting": waiting,
        "claimers": claimers,
        "claims": len(seconds),
        "refused": refused,
        "queue_index_used": indexed,
        "made_of": "claim_next in a transaction of its own, commit included, beside decisions",
    }


def _claims(url: str, people: Sequence[uuid.UUID], *, claims: int) -> tuple[list[float], int]:
    """Seconds of every claim, and how many decisions were refused."""
    told = [(url, person, claims, number) for number, person in enumerate(people)]
    with get_context("fork").Pool(len(people)) as pool:
        desks = pool.starmap(_at_a_desk, told, chunksize=1)
    return [one for seconds, _ in desks for one in seconds], sum(refused for _, refused in desks)


def _at_a_desk(
    url: str, clinician_id: uuid.UUID, claims: int, seed: int
) -> tuple[list[float], int]:
    database = Database(make_engine(url, pool_size=1))
    for count in (WARM_UP_CLAIMS, claims):
        desk = Desk(database, clinician_id, count, random.Random(seed))
        desk.work()
    return desk.seconds, desk.refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--claimers", type=int, default=10)
    parser.add_argument("--claims", type=int, default=1_000)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.waiting, chosen.claimers, chosen.claims)))


if __name__ == "__main__":
    main()

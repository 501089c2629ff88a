"""How long a message at top risk takes to get its level, idle and behind ten thousand others.

`python -m benchmarks.surfacing [--backlog 10000] [--messages 20]`: a real scorer process with the
shipped model on throw-away durable PostgreSQL and Valkey. Messages at top risk arrive one by one,
first at an idle scorer, then while it works through a backlog that came in before them. Each is
timed from the commit of its receipt to the commit of its score. The last line is one JSON object;
`ratio` is the median behind the backlog over the median when idle.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from dataclasses import dataclass, field

from sqlalchemy import func, select, text

from benchmarks.servers import process, throwaway_servers
from classifiers.first_stage import urgency
from classifiers.phrases import phrase_hits
from db.session import Database, make_engine
from db.tables import Message, ScoringWork
from oversight.bell import Bell
from oversight.domain.severity import worst
from oversight.services.arrivals import Arrival, NewMessage, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.keys import find_or_create_study
from oversight.services.receiving import receive

TOP_RISK = "i want to kill myself tonight, goodbye"
_LOOK_SECONDS = 0.002
_GIVE_UP_SECONDS = 60.0


@dataclass
class Talk:
    """One study's participants, each saying one thing at top risk."""

    database: Database
    study_id: uuid.UUID
    said: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def time_one(self, when: str) -> None:
        with self.database.transaction() as session:
            (outcome,) = receive(session, [self._arrival()])
        began = time.perf_counter()
        while not self._scored(outcome.message_id):  # type: ignore[union-attr]
            if time.perf_counter() > began + _GIVE_UP_SECONDS:
                raise TimeoutError(f"not scored within {_GIVE_UP_SECONDS:g} s ({when})")
            time.sleep(_LOOK_SECONDS)
        self.seconds.setdefault(when, []).append(time.perf_counter() - began)

    def _arrival(self) -> Arrival:
        self.said += 1
        name = f"t{self.said}"
        message = NewMessage(
            external_id=name,
            participant=ParticipantFacts(external_id=name, language="en"),
            text=TOP_RISK,
            digest=digest(TOP_RISK),
            urgency=urgency(TOP_RISK),
            floor=worst([hit.floor for hit in phrase_hits(TOP_RISK)]),
        )
        return Arrival(self.study_id, name, message)

    def _scored(self, message_id: uuid.UUID) -> bool:
        with self.database.reading() as session:
            return (
                session.scalar(select(Message.scored_at).where(Message.id == message_id))
                is not None
            )

    def pile_up(self, count: int) -> None:
        """Everyday messages of the first conversation, unscored, as after an outage."""
        with self.database.transaction() as session:
            session.execute(
                text(
                    "INSERT INTO messages (id, study_id, conversation_id, item_id, external_id,"
                    " digest, sequence, text, urgency)"
                    " SELECT gen_random_uuid(), m.study_id, m.conversation_id, m.item_id, 'b' || n,"
                    " m.digest, 1000 + n, 'walked the dog around the block ' || n || ' times', 0.1"
                    " FROM (SELECT * FROM messages LIMIT 1) m, generate_series(1, :count) n"
                ),
                {"count": count},
            )
            session.execute(
                text(
                    "INSERT INTO scoring_work (message_id, urgency, length)"
                    " SELECT id, urgency, length(text) FROM messages WHERE sequence > 1000"
                )
            )

    def waiting(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(ScoringWork)) or 0


def run(backlog: int, messages: int) -> dict[str, object]:
    with throwaway_servers() as servers:
        bell = Bell(database_url=servers.database_url, redis_url=servers.redis_url)
        database = Database(make_engine(servers.database_url), bell=bell)
        with database.transaction() as session:
            talk = Talk(database, find_or_create_study(session, "Benchmark"))
        with process(["-m", "oversight", "scorer"], environment=servers.environment):
            talk.time_one("warm-up")
            for _ in range(messages):
                talk.time_one("idle")
            talk.pile_up(backlog)
            for _ in range(messages):
                talk.time_one("behind")
            left = talk.waiting()
        bell.close()
    idle, behind = sorted(talk.seconds["idle"]), sorted(talk.seconds["behind"])
    return {
        "benchmark": "surfacing",
        "ratio": round(statistics.median(behind) / statistics.median(idle), 2),
        "worst_ratio": round(behind[-1] / idle[-1], 2),
        "idle_p50_ms": round(1000 * statistics.median(idle), 1),
        "idle_max_ms": round(1000 * idle[-1], 1),
        "behind_p50_ms": round(1000 * statistics.median(behind), 1),
        "behind_max_ms": round(1000 * behind[-1], 1),
        "backlog": backlog,
        "left_at_the_end": left,
        "messages": messages,
        "made_of": "commit of the receipt to commit of the score, real scorer process, RQ ring",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=20)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.backlog, chosen.messages)))


if __name__ == "__main__":
    main()

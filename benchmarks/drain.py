"""How much of the raw model's speed is left when every score is also taken, recorded and committed.

`python -m benchmarks.drain [--rounds 7] [--texts 192]`: on a throw-away durable PostgreSQL, the
messages and drafts of the synthetic trial are drained by the scorer's own code, and the same texts
are put to the same classifier by itself: in the same order, batches and slices, in the same
process. The two take turns. The last line is one JSON object; `ratio` is the median over rounds of
drained texts a second over raw texts a second.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifiers.first_stage import urgency
from classifiers.load import load_classifier
from classifiers.phrases import phrase_hits
from classifiers.protocol import Classifier, Message, RiskAssessment
from db.migrate import upgrade
from db.session import Database, make_engine
from oversight.domain.severity import worst
from oversight.embedded.postgres import create_database
from oversight.embedded.throwaway import throwaway_postgres
from oversight.services.arrivals import Arrival, NewMessage, NewReply, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.keys import find_or_create_study
from oversight.services.receiving import receive
from oversight.worker.assessing import Assessor
from oversight.worker.draining import Drain

CONVERSATIONS = Path(__file__).resolve().parents[1] / "oversight" / "demo" / "conversations"


@dataclass(frozen=True)
class Spent:
    """Wall and processor seconds of one half of a round (this process; not PostgreSQL's)."""

    wall: float
    processor: float


@dataclass
class Noting:
    """The classifier, with a note of what it was asked in one go and how long it took."""

    classifier: Classifier
    calls: list[Sequence[Message]]
    seconds: float = 0.0

    @property
    def version(self) -> str:
        return self.classifier.version

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        began = time.perf_counter()
        found = self.classifier.assess(messages)
        self.seconds += time.perf_counter() - began
        self.calls.append(messages)
        return found


def exchanges() -> Iterator[tuple[str, str, str | None]]:
    """Conversation, message and reply, in the order in which the trial plays them."""
    for path in sorted(CONVERSATIONS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            turn = json.loads(line)
            yield turn["conversation_id"], turn["message"], turn["reply"]


def arrivals(study_id: uuid.UUID, round_: int, texts: int) -> list[Arrival]:
    """The first exchanges of the trial, as new conversations of this round."""
    found: list[Arrival] = []
    for number, (conversation, said, reply) in enumerate(exchanges()):
        name = f"{round_}:{number}"
        hits = phrase_hits(said)
        message = NewMessage(
            external_id=f"{name}:m",
            participant=ParticipantFacts(external_id=f"{round_}:{conversation}"),
            text=said,
            digest=digest(said),
            urgency=urgency(said),
            floor=worst([hit.floor for hit in hits]) if hits else None,
        )
        draft = reply and NewReply(f"{name}:r", f"{name}:m", reply, digest(reply))
        found.append(Arrival(study_id, f"{round_}:{conversation}", message, draft or None))
        texts -= 2 if reply else 1
        if texts <= 0:
            break
    return found


def spent(work: object) -> Spent:
    assert callable(work)
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def one_round(
    database: Database, classifier: Classifier, study_id: uuid.UUID, *, round_: int, texts: int
) -> dict[str, float]:
    with database.transaction() as session:
        receive(session, arrivals(study_id, round_, texts))
    noting = Noting(classifier, [])
    stopping = threading.Event()
    drain = Drain(database, Assessor(noting, stopping=stopping), stopping=stopping)
    drained = spent(drain.drain)
    calls, count = noting.calls, sum(len(messages) for messages in noting.calls)
    raw = spent(lambda: [classifier.assess(messages) for messages in calls])
    return {
        "texts": count,
        "drained_per_second": count / drained.wall,
        "raw_per_second": count / raw.wall,
        "ratio": raw.wall / drained.wall,
        "processor_ratio": raw.processor / drained.processor,
        "model_share": noting.seconds / drained.wall,
        "take_and_record_ms_per_text": 1000 * (drained.wall - noting.seconds) / count,
        "raw_ms_per_text": 1000 * raw.wall / count,
    }


def run(rounds: int, texts: int) -> dict[str, object]:
    with throwaway_postgres(durable=True) as server:
        create_database(server, "oversight")
        upgrade(server.url("oversight"))
        engine = make_engine(server.url("oversight"))
        database = Database(engine)
        classifier = load_classifier()
        with database.transaction() as session:
            study_id = find_or_create_study(session, "Benchmark")
        one_round(database, classifier, study_id, round_=-1, texts=64)
        found = []
        for number in range(rounds):
            found.append(one_round(database, classifier, study_id, round_=number, texts=texts))
            print({name: round(value, 3) for name, value in found[-1].items()}, flush=True)
        engine.dispose()
    ratios = [one["ratio"] for one in found]
    return {
        "benchmark": "drain",
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        **{
            name: round(statistics.median(one[name] for one in found), 3)
            for name in found[0]
            if name != "ratio"
        },
        "rounds": rounds,
        "model_version": classifier.version,
        "made_of": "texts taken, scored, recorded and committed a second by the scorer's drain,"
        " over texts a second of classifier.assess alone on the same slices",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--texts", type=int, default=192)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.rounds, chosen.texts)))


if __name__ == "__main__":
    main()

"""How fast the gateway accepts messages, against a bare FastAPI endpoint with one INSERT.

Both on the same durable PostgreSQL, under the same server settings, with the same clients, in
turns. The last line is one JSON object; `ratio` is ours over bare, the median of the rounds. Beside
it stands the CPU time of one message in the server and in PostgreSQL: on a machine that does other
things too, `cpu_ratio` (bare over ours) is the steadier figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.servers import (
    cpu_seconds,
    database_cpu_seconds,
    free_port,
    process,
    throwaway_servers,
    wait_until_up,
)
from db.session import Database, make_engine
from oversight.services.keys import create_key

FIGURES = ("per_second", "p50_ms", "p99_ms", "cpu_ms_each", "database_cpu_ms_each", "refused")


@dataclass(frozen=True)
class Subject:
    """A server under load."""

    name: str
    port: int
    process_id: int
    key: str


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    chosen = parser.parse_args()
    with throwaway_servers() as servers:
        ours, bare = free_port(), free_port()
        environment = servers.environment | {
            "OVERSIGHT_GATEWAY_PORT": str(ours),
            "OVERSIGHT_RATE_PER_SECOND": "1000000",
        }
        with (
            process(["-m", "oversight", "gateway"], environment=environment) as our_process,
            process(
                ["-m", "benchmarks.bare_endpoint", str(bare)], environment=environment
            ) as bare_process,
        ):
            for port in (ours, bare):
                wait_until_up(f"http://127.0.0.1:{port}/healthz")
            key = _key(servers.database_url)
            subjects = [
                Subject("bare", bare, bare_process.pid, key),
                Subject("ours", ours, our_process.pid, key),
            ]
            for subject in subjects:
                _load(subject, chosen.clients, 1.0, "warm")
            rounds = [
                _round(subjects[:: 1 if number % 2 else -1], chosen, number)
                for number in range(chosen.rounds)
            ]
    print(json.dumps(_summary(rounds, chosen.clients)))


def _key(database_url: str) -> str:
    engine = make_engine(database_url, pool_size=1)
    with Database(engine).transaction() as session:
        key = create_key(session, study="benchmark", label="benchmark")
    engine.dispose()
    return key


def _round(
    subjects: list[Subject], chosen: argparse.Namespace, number: int
) -> dict[str, dict[str, float]]:
    results = {}
    for subject in subjects:
        before, stored = cpu_seconds(subject.process_id), database_cpu_seconds()
        result = _load(subject, chosen.clients, chosen.seconds, f"r{number}")
        each = 1000 / max(1, result["accepted"])
        result["cpu_ms_each"] = each * (cpu_seconds(subject.process_id) - before)
        result["database_cpu_ms_each"] = each * (database_cpu_seconds() - stored)
        results[subject.name] = result
        print(
            f"round {number + 1} {subject.name}: {result['per_second']:.0f}/s, "
            f"p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms, "
            f"CPU each {result['cpu_ms_each']:.2f} ms and {result['database_cpu_ms_each']:.2f} ms"
            f" in PostgreSQL, {result['refused']:.0f} refused",
            flush=True,
        )
    return results


def _load(subject: Subject, clients: int, seconds: float, run: str) -> dict[str, float]:
    arguments = [str(subject.port), subject.key, str(clients), str(seconds), run]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.message_load", *arguments],
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _summary(rounds: list[dict[str, dict[str, float]]], clients: int) -> dict[str, object]:
    ratios = [one["ours"]["per_second"] / one["bare"]["per_second"] for one in rounds]
    cpu = [_cpu(one["bare"]) / _cpu(one["ours"]) for one in rounds]
    summary: dict[str, object] = {
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "cpu_ratio": round(statistics.median(cpu), 3),
        "cpu_ratio_range": [round(min(cpu), 3), round(max(cpu), 3)],
        "rounds": len(rounds),
        "clients": clients,
    }
    for name in ("ours", "bare"):
        for figure in FIGURES:
            value = statistics.median(one[name][figure] for one in rounds)
            summary[f"{name}_{figure}"] = round(value, 2)
    return summary


def _cpu(result: dict[str, float]) -> float:
    return result["cpu_ms_each"] + result["database_cpu_ms_each"]


if __name__ == "__main__":
    main()

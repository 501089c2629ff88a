"""`python -m oversight rescore`: the history read again by the live classifier; it only raises."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from db.session import Database
from oversight.commands.running import run_on_record
from oversight.services.audit import Actor, Event, record
from oversight.services.models import who_changes
from oversight.services.rereading import Reread, words
from oversight.settings import Settings

EVER = datetime(1970, 1, 1, tzinfo=UTC)
RereadAll = Callable[[Database, str, datetime], Reread]
"""Reads everything said since a time with the live version of that name."""


def main(argv: Sequence[str], settings: Settings, reread: RereadAll) -> int:
    """Run to the end, or until Ctrl-C; run again, it goes on. Exit status as elsewhere."""
    chosen = _parser().parse_args(argv)
    return run_on_record(settings, lambda database: _rescore(database, chosen, reread))


def _rescore(database: Database, chosen: argparse.Namespace, reread: RereadAll) -> None:
    with database.reading() as session:
        actor = Actor.clinician(who_changes(session, chosen.by))
    detail = {"model_version": chosen.version, "since": chosen.since.isoformat()}
    _audit(database, "rescore.begin", actor, detail)
    done = reread(database, chosen.version, chosen.since)
    _audit(database, "rescore.end", actor, detail | asdict(done))
    print(words(done))


def _audit(database: Database, kind: str, actor: Actor, detail: dict[str, object]) -> None:
    with database.transaction() as session:
        record(session, Event(kind=kind, actor=actor, detail=detail))


def _moment(words: str) -> datetime:
    found = datetime.fromisoformat(words)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oversight rescore", description=__doc__)
    parser.add_argument("--version", required=True, help="the live version, as models list says it")
    parser.add_argument("--by", required=True, help="who asks: a study lead's or admin's user name")
    parser.add_argument(
        "--since", type=_moment, default=EVER, help="only what was said since, such as 2026-01-31"
    )
    return parser

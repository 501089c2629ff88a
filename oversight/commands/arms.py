"""`python -m oversight arms`: policies of study arms, as YAML in and out."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import yaml

from db.session import Database
from oversight.commands.running import run_on_record
from oversight.queries.arms import arm_named, arms
from oversight.services.arms import put_in_force
from oversight.services.policies import PolicyDocument, parse_policy
from oversight.settings import Settings


def main(argv: Sequence[str], settings: Settings) -> int:
    """Run one action; the exit status is 0, or 1 after saying on stderr what was wrong."""
    chosen = _parser().parse_args(argv)
    return run_on_record(settings, lambda database: chosen.action(database, chosen))


def _list(database: Database, _chosen: argparse.Namespace) -> None:
    with database.reading() as session:
        for line in arms(session):
            automatic = (
                "releases by itself" if line.document["automatic_release"] else "releases nothing"
            )
            ratified = "ratified" if line.document["ratified"] else "not ratified"
            facts = f"version {line.version}, {line.document['mode']}, {automatic}, {ratified}"
            print(f"{line.study:<28} {line.arm:<14} {facts}")


def _show(database: Database, chosen: argparse.Namespace) -> None:
    with database.reading() as session:
        line = arm_named(session, chosen.study, chosen.arm)
    print(yaml.safe_dump(line.document, allow_unicode=True, sort_keys=False, width=100), end="")


def _check(_database: Database, chosen: argparse.Namespace) -> None:
    _read(chosen.file)
    print(f"{chosen.file} is a usable policy")


def _set(database: Database, chosen: argparse.Namespace) -> None:
    document = _read(chosen.file)
    with database.transaction() as session:
        _, number = put_in_force(session, study=chosen.study, arm=chosen.arm, document=document)
    print(f"version {number} is in force for {chosen.study}/{chosen.arm}")


def _read(file: Path) -> PolicyDocument:
    return parse_policy(file.read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oversight arms")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="every arm and the policy version in force")
    listed.set_defaults(action=_list)
    show = actions.add_parser("show", help="an arm's policy as YAML")
    check = actions.add_parser("check", help="say whether a policy file is usable, and what is not")
    change = actions.add_parser("set", help="put a policy file in force for an arm, made if new")
    for action, does in ((show, _show), (change, _set)):
        action.add_argument("--study", required=True)
        action.add_argument("--arm", required=True)
        action.set_defaults(action=does)
    for action in (check, change):
        action.add_argument("file", type=Path)
    check.set_defaults(action=_check)
    return parser

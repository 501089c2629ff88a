"""`python -m oversight keys`: create, list and revoke the keys that bots show to the gateway."""

import argparse
import sys
import uuid
from collections.abc import Sequence

from db.session import Database
from oversight.commands.running import run_on_record
from oversight.services import keys
from oversight.settings import Settings


def main(argv: Sequence[str], settings: Settings) -> int:
    """Run one of the three; the exit status is 0, or 1 after saying on stderr what was wrong."""
    chosen = _parser().parse_args(argv)
    return run_on_record(settings, lambda database: _run(chosen, database))


def _run(chosen: argparse.Namespace, database: Database) -> None:
    if chosen.action == "create":
        with database.transaction() as session:
            key = keys.create_key(session, study=chosen.study, label=chosen.label)
        print(key)
        print("Keep it now: it is not shown again.", file=sys.stderr)
    elif chosen.action == "revoke":
        with database.transaction() as session:
            keys.revoke_key(session, chosen.key)
        print(f"revoked {chosen.key}")
    else:
        with database.reading() as session:
            lines = keys.list_keys(session)
        for line in lines:
            print(_line(line))


def _line(key: keys.KeyLine) -> str:
    revoked = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "live"
    return f"{key.id}  {key.created_at:%Y-%m-%d %H:%M}  {revoked}  {key.study}  {key.label}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oversight keys")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key and print it, once")
    create.add_argument("--study", required=True, type=_name, help="made if there is none")
    create.add_argument("--label", required=True, type=_name, help="who will use it")
    actions.add_parser("list", help="every key, without the key itself")
    revoke = actions.add_parser("revoke", help="stop a key within seconds")
    revoke.add_argument("key", type=uuid.UUID, metavar="ID", help="as `list` shows it")
    return parser


def _name(text: str) -> str:
    if not 1 <= len(text.strip()) <= 128 or not text.isprintable():
        raise argparse.ArgumentTypeError("must be 1 to 128 printable characters")
    return text.strip()

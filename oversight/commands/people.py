"""`python -m oversight people`: the accounts of those who sign in to the console.

The first account of a real study is made here; a password is shown once, when it is made.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from db.session import Database
from oversight.commands.running import run_on_record
from oversight.domain.errors import Conflict
from oversight.domain.permissions import Role
from oversight.queries.accounts import Account, account_named, accounts
from oversight.services import people
from oversight.settings import Settings


def main(argv: Sequence[str], settings: Settings) -> int:
    """Run one action; the exit status is 0, or 1 after saying on stderr what was wrong."""
    chosen = _parser().parse_args(argv)
    return run_on_record(settings, lambda database: chosen.action(database, chosen))


def _create(database: Database, chosen: argparse.Namespace) -> None:
    password = _new_password()
    try:
        with database.transaction() as session:
            people.create_person(
                session,
                username=chosen.username,
                name=chosen.name,
                role=chosen.role,
                password=password,
                languages=tuple(chosen.languages.split(",")),
            )
    except IntegrityError as error:
        if "username" not in str(error.orig):
            raise
        raise Conflict(f"somebody already has the username {chosen.username!r}") from None
    _show_once(password)


def _password(database: Database, chosen: argparse.Namespace) -> None:
    password = _new_password()
    with database.transaction() as session:
        people.set_password(session, account_named(session, chosen.username).id, password)
    _show_once(password)


def _deactivate(database: Database, chosen: argparse.Namespace) -> None:
    with database.transaction() as session:
        people.deactivate(session, account_named(session, chosen.username).id)
    print(f"{chosen.username} can no longer sign in")


def _list(database: Database, _chosen: argparse.Namespace) -> None:
    with database.reading() as session:
        everyone = accounts(session)
    for account in everyone:
        print(_line(account))


def _line(account: Account) -> str:
    state = f"deactivated {account.deactivated_at:%Y-%m-%d}" if account.deactivated_at else "active"
    return f"{account.username:<20} {account.role:<12} {state:<24} {account.name}"


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _show_once(password: str) -> None:
    print(password)
    print("Hand it over now: it is not shown again.", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oversight people")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="add someone, and print a password, once")
    create.add_argument("username", help="lower-case")
    create.add_argument("--name", required=True, help="as others see it")
    create.add_argument("--role", required=True, type=Role, help=" · ".join(Role))
    create.add_argument("--languages", default="en", help="codes with commas between: en,es")
    create.set_defaults(action=_create)
    password = actions.add_parser("password", help="a new password; running sessions end")
    password.add_argument("username")
    password.set_defaults(action=_password)
    deactivate = actions.add_parser("deactivate", help="shut someone out; the record names them on")
    deactivate.add_argument("username")
    deactivate.set_defaults(action=_deactivate)
    everyone = actions.add_parser("list", help="every account")
    everyone.set_defaults(action=_list)
    return parser

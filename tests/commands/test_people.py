"""The operator's accounts: made, listed, renewed and closed from the command line."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import Engine

from db.session import Database
from oversight.commands import people
from oversight.services.people import sign_in
from oversight.settings import Settings

ADA = ("create", "ada", "--name", "Ada Example", "--role", "clinician", "--languages", "en,es")


def may_sign_in(engine: Engine, username: str, password: str) -> bool:
    with Database(engine).transaction() as session:
        return sign_in(session, username, password) is not None


def test_a_new_account_can_sign_in_with_the_password_shown(
    settings: Settings, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert people.main(ADA, settings) == 0
    password = capsys.readouterr().out.strip()
    assert may_sign_in(engine, "ada", password)
    assert not may_sign_in(engine, "ada", password + "x")


def test_a_username_is_given_once(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert people.main(ADA, settings) == 0
    assert people.main(ADA, settings) == 1
    assert "already has the username 'ada'" in capsys.readouterr().err


def test_a_new_password_replaces_the_old_one(
    settings: Settings, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    people.main(ADA, settings)
    old = capsys.readouterr().out.strip()
    assert people.main(("password", "ada"), settings) == 0
    new = capsys.readouterr().out.strip()
    assert may_sign_in(engine, "ada", new)
    assert not may_sign_in(engine, "ada", old)


def test_a_deactivated_account_is_shut_out_and_still_listed(
    settings: Settings, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    people.main(ADA, settings)
    password = capsys.readouterr().out.strip()
    assert people.main(("deactivate", "ada"), settings) == 0
    assert not may_sign_in(engine, "ada", password)
    people.main(("list",), settings)
    assert "deactivated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("password", "nobody"), "nobody has the username"),
        (("deactivate", "nobody"), "nobody has the username"),
        (("create", "Ada", "--name", "Ada", "--role", "admin"), "lower-case"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    assert people.main(arguments, settings) == 1
    assert reason in capsys.readouterr().err


def test_a_database_that_is_away_is_said_in_one_line(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = dataclasses.replace(settings, database_url="postgresql+psycopg://me@127.0.0.1:1/none")
    assert people.main(("list",), away) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_an_unknown_role_is_refused(settings: Settings) -> None:
    with pytest.raises(SystemExit):
        people.main(("create", "ada", "--name", "Ada", "--role", "captain"), settings)

"""The settings: one table, safe defaults, refusals that a person can act on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from oversight.settings import (
    VARIABLES,
    SettingError,
    Settings,
    libpq_url,
    read_settings,
    settings_as_markdown,
)

ROOT = Path(__file__).parents[2]


def test_every_field_is_a_row_of_the_table_and_every_row_a_field() -> None:
    assert [v.field for v in VARIABLES] == [f.name for f in dataclasses.fields(Settings)]


def test_the_documentation_shows_the_table_as_it_is() -> None:
    """To write it anew: python -m oversight settings > docs/settings.md, below its heading."""
    assert settings_as_markdown() in (ROOT / "docs" / "settings.md").read_text()


def test_nothing_set_means_the_defaults() -> None:
    settings = read_settings({})
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.var == Path("var").absolute()
    assert settings.console_url == "http://127.0.0.1:8501"
    assert settings.gateway_url == "http://127.0.0.1:8600"
    assert settings.demo is True


def test_set_but_empty_means_the_default() -> None:
    assert read_settings({"OVERSIGHT_CONSOLE_PORT": " "}).console_port == 8501


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.name)
def test_every_default_satisfies_its_own_rule(variable: object) -> None:
    assert read_settings({variable.name: variable.default}) == read_settings({})  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("OVERSIGHT_CONSOLE_PORT", "eighty", "a whole number from 1 to 65535"),
        ("OVERSIGHT_CONSOLE_PORT", "0", "a whole number from 1 to 65535"),
        ("OVERSIGHT_GATEWAY_PORT", "65536", "a whole number from 1 to 65535"),
        ("OVERSIGHT_GATEWAY_PORT", "8600.5", "a whole number"),
        ("OVERSIGHT_DEMO", "maybe", "1 or 0"),
        ("OVERSIGHT_DEMO_SPEED", "nan", "a number from"),
        ("OVERSIGHT_DEMO_SPEED", "inf", "a number from"),
        ("OVERSIGHT_LOCK_SECONDS", "-1", "a number from"),
        ("OVERSIGHT_SCORERS", "-1", "a whole number from 0 to 64"),
        ("OVERSIGHT_LOG_LEVEL", "loud", "debug · info · warning · error"),
        ("OVERSIGHT_HOST", "a host", "a host name or address"),
        ("DATABASE_URL", "mysql://host/name", "postgresql://"),
        ("DATABASE_URL", "oversight", "postgresql://"),
        ("REDIS_URL", "http://host", "redis://"),
    ],
)
def test_a_bad_value_is_refused_by_name_value_and_rule(name: str, text: str, allowed: str) -> None:
    with pytest.raises(SettingError) as refusal:
        read_settings({name: text})
    assert name in str(refusal.value)
    assert text in str(refusal.value)
    assert allowed in str(refusal.value)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(SettingError) as refusal:
        read_settings({"DATABASE_URL": "mysql://me:hunter2@host/name"})
    assert "hunter2" not in str(refusal.value)
    assert "host/name" in str(refusal.value)


def test_two_servers_cannot_share_a_port() -> None:
    with pytest.raises(SettingError, match="different ports"):
        read_settings({"OVERSIGHT_CONSOLE_PORT": "9000", "OVERSIGHT_GATEWAY_PORT": "9000"})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_spelling_of_a_postgresql_address_is_taken(scheme: str) -> None:
    url = read_settings(
        {"DATABASE_URL": f"{scheme}://me@host:5433/name?sslmode=require"}
    ).database_url
    assert url == "postgresql+psycopg://me@host:5433/name?sslmode=require"
    assert libpq_url(url) == "postgresql://me@host:5433/name?sslmode=require"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
        ("ward.example", "ward.example"),
    ],
)
def test_the_shown_address_is_one_that_a_browser_can_visit(host: str, shown: str) -> None:
    assert read_settings({"OVERSIGHT_HOST": host}).console_url == f"http://{shown}:8501"

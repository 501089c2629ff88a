"""Every setting of the product, read from the environment once.

`VARIABLES` is the one table: defaults, meanings and limits live here, and docs/settings.md is
written from it (`python -m oversight settings --markdown`).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DATABASE_DRIVER = "postgresql+psycopg"


class SettingError(ValueError):
    """A variable holds something that cannot be used. The message is fit for an operator."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the table: how a variable is called, read, limited and explained."""

    name: str
    field: str
    default: str
    allowed: str
    meaning: str
    read: Callable[[str], Any]  # Any: each row reads to the type of its own Settings field.


def _number(low: float, high: float) -> tuple[str, Callable[[str], Any]]:
    return f"a number from {low:g} to {high:g}", lambda text: _within(low, float(text), high)


def _whole_number(low: int, high: int) -> tuple[str, Callable[[str], Any]]:
    return f"a whole number from {low} to {high}", lambda text: _within(low, int(text), high)


def _within(low: float, number: float, high: float) -> float:
    if not low <= number <= high:  # NaN is within nothing.
        raise ValueError(number)
    return number


def _one_of(*words: str) -> tuple[str, Callable[[str], Any]]:
    def read(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(text)
        return word

    return " · ".join(words), read


def _switch() -> tuple[str, Callable[[str], Any]]:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    return "1 or 0", lambda text: words[text.strip().lower()]


def _url(allowed: str, normalise: Callable[[str], str]) -> tuple[str, Callable[[str], Any]]:
    return f"empty, or {allowed}", lambda text: normalise(text) if text.strip() else None


def _database_url(text: str) -> str:
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme not in {"postgres", "postgresql", DATABASE_DRIVER}:
        raise ValueError(text)
    return f"{DATABASE_DRIVER}://{rest}"


def _redis_url(text: str) -> str:
    if not text.strip().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(text)
    return text.strip()


def _web_url(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(text)
    return text.strip().rstrip("/")


def _smtp_url(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or not parts.hostname:
        raise ValueError(text)
    return text.strip()


def _mail_address(text: str) -> str:
    address = text.strip()
    name, at, host = address.partition("@")
    if not (name and at and host) or any(one.isspace() or one in "<>,;" for one in address):
        raise ValueError(text)
    return address


def _folder(text: str) -> Path:
    if not text.strip() or "\0" in text:
        raise ValueError(text)
    return Path(text).expanduser().absolute()


def _host(text: str) -> str:
    host = text.strip()
    if not host or any(character.isspace() or character in "/@" for character in host):
        raise ValueError(text)
    return host


def _row(name: str, default: str, rule: tuple[str, Callable[[str], Any]], meaning: str) -> Variable:
    allowed, read = rule
    field = name.removeprefix("OVERSIGHT_").lower()
    return Variable(name, field, default, allowed, meaning, read)


_PORT = _whole_number(1, 65535)

VARIABLES: tuple[Variable, ...] = (
    _row(
        "DATABASE_URL",
        "",
        _url("postgresql://user@host/name", _database_url),
        "PostgreSQL 15 or later that holds the record. Empty: a server of our own under "
        "OVERSIGHT_VAR.",
    ),
    _row(
        "REDIS_URL",
        "",
        _url("redis:// · rediss:// · unix://", _redis_url),
        "Redis or Valkey that rings the bell. Empty: a server of our own under OVERSIGHT_VAR.",
    ),
    _row(
        "OVERSIGHT_VAR",
        "./var",
        ("a folder", _folder),
        "Where this machine keeps its data: the servers' files, logs, the demonstration's "
        "sign-ins.",
    ),
    _row(
        "OVERSIGHT_HOST",
        "127.0.0.1",
        ("a host name or address", _host),
        "Address that console and gateway listen on.",
    ),
    _row(
        "OVERSIGHT_PUBLIC_URL",
        "",
        _url("https:// · http://", _web_url),
        "Where people reach the console, for the links in pages. Empty: host and port of this "
        "machine.",
    ),
    _row(
        "OVERSIGHT_SMTP_URL",
        "",
        _url("smtp:// · smtps:// · smtp+starttls://, with user:password@host:port", _smtp_url),
        "Mail server that takes pages. Empty: pages by e-mail fail, and say so.",
    ),
    _row(
        "OVERSIGHT_PAGE_FROM",
        "oversight@localhost",
        ("an e-mail address", _mail_address),
        "Sender of pages by e-mail.",
    ),
    _row(
        "OVERSIGHT_DEAD_MAN_URL",
        "",
        _url("https:// · http://", _web_url),
        "Outside address that the clock calls every minute; whoever watches it calls people when "
        "it stays silent.",
    ),
    _row("OVERSIGHT_CONSOLE_PORT", "8501", _PORT, "Port of the console."),
    _row("OVERSIGHT_GATEWAY_PORT", "8600", _PORT, "Port of the gateway, which bots talk to."),
    _row(
        "OVERSIGHT_DEMO",
        "1",
        _switch(),
        "Whether the demonstration study, its people and its synthetic trial are set up. "
        "Switch off for real studies.",
    ),
    _row(
        "OVERSIGHT_DEMO_SPEED",
        "1",
        _number(0.01, 1000),
        "Pace of the synthetic trial: 1 is a pace one can watch, 10 is ten times as fast.",
    ),
    _row(
        "OVERSIGHT_SCORERS",
        "1",
        _whole_number(0, 64),
        "Scorer processes (one model and one thread each).",
    ),
    _row(
        "OVERSIGHT_THRESHOLDS",
        "default",
        _one_of("default", "cautious", "widest"),
        "Thresholds of the classifier: cautious and widest miss fewer at L3 and L4 and call more "
        "that is harmless; docs/model-card.md says how many.",
    ),
    _row("OVERSIGHT_COURIERS", "1", _whole_number(0, 64), "Courier processes (deliveries, pages)."),
    _row(
        "OVERSIGHT_RATE_PER_SECOND",
        "1000",
        _number(0.1, 1_000_000),
        "Requests a second that one study key may make before it is answered 429.",
    ),
    _row(
        "OVERSIGHT_STATEMENT_SECONDS",
        "10",
        _number(0.1, 600),
        "Longest time one database statement may take.",
    ),
    _row(
        "OVERSIGHT_LOCK_SECONDS",
        "3",
        _number(0.1, 60),
        "Longest time a statement may wait for a lock.",
    ),
    _row(
        "OVERSIGHT_IDLE_TRANSACTION_SECONDS",
        "15",
        _number(0.1, 600),
        "Longest time a transaction may stay open without a statement.",
    ),
    _row(
        "OVERSIGHT_POOL_SIZE",
        "10",
        _whole_number(1, 200),
        "Database connections that one process keeps.",
    ),
    _row(
        "OVERSIGHT_LOG_LEVEL",
        "info",
        _one_of("debug", "info", "warning", "error"),
        "Least important log line that is still written.",
    ),
    _row(
        "OVERSIGHT_LOG_FORMAT",
        "text",
        _one_of("text", "json"),
        "Log lines as key=value text, or as one JSON object a line.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment asked for, checked. Fields are the rows of `VARIABLES`, in order."""

    database_url: str | None
    redis_url: str | None
    var: Path
    host: str
    public_url: str | None
    smtp_url: str | None
    page_from: str
    dead_man_url: str | None
    console_port: int
    gateway_port: int
    demo: bool
    demo_speed: float
    scorers: int
    thresholds: str
    couriers: int
    rate_per_second: float
    statement_seconds: float
    lock_seconds: float
    idle_transaction_seconds: float
    pool_size: int
    log_level: str
    log_format: str

    @property
    def console_url(self) -> str:
        return f"http://{_visited(self.host)}:{self.console_port}"

    @property
    def link_url(self) -> str:
        """Where the links in pages lead."""
        return self.public_url or self.console_url

    @property
    def gateway_url(self) -> str:
        return f"http://{_visited(self.host)}:{self.gateway_port}"

    def with_servers(self, *, database_url: str, redis_url: str) -> Settings:
        return dataclasses.replace(self, database_url=database_url, redis_url=redis_url)


def _visited(host: str) -> str:
    """How a browser on this machine writes the host; "all addresses" is none to visit."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (compared, not listened on)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check every variable; an unset variable and an empty one mean the default."""
    source = os.environ if environment is None else environment
    fields = {variable.field: _read(variable, source) for variable in VARIABLES}
    settings = Settings(**fields)
    if settings.console_port == settings.gateway_port:
        raise SettingError(
            f"OVERSIGHT_CONSOLE_PORT and OVERSIGHT_GATEWAY_PORT are both {settings.console_port}: "
            "give them different ports."
        )
    return settings


def _read(variable: Variable, environment: Mapping[str, str]) -> Any:
    text = environment.get(variable.name, "")
    try:
        return variable.read(text if text.strip() else variable.default)
    except (ValueError, KeyError):
        shown = _without_password(text)
        raise SettingError(
            f"{variable.name} is {shown!r}: it must be {variable.allowed}."
        ) from None


def _without_password(text: str) -> str:
    """The value as an operator may see it in a log: the password of an address is left out."""
    scheme, separator, rest = text.partition("://")
    sign_in, at, host = rest.rpartition("@")
    if not separator or not at:
        return text
    return f"{scheme}://{sign_in.partition(':')[0]}:…@{host}"


def libpq_url(database_url: str) -> str:
    """The same database in the form that psycopg itself takes (for LISTEN and tools)."""
    return database_url.replace(f"{DATABASE_DRIVER}://", "postgresql://", 1)


def settings_as_markdown() -> str:
    """The table of docs/settings.md."""
    lines = [
        "| Variable | Default | Allowed | Meaning |",
        "|---|---|---|---|",
    ]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else "(empty)"
        lines.append(f"| `{variable.name}` | {default} | {variable.allowed} | {variable.meaning} |")
    return "\n".join(lines) + "\n"

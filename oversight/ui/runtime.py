"""What one console process shares: settings and the database with its bell."""

from functools import cache

from db.session import Database, engine_for, now
from oversight.bell import make_bell
from oversight.settings import Settings, read_settings

LINGER_SECONDS = 0.02
"""Ringing is work for the processor: the reader's next card is drawn before others hear of it."""


@cache
def settings() -> Settings:
    """The settings this console was started with."""
    return read_settings()


@cache
def database() -> Database:
    """The console's database. Transactions are short, so a small pool serves many readers."""
    chosen = settings()
    return Database(engine_for(chosen), bell=make_bell(chosen, linger_seconds=LINGER_SECONDS))


__all__ = ["database", "now", "settings"]

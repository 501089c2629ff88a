"""What one console process shares: settings and the database with its bell."""

from functools import cache

from db.session import Database, engine_for, now
from oversight.bell import make_bell
from oversight.settings import Settings, read_settings


@cache
def settings() -> Settings:
    """The settings this console was started with."""
    return read_settings()


@cache
def database() -> Database:
    """The console's database. Transactions are short, so a small pool serves many readers."""
    chosen = settings()
    return Database(engine_for(chosen), bell=make_bell(chosen))


__all__ = ["database", "now", "settings"]

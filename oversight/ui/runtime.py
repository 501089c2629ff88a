"""What one console process shares: settings and the database with its bell."""

from functools import cache

from db.session import Database, make_engine, now
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
    engine = make_engine(str(chosen.database_url), pool_size=8)
    return Database(engine, bell=make_bell(chosen))


__all__ = ["database", "now", "settings"]

"""Bring a database up to the newest migration, or check that tables and migrations agree."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(database_url: str) -> Config:
    """Alembic's settings for one database; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(database_url: str) -> None:
    """Apply every missing migration; safe to call from several processes at once."""
    command.upgrade(configuration(database_url), "head")


def check(database_url: str) -> None:
    """Raise when the tables in code differ from what the migrations made."""
    command.check(configuration(database_url))

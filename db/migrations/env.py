"""Alembic's entry: brings a database to the tables of ``db.tables``."""

from alembic import context
from sqlalchemy import create_engine, text

from db.tables import Base

LOCK = 0x0E51617  # any constant: one migration at a time
MAY_BE_MISSING = {("index", "ix_search_words_similar")}
"""What is made only where the database lets us."""


def run() -> None:
    """Migrate under an advisory lock, waiting only briefly for locks on tables in use."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=False,
            include_name=lambda name, kind, _: (kind, name) not in MAY_BE_MISSING,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
        connection.commit()
    engine.dispose()


run()

"""What every operator's command does around its work: connect, say what is wrong, let go."""

import sys
from collections.abc import Callable

from db.session import RECORD_ERRORS, Database, make_engine, unavailable
from oversight.domain.errors import Refusal
from oversight.settings import Settings


def run_on_record(settings: Settings, work: Callable[[Database], None]) -> int:
    """Do ``work``; the exit status is 0, or 1 after saying on stderr what was wrong."""
    if settings.database_url is None:
        return _wrong("DATABASE_URL is empty.")
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        work(Database(engine))
    except Refusal as refusal:
        return _wrong(refusal.message)
    except RECORD_ERRORS as error:
        if unavailable(error):
            return _wrong("the database cannot be reached.")
        if isinstance(error, OSError):  # a file that cannot be read
            return _wrong(str(error))
        raise
    finally:
        engine.dispose()
    return 0


def _wrong(words: str) -> int:
    print(f"oversight: {words}", file=sys.stderr)
    return 1

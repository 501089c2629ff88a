"""What the background processes share: their database, their bell, and a prompt, clean end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from db.session import Database, engine_for
from oversight.bell import make_bell
from oversight.logs import logger
from oversight.settings import Settings

log = logger(__name__)


@dataclass(frozen=True)
class Process:
    """One background process. ``stopping`` is set by SIGTERM or Ctrl-C: finish, then return."""

    name: str
    settings: Settings
    database: Database
    close_bell: Callable[[], None]
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def process(name: str, settings: Settings) -> Iterator[Process]:
    """Connect, and on the way out say what is still unsaid. Call it from the main thread."""
    if settings.database_url is None:
        raise ValueError(f"the {name} needs DATABASE_URL")
    engine = engine_for(settings)
    bell = make_bell(settings)
    started = Process(name, settings, Database(engine, bell=bell), bell.close)
    _stop_on_signals(started.stopping)
    log.info("started", process=name)
    try:
        yield started
    finally:
        bell.close()
        engine.dispose()
        log.info("stopped", process=name)


def _stop_on_signals(stopping: threading.Event) -> None:
    """Nothing is raised in the middle of a transaction: every loop looks at the event."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

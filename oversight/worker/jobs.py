"""What RQ calls by name. A job carries nothing: it says that there is work, Postgres says which.

The bell sets a kick so that one waiting job stands for many rings. A job deletes it *before* it
looks, so that a change committed while it works rings again.
"""

from collections.abc import Callable

from redis import Redis

from oversight.bell import kick_key

Work = Callable[[], None]

_serving: dict[str, tuple[Redis, Work]] = {}


def serve(queue: str, connection: Redis, work: Work) -> None:
    """What this process does when ``queue`` rings; the warm classifier lives behind ``work``."""
    _serving[queue] = (connection, work)


def drain() -> None:
    """Score everything that waits."""
    _answer("score")


def deliver() -> None:
    """Wake whoever waits for a text that is due."""
    _answer("deliver")


def _answer(queue: str) -> None:
    connection, work = _serving[queue]
    connection.delete(kick_key(queue))
    work()

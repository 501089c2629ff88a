"""What ``/readyz`` and the strip on every page say about who and what watches."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Heartbeat
from oversight.domain.stopping import OnCallWord, silent
from oversight.queries.stops import teams_now

WATCHED = ("clock", "courier")
DEAD_MAN = "dead_man"


@dataclass(frozen=True)
class Watch:
    """Each part is ``ok`` or says in a word what is wrong; ``off`` for what nobody asked for."""

    on_call: str
    clock: str
    pager: str
    dead_man: str


def watch(session: Session, *, dead_man_wanted: bool) -> Watch:
    """Who is on call, and which processes have lately said that they work."""
    now = db_session.now(session)
    beats = {row.process: row for row in session.scalars(select(Heartbeat))}
    return Watch(
        on_call=_on_call(session, now=now),
        clock=_alive(beats, "clock", now=now),
        pager=_alive(beats, "courier", now=now),
        dead_man=_dead_man(beats) if dead_man_wanted else "off",
    )


def _on_call(session: Session, *, now: datetime) -> str:
    """The worst word of all teams: one that nobody answers for is not made good by another."""
    words = [one.word for one in teams_now(session, now=now)]
    bad = [one for one in words if one is not OnCallWord.OK]
    return (bad[0] if bad else OnCallWord.OK).value


def _alive(beats: Mapping[str, Heartbeat], process: str, *, now: datetime) -> str:
    found = beats.get(process)
    return "silent" if silent(found.beat_at if found else None, now=now) else "ok"


def _dead_man(beats: Mapping[str, Heartbeat]) -> str:
    found = beats.get(DEAD_MAN)
    return "unknown" if found is None else str(found.detail.get("state", "unknown"))

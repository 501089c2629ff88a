"""The strip on every page: am I on duty, does my pager work, who else is on, what is wrong."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician
from oversight.domain.rota import coverage
from oversight.domain.stopping import OnCallWord
from oversight.domain.words import ShiftPosition
from oversight.queries.pages import PagerState, pager_state
from oversight.queries.rota import INSTANT, on_until, rotas
from oversight.queries.stops import StopLine, open_stops, teams_now


@dataclass(frozen=True)
class Strip:
    """``others`` are on call besides me; ``uncovered`` are teams without anybody to count on."""

    on_duty_until: datetime | None
    pager: PagerState
    others: Sequence[tuple[str, ShiftPosition]]
    uncovered: Sequence[tuple[str, OnCallWord]]
    stops: Sequence[StopLine]


def strip(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> Strip:
    """Everything the strip shows to one person."""
    positions = _positions(session, now=now)
    names = {
        row.id: row.name
        for row in session.execute(
            select(Clinician.id, Clinician.name).where(Clinician.id.in_(list(positions)))
        )
    }
    return Strip(
        on_duty_until=on_until(session, now=now).get(clinician_id),
        pager=pager_state(session, clinician_id),
        others=[
            (names[person], position)
            for person, position in positions.items()
            if person != clinician_id
        ],
        uncovered=[
            (one.team.name, one.word)
            for one in teams_now(session, now=now)
            if one.word is not OnCallWord.OK
        ],
        stops=open_stops(session),
    )


def _positions(session: Session, *, now: datetime) -> dict[uuid.UUID, ShiftPosition]:
    """Everybody on call now, at the first position at which they are called."""
    found: dict[uuid.UUID, ShiftPosition] = {}
    for team in rotas(session, now, now + INSTANT):
        for stretch in coverage(team.rota, now, now + INSTANT):
            for person in stretch.people:
                found.setdefault(person, stretch.position)
    return found

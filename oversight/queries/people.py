"""Who is on the team, and who is on duty."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician
from oversight.domain.permissions import Role
from oversight.queries.rota import on_until


@dataclass(frozen=True)
class Reader:
    """Somebody who can take items."""

    id: uuid.UUID
    name: str
    role: Role
    on_duty: bool
    until: datetime | None


def readers(session: Session) -> Sequence[Reader]:
    """Active clinicians and supervisors, those on duty first."""
    until = on_until(session, now=db_session.now(session))
    rows = session.execute(
        select(Clinician.id, Clinician.name, Clinician.role)
        .where(
            Clinician.role.in_([Role.CLINICIAN, Role.SUPERVISOR]),
            Clinician.deactivated_at.is_(None),
        )
        .order_by(Clinician.name)
    )
    found = [
        Reader(row[0], row[1], Role(row[2]), row[0] in until, until.get(row[0])) for row in rows
    ]
    return sorted(found, key=lambda one: not one.on_duty)

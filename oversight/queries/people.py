"""Who is on the team, and who is on duty."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Clinician, Shift
from oversight.domain.permissions import Role


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
    until = (
        select(Shift.clinician_id, func.max(Shift.ends_at).label("until"))
        .where(
            Shift.starts_at <= func.oversight_now(),
            Shift.ends_at > func.oversight_now(),
        )
        .group_by(Shift.clinician_id)
        .subquery()
    )
    rows = session.execute(
        select(Clinician.id, Clinician.name, Clinician.role, until.c.until)
        .outerjoin(until, until.c.clinician_id == Clinician.id)
        .where(
            Clinician.role.in_([Role.CLINICIAN, Role.SUPERVISOR]),
            Clinician.deactivated_at.is_(None),
        )
        .order_by(until.c.until.is_(None), Clinician.name)
    )
    return [Reader(row[0], row[1], Role(row[2]), row[3] is not None, row[3]) for row in rows]

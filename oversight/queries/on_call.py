"""Who can be called now, and whether somebody was."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician, Escalation, Paging, Shift
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Role
from oversight.domain.words import ShiftPosition


def on_call(session: Session, roles: Sequence[str], *, now: datetime) -> list[uuid.UUID]:
    """Who answers for these ladder roles now: people on shift, or everyone of a standing role."""
    found: dict[uuid.UUID, None] = {}
    positions = [role for role in roles if role in set(ShiftPosition)]
    if positions or "shift" in roles:
        shifts = (
            select(Shift.clinician_id)
            .join(Clinician, Clinician.id == Shift.clinician_id)
            .where(Shift.starts_at <= now, Shift.ends_at > now, Clinician.deactivated_at.is_(None))
            .order_by(Shift.position, Shift.starts_at)
        )
        if "shift" not in roles:
            shifts = shifts.where(Shift.position.in_(positions))
        found |= dict.fromkeys(session.scalars(shifts))
    standing = [role for role in roles if role in (Role.SUPERVISOR, Role.STUDY_LEAD)]
    if standing:
        people = select(Clinician.id).where(
            Clinician.role.in_(standing), Clinician.deactivated_at.is_(None)
        )
        found |= dict.fromkeys(session.scalars(people))
    return list(found)


def somebody_told(session: Session, conversation_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether somebody on duty now was called about this conversation, or somebody has it."""
    called = (
        select(Paging.id)
        .join(Shift, Shift.clinician_id == Paging.clinician_id)
        .where(
            Paging.escalation_id == Escalation.id,
            Paging.at >= Escalation.ladder_started_at,
            Shift.starts_at <= now,
            Shift.ends_at > now,
        )
        .exists()
    )
    found = session.scalar(
        select(Escalation.id).where(
            Escalation.conversation_id == conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
            Escalation.owner_id.is_not(None) | called,
        )
    )
    return found is not None

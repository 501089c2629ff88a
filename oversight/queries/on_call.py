"""Who can be called now, and whether somebody was."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician, Escalation, Paging
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Role
from oversight.domain.rota import on_at
from oversight.domain.words import ShiftPosition
from oversight.queries.rota import INSTANT, rotas

STANDING = {
    ShiftPosition.SUPERVISOR: Role.SUPERVISOR,
    ShiftPosition.STUDY_LEAD: Role.STUDY_LEAD,
}
"""Positions that everybody of a role answers for while the rota names nobody."""


class OnCall:
    """Who answers for each ladder role at one moment, each study's teams read once."""

    def __init__(self, session: Session, *, now: datetime) -> None:
        self._session = session
        self._now = now
        self._found: dict[tuple[uuid.UUID | None, ShiftPosition], tuple[uuid.UUID, ...]] = {}
        self._studies: set[uuid.UUID | None] = set()

    def people(self, roles: Sequence[str], *, study_id: uuid.UUID | None) -> list[uuid.UUID]:
        """Everybody who answers for these roles, first to be called first.

        ``shift`` is everybody on duty at any position. Where the rota names nobody as supervisor
        or study lead, everybody of that role stands in.
        """
        found: dict[uuid.UUID, None] = {}
        for position in ShiftPosition:
            named = position.value in roles
            if named or "shift" in roles:
                on = self._at(position, study_id)
                stand_in = self._everybody(STANDING[position]) if position in STANDING else ()
                found |= dict.fromkeys(on or (stand_in if named else ()))
        return list(found)

    def _at(self, position: ShiftPosition, study_id: uuid.UUID | None) -> tuple[uuid.UUID, ...]:
        if study_id not in self._studies:
            self._studies.add(study_id)
            now = self._now
            for team in rotas(self._session, now, now + INSTANT, study_id=study_id):
                for one in ShiftPosition:
                    known = self._found.get((study_id, one), ())
                    people = dict.fromkeys([*known, *on_at(team.rota, one, now)])
                    self._found[study_id, one] = tuple(people)
        return self._found.get((study_id, position), ())

    def _everybody(self, role: Role) -> Sequence[uuid.UUID]:
        return self._session.scalars(
            select(Clinician.id)
            .where(Clinician.role == role, Clinician.deactivated_at.is_(None))
            .order_by(Clinician.id)
        ).all()


def on_call(
    session: Session, roles: Sequence[str], *, now: datetime, study_id: uuid.UUID | None = None
) -> list[uuid.UUID]:
    """Who answers for these ladder roles now: people on shift, or everyone of a standing role."""
    return OnCall(session, now=now).people(roles, study_id=study_id)


def somebody_told(session: Session, conversation_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether somebody on duty now was called about this conversation, or somebody has it."""
    escalation = session.execute(
        select(
            Escalation.id, Escalation.owner_id, Escalation.study_id, Escalation.ladder_started_at
        ).where(
            Escalation.conversation_id == conversation_id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
    ).one_or_none()
    if escalation is None or escalation.owner_id is not None:
        return escalation is not None
    called = session.scalars(
        select(Paging.clinician_id).where(
            Paging.escalation_id == escalation.id, Paging.at >= escalation.ladder_started_at
        )
    ).all()
    return bool({*called} & {*on_call(session, ["shift"], now=now, study_id=escalation.study_id)})

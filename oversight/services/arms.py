"""Study arms: which policy version is in force for whom."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Arm, Study, new_id
from oversight.domain.errors import NotFound
from oversight.services.audit import Actor, Event, record
from oversight.services.policies import PolicyDocument, store_policy


def put_in_force(
    session: Session, *, study: str, arm: str, document: PolicyDocument
) -> tuple[uuid.UUID, int]:
    """Store a new policy version and make it the arm's (made if new); returns its id and number.

    Items that are open keep the version they opened under, and ladders that run keep their steps.
    """
    study_id = session.scalar(select(Study.id).where(Study.name == study))
    if study_id is None:
        raise NotFound(f"there is no study called {study!r}; make one by creating a key for it")
    version_id, number = store_policy(session, study_id, f"arm {arm}", document)
    row = session.scalars(
        select(Arm).where(Arm.study_id == study_id, Arm.name == arm)
    ).one_or_none()
    if row is None:
        session.add(Arm(id=new_id(), study_id=study_id, name=arm, policy_version_id=version_id))
    else:
        row.policy_version_id = version_id
    session.flush()
    detail = {"arm": arm, "number": number, "mode": document.mode.value}
    operator = Actor.system("operator")
    record(
        session, Event("policy.put_in_force", operator, study_id, subject=version_id, detail=detail)
    )
    return version_id, number

"""The arms of every study, each with the policy version in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Arm, PolicyVersion, Study
from oversight.domain.errors import NotFound


@dataclass(frozen=True)
class ArmLine:
    """One arm. ``document`` is its policy as it was validated and stored (Any: JSON)."""

    study: str
    arm: str
    version: int
    document: dict[str, Any]


def arms(session: Session) -> Sequence[ArmLine]:
    """Every arm, by study and name."""
    rows = session.execute(
        select(Study.name, Arm.name, PolicyVersion.number, PolicyVersion.document)
        .join(Arm, Arm.study_id == Study.id)
        .join(PolicyVersion, PolicyVersion.id == Arm.policy_version_id)
        .order_by(Study.name, Arm.name)
    )
    return [ArmLine(*row) for row in rows]


def arm_named(session: Session, study: str, arm: str) -> ArmLine:
    """One arm; NotFound says which there are."""
    known = arms(session)
    for line in known:
        if (line.study, line.arm) == (study, arm):
            return line
    names = ", ".join(f"{line.study}/{line.arm}" for line in known) or "none"
    raise NotFound(f"there is no arm {study}/{arm}; there are: {names}")

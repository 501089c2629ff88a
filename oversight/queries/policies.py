"""The rules in force. Versions are immutable, so each is read once a process."""

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, Interval, func, select
from sqlalchemy.orm import Session

from db.tables import Arm, PolicyVersion
from oversight.domain.errors import Incomplete, NotFound
from oversight.domain.policy import Policy, policy_from

_read: dict[uuid.UUID, Policy] = {}


def policy_of(session: Session, policy_version_id: uuid.UUID) -> Policy:
    """The rules of one stored version."""
    known = _read.get(policy_version_id)
    if known is None:
        document = session.scalar(
            select(PolicyVersion.document).where(PolicyVersion.id == policy_version_id)
        )
        if document is None:
            raise NotFound("no such policy version", policy_version_id=str(policy_version_id))
        known = _read[policy_version_id] = policy_from(document)
    return known


def lease_of(policy_version_id: ColumnElement[uuid.UUID]) -> ColumnElement[timedelta]:
    """How long one version lets a claim be held, for a statement that writes a claim."""
    told = select(PolicyVersion.document["lease_seconds"].as_float())
    seconds = told.where(PolicyVersion.id == policy_version_id).scalar_subquery()
    lease: ColumnElement[timedelta] = func.make_interval(
        0, 0, 0, 0, 0, 0, func.coalesce(seconds, float(Policy.lease_seconds)), type_=Interval()
    )
    return lease


def default_version(session: Session, study_id: uuid.UUID) -> uuid.UUID:
    """The version behind the study's arm ``default``: what an omitted arm means."""
    found = session.scalar(
        select(Arm.policy_version_id).where(Arm.study_id == study_id, Arm.name == "default")
    )
    if found is None:
        raise Incomplete("the study has no arm called default; create the study again with one")
    return found

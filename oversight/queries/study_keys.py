"""Which study a key belongs to."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import StudyKey


@dataclass(frozen=True)
class KeyStanding:
    """A stored key: whose it is, and whether it was revoked."""

    key_id: uuid.UUID
    study_id: uuid.UUID
    revoked: bool


def key_standing(session: Session, digest: str) -> KeyStanding | None:
    """The key of that digest, revoked or not; None when there never was one."""
    row = session.execute(
        select(StudyKey.id, StudyKey.study_id, StudyKey.revoked_at).where(StudyKey.digest == digest)
    ).one_or_none()
    return KeyStanding(row.id, row.study_id, row.revoked_at is not None) if row else None

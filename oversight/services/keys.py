"""Study keys: what a bot shows to the HTTP API. Shown once, kept only as a digest."""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Arm, Study, StudyKey, new_id, table_of
from oversight.domain.errors import NotFound
from oversight.services.audit import Actor, Event, record
from oversight.services.policies import default_document, store_policy

OPERATOR = Actor.system("operator")


@dataclass(frozen=True)
class KeyLine:
    """One key as an operator sees it: never the key itself."""

    id: uuid.UUID
    study: str
    label: str
    created_at: datetime
    revoked_at: datetime | None


def digest_of_key(key: str) -> str:
    """SHA-256 of a key. Keys are 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def find_or_create_study(session: Session, name: str) -> uuid.UUID:
    """The study of that name, made with the default policy and an arm called default if new."""
    found = session.scalar(select(Study.id).where(Study.name == name))
    if found is not None:
        return found
    study = Study(id=new_id(), name=name)
    session.add(study)
    session.flush()
    version_id, _ = store_policy(session, study.id, "default", default_document())
    session.add(Arm(id=new_id(), study_id=study.id, name="default", policy_version_id=version_id))
    session.flush()
    record(session, Event("study.create", OPERATOR, study_id=study.id, subject=study.id))
    return study.id


def create_key(session: Session, *, study: str, label: str) -> str:
    """Make a key for a study (made if new) and return it; it cannot be shown again."""
    study_id = find_or_create_study(session, study)
    key = f"ovk_{secrets.token_urlsafe(32)}"
    row = StudyKey(id=new_id(), study_id=study_id, label=label, digest=digest_of_key(key))
    session.add(row)
    session.flush()
    record(session, Event("key.create", OPERATOR, study_id=study_id, subject=row.id))
    return key


def list_keys(session: Session) -> Sequence[KeyLine]:
    """Every key, revoked ones too, oldest first."""
    rows = session.execute(
        select(StudyKey.id, Study.name, StudyKey.label, StudyKey.created_at, StudyKey.revoked_at)
        .join(Study, Study.id == StudyKey.study_id)
        .order_by(StudyKey.created_at)
    )
    return [KeyLine(*row) for row in rows]


def revoke_key(session: Session, key_id: uuid.UUID) -> None:
    """Stop a key at once (gateways notice within seconds); NotFound when there is none."""
    row = session.execute(
        update(table_of(StudyKey))
        .where(table_of(StudyKey).c.id == key_id, table_of(StudyKey).c.revoked_at.is_(None))
        .values(revoked_at=db_session.now(session))
        .returning(table_of(StudyKey).c.study_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such live key; list them with: python -m oversight keys list")
    record(session, Event("key.revoke", OPERATOR, study_id=row.study_id, subject=key_id))

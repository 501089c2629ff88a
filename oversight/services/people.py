"""Local accounts and sign-ins. Passwords are argon2id; a sign-in is a row that can be revoked."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician, SignIn, SignInFailure, new_id, table_of
from oversight.domain.errors import Incomplete, NotFound, NotPermitted
from oversight.domain.pages import NotTold
from oversight.domain.permissions import Role
from oversight.services.audit import Actor, Event, record
from oversight.services.escalating import let_go
from oversight.services.paging import drop_pages_of

SIGN_IN_HOURS = 12
FAILURES_ALLOWED = 10
FAILURES_WITHIN = timedelta(minutes=15)
PASSWORD_LENGTH = 10

_hasher = PasswordHasher()
# Verified against when the username is unknown, so that a guess takes the same time either way.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Person:
    """The signed-in person, as pages and permissions know them."""

    id: uuid.UUID
    username: str
    name: str
    role: Role
    languages: tuple[str, ...]
    sign_in_id: uuid.UUID | None = None


def create_person(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    languages: tuple[str, ...] = ("en",),
) -> uuid.UUID:
    """Add someone who may sign in; Incomplete names what is unusable."""
    if not username.strip() or username != username.strip().lower():
        raise Incomplete("a username is lower-case and not empty", field="username")
    if len(password) < PASSWORD_LENGTH:
        raise Incomplete(f"a password has at least {PASSWORD_LENGTH} characters", field="password")
    person = Clinician(
        id=new_id(),
        username=username,
        name=name,
        role=role,
        languages=list(languages),
        password_hash=_hasher.hash(password),
    )
    session.add(person)
    session.flush()
    detail = {"role": role.value}
    record(
        session, Event("person.create", Actor.system("operator"), subject=person.id, detail=detail)
    )
    return person.id


def sign_in(session: Session, username: str, password: str) -> tuple[Person, str] | None:
    """The person and a new session token, or None for a wrong name or password.

    The caller commits either way: a failure is counted. After ten failures in fifteen minutes
    the name is refused (NotPermitted) until they have passed.
    """
    name = username.strip().lower()[:128]
    now = db_session.now(session)
    failures = session.scalar(
        select(func.count())
        .select_from(SignInFailure)
        .where(SignInFailure.username == name, SignInFailure.at > now - FAILURES_WITHIN)
    )
    if (failures or 0) >= FAILURES_ALLOWED:
        raise NotPermitted("too many failed attempts: wait fifteen minutes and try again")
    person = session.scalars(
        select(Clinician).where(Clinician.username == name, Clinician.deactivated_at.is_(None))
    ).one_or_none()
    if not _matches(person.password_hash if person else _NOBODY, password) or person is None:
        session.add(SignInFailure(id=new_id(), username=name))
        return None
    token = secrets.token_urlsafe(32)
    row = SignIn(
        id=new_id(),
        clinician_id=person.id,
        digest=_digest(token),
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=SIGN_IN_HOURS),
    )
    session.add(row)
    session.flush()
    record(session, Event("person.sign_in", Actor.clinician(person.id), subject=row.id))
    return _person(person, row.id), token


_SIGNED_IN = (
    select(
        Clinician.id,
        Clinician.username,
        Clinician.name,
        Clinician.role,
        Clinician.languages,
        SignIn.id.label("sign_in_id"),
    )
    .join(SignIn, SignIn.clinician_id == Clinician.id)
    .where(
        SignIn.digest == bindparam("digest"),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > func.oversight_now(),
        Clinician.deactivated_at.is_(None),
    )
)


def person_of(session: Session, token: str) -> Person | None:
    """Who a session token belongs to, while it is neither expired nor revoked."""
    found = session.execute(_SIGNED_IN, {"digest": _digest(token)}).one_or_none()
    if found is None:
        return None
    return Person(
        found.id,
        found.username,
        found.name,
        Role(found.role),
        tuple(found.languages),
        found.sign_in_id,
    )


def sign_out(session: Session, token: str) -> None:
    """Revoke a session for good; unknown or ended ones are left alone."""
    row = session.execute(
        update(table_of(SignIn))
        .where(table_of(SignIn).c.digest == _digest(token), table_of(SignIn).c.revoked_at.is_(None))
        .values(revoked_at=db_session.now(session))
        .returning(table_of(SignIn).c.id, table_of(SignIn).c.clinician_id)
    ).one_or_none()
    if row is not None:
        record(session, Event("person.sign_out", Actor.clinician(row.clinician_id), subject=row.id))


def knows_password(session: Session, clinician_id: uuid.UUID, password: str) -> bool:
    """Whether somebody signing a record gives their own password again (21 CFR 11.200)."""
    person = session.get(Clinician, clinician_id)
    active = person is not None and person.deactivated_at is None
    return active and person is not None and _matches(person.password_hash, password)


def set_password(session: Session, clinician_id: uuid.UUID, password: str) -> None:
    """Give someone a new password; their running sessions end."""
    if len(password) < PASSWORD_LENGTH:
        raise Incomplete(f"a password has at least {PASSWORD_LENGTH} characters", field="password")
    person = session.get_one(Clinician, clinician_id)
    person.password_hash = _hasher.hash(password)
    _revoke_all(session, clinician_id)
    record(session, Event("person.set_password", Actor.system("operator"), subject=clinician_id))


def deactivate(session: Session, clinician_id: uuid.UUID) -> None:
    """Shut someone out and revoke their sessions; the record keeps naming them."""
    now = db_session.now(session)
    person = session.get(Clinician, clinician_id)
    if person is None:
        raise NotFound("no such person")
    person.deactivated_at = now
    _revoke_all(session, clinician_id)
    drop_pages_of(session, clinician_id, why=NotTold.DEACTIVATED, now=now)
    let_go(session, clinician_id, now=now)
    record(session, Event("person.deactivate", Actor.system("operator"), subject=clinician_id))


def _revoke_all(session: Session, clinician_id: uuid.UUID) -> None:
    sign_ins = table_of(SignIn)
    session.execute(
        update(sign_ins)
        .where(sign_ins.c.clinician_id == clinician_id, sign_ins.c.revoked_at.is_(None))
        .values(revoked_at=db_session.now(session))
    )


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _person(row: Clinician, sign_in_id: uuid.UUID) -> Person:
    return Person(
        id=row.id,
        username=row.username,
        name=row.name,
        role=Role(row.role),
        languages=tuple(row.languages),
        sign_in_id=sign_in_id,
    )

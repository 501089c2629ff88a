"""Who has an account, for the operator who keeps them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Clinician
from oversight.domain.errors import NotFound
from oversight.domain.permissions import Role


@dataclass(frozen=True)
class Account:
    """One account; a deactivated one stays in the list, because the record names it."""

    id: uuid.UUID
    username: str
    name: str
    role: Role
    deactivated_at: datetime | None


def accounts(session: Session) -> Sequence[Account]:
    """All of them, those that can sign in first."""
    rows = session.scalars(
        select(Clinician).order_by(Clinician.deactivated_at.is_not(None), Clinician.username)
    )
    return [
        Account(row.id, row.username, row.name, Role(row.role), row.deactivated_at) for row in rows
    ]


def account_named(session: Session, username: str) -> Account:
    """The one of that username; NotFound when there is none."""
    for account in accounts(session):
        if account.username == username.strip().lower():
            return account
    raise NotFound(f"nobody has the username {username!r}")

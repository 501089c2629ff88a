"""How people are reached: their contact methods, in their own order, and their quiet hours."""

import re
import secrets
import uuid
from collections.abc import Sequence
from datetime import time
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician, ContactMethod, Quiet, new_id, table_of
from oversight.domain.errors import Incomplete, NotFound, NotPermitted
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Role, plans_rota
from oversight.services.audit import Actor, Event, record
from oversight.services.rota import zone_of

LONGEST_ADDRESS = 500
MOST_METHODS = 8
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")


def add_contact_method(
    session: Session,
    actor_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    channel: ChannelKind,
    address: str,
) -> uuid.UUID:
    """One more way to reach somebody, after those they have. It works once a test was answered.

    A webhook gets a secret of its own, with which its pages are signed.
    """
    _own(session, actor_id, clinician_id)
    checked = _checked(channel, address.strip())
    taken = session.scalar(
        select(func.count()).where(
            ContactMethod.clinician_id == clinician_id, ContactMethod.removed_at.is_(None)
        )
    )
    if (taken or 0) >= MOST_METHODS:
        raise Incomplete(f"{MOST_METHODS} contact methods are enough: remove one first")
    last = session.scalar(
        select(func.max(ContactMethod.place)).where(
            ContactMethod.clinician_id == clinician_id, ContactMethod.removed_at.is_(None)
        )
    )
    method = ContactMethod(
        id=new_id(),
        clinician_id=clinician_id,
        place=(last or 0) + 1,
        channel=channel,
        address=checked,
        secret=secrets.token_urlsafe(32) if channel is ChannelKind.WEBHOOK else None,
    )
    session.add(method)
    session.flush()
    _record(session, "contact.add", actor_id, method.id, channel=channel.value)
    return method.id


def remove_contact_method(session: Session, actor_id: uuid.UUID, method_id: uuid.UUID) -> None:
    """Nothing more goes there; the record keeps that it was used."""
    method = session.get(ContactMethod, method_id)
    if method is None or method.removed_at is not None:
        raise NotFound("no such contact method", method_id=str(method_id))
    _own(session, actor_id, method.clinician_id)
    method.removed_at = db_session.now(session)
    session.flush()
    _record(session, "contact.remove", actor_id, method_id)


def order_contact_methods(
    session: Session, clinician_id: uuid.UUID, method_ids: Sequence[uuid.UUID]
) -> None:
    """Which is tried first, second, …: names each of one's methods exactly once."""
    standing = session.scalars(
        select(ContactMethod.id).where(
            ContactMethod.clinician_id == clinician_id, ContactMethod.removed_at.is_(None)
        )
    ).all()
    if sorted(method_ids) != sorted(standing):
        raise Incomplete("name each contact method once", field="method_ids")
    methods = table_of(ContactMethod)
    for shift in (1_000, 0):  # past each other: no two may stand at one place even for a moment
        for place, method_id in enumerate(method_ids, start=1):
            session.execute(
                update(methods).where(methods.c.id == method_id).values(place=place + shift)
            )
    _record(session, "contact.order", clinician_id, clinician_id)


def set_quiet_hours(
    session: Session,
    clinician_id: uuid.UUID,
    *,
    timezone: str,
    starts: time,
    ends: time,
) -> None:
    """Not to be called below imminent in these hours; the same time twice means none."""
    values = {"timezone": zone_of(timezone).key, "starts": starts, "ends": ends}
    statement = insert(Quiet).values(clinician_id=clinician_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["clinician_id"], set_=values))
    _record(session, "contact.quiet_hours", clinician_id, clinician_id)


def _checked(channel: ChannelKind, address: str) -> str:
    if channel is ChannelKind.INBOX:
        return "inbox"
    if not address or len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise Incomplete("write the address, in at most 500 characters", field="address")
    if channel is ChannelKind.EMAIL and not _EMAIL.fullmatch(address):
        raise Incomplete("this is not an e-mail address", field="address")
    parts = urlsplit(address)
    if channel is ChannelKind.WEBHOOK and (
        parts.scheme not in ("https", "http") or not parts.hostname
    ):
        raise Incomplete("a webhook's address begins with https://", field="address")
    if channel is ChannelKind.APPRISE and "://" not in address:
        raise Incomplete(
            "write it as Apprise does, such as mailto:// or twilio://", field="address"
        )
    return address


def _own(session: Session, actor_id: uuid.UUID, clinician_id: uuid.UUID) -> None:
    """One's own, or a planner's care for somebody."""
    roles = {
        row.id: Role(row.role)
        for row in session.execute(
            select(Clinician.id, Clinician.role).where(
                Clinician.id.in_([actor_id, clinician_id]), Clinician.deactivated_at.is_(None)
            )
        )
    }
    if clinician_id not in roles or actor_id not in roles:
        raise NotPermitted("this person is not on the team any more")
    if actor_id != clinician_id and not plans_rota(roles[actor_id]):
        raise NotPermitted("only this person, or whoever plans the rota, can change this")


def _record(
    session: Session, kind: str, actor_id: uuid.UUID, subject: uuid.UUID, **detail: object
) -> None:
    """That it changed; never an address."""
    record(session, Event(kind, Actor.clinician(actor_id), subject=subject, detail=detail))

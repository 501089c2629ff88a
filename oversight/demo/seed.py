"""The demonstration: a synthetic study, its two arms, its people, and how to reach them."""

import json
import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.session import Database, engine_for
from db.tables import Arm, Clinician, StudyKey, new_id
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Role
from oversight.domain.policy import Mode
from oversight.domain.words import ShiftPosition
from oversight.queries.pages import pager_state
from oversight.services.duty import go_on_duty
from oversight.services.keys import create_key, digest_of_key, find_or_create_study
from oversight.services.people import create_person, set_password
from oversight.services.policies import default_document, store_policy
from oversight.services.reaching import add_contact_method
from oversight.settings import Settings

STUDY = "Demonstration study"
SHIFT_HOURS = 24 * 30


@dataclass(frozen=True)
class DemoPerson:
    """Someone who can sign in to the demonstration."""

    username: str
    name: str
    role: Role
    languages: tuple[str, ...]
    position: ShiftPosition | None = None


PEOPLE = (
    DemoPerson("clinician", "Noa Lindqvist", Role.CLINICIAN, ("en", "es"), ShiftPosition.PRIMARY),
    DemoPerson(
        "clinician2", "Tomás Weber", Role.CLINICIAN, ("en", "de", "fr"), ShiftPosition.SECONDARY
    ),
    DemoPerson("supervisor", "Imani Okafor", Role.SUPERVISOR, ("en", "es", "de", "fr")),
    DemoPerson("lead", "Greta Sandoval", Role.STUDY_LEAD, ("en",)),
    DemoPerson("admin", "Robin Achterberg", Role.ADMIN, ("en",)),
)


def seed_demo(settings: Settings) -> None:
    """Make what is missing, and write ``demo.json`` (mode 0600). Safe to run at every start."""
    path = settings.var / "demo.json"
    known = _read(path)
    engine = engine_for(settings)
    try:
        with Database(engine).transaction() as session:
            key = _study(session, str(known.get("study_key") or ""))
            people = [_person(session, person, known) for person in PEOPLE]
    finally:
        engine.dispose()
    _write(
        path,
        {
            "console_url": settings.console_url,
            "gateway_url": settings.gateway_url,
            "study_key": key,
            "people": people,
        },
    )


def _study(session: Session, key: str) -> str:
    study_id = find_or_create_study(session, STUDY)
    names = set(session.scalars(select(Arm.name).where(Arm.study_id == study_id)))
    for name, mode in (("A", Mode.HOLD_ALL), ("B", Mode.HOLD_FLAGGED)):
        if name in names:
            continue
        automatic = mode is not Mode.HOLD_ALL
        document = default_document().model_copy(
            update={"mode": mode, "automatic_release": automatic}
        )
        version_id, _ = store_policy(session, study_id, f"arm {name}", document)
        session.add(Arm(id=new_id(), study_id=study_id, name=name, policy_version_id=version_id))
    session.flush()
    if key and session.scalar(select(StudyKey.id).where(StudyKey.digest == digest_of_key(key))):
        return key
    return create_key(session, study=STUDY, label="demonstration")


def _person(session: Session, person: DemoPerson, known: dict[str, object]) -> dict[str, str]:
    listed = known.get("people")
    passwords = {
        one["username"]: one["password"]
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and "username" in one and "password" in one
    }
    password = passwords.get(person.username) or secrets.token_urlsafe(9)
    found = session.scalar(select(Clinician.id).where(Clinician.username == person.username))
    if found is None:
        found = create_person(
            session,
            username=person.username,
            name=person.name,
            role=person.role,
            password=password,
            languages=person.languages,
        )
    elif person.username not in passwords:
        set_password(session, found, password)
    if person.position is not None:
        go_on_duty(session, found, position=person.position, hours=SHIFT_HOURS)
    _reach_by_inbox(session, found)
    return {"username": person.username, "password": password, "role": person.role.value}


def _reach_by_inbox(session: Session, person: uuid.UUID) -> None:
    """Pages of the demonstration are kept here: nothing leaves the machine."""
    if not pager_state(session, person).methods:
        add_contact_method(session, person, person, channel=ChannelKind.INBOX, address="inbox")


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: dict[str, object]) -> None:
    """Replace the file in one step; nobody but its owner may ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    fresh.replace(path)

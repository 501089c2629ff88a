"""A participant's card: who they are, how to reach them, what was measured, their safety plan.

What a change leaves out stays as it is, so that a bot which knows only a language cannot erase the
telephone number that somebody will need.
"""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Arm, Participant, new_id, table_of
from oversight.domain.errors import Incomplete
from oversight.services.audit import Actor, Event, record
from oversight.services.stopping import withdraw_consent

COLUMNS = ("language", "jurisdiction", "timezone")
CARD_FIELDS = ("consent", "contacts", "collateral", "measures", "safety_plan")
NAMES_OF_A_NAME = ("name", "instrument", "measure")
NAMES_OF_A_VALUE = ("value", "score")
NAMES_OF_A_DATE = ("date", "on", "at", "measured_at")
INSTRUMENTS = {"PHQ9": "PHQ-9", "GAD7": "GAD-7", "BMI": "BMI"}

Json = Any  # Any: a study's own JSON, kept and shown as it came


@dataclass(frozen=True)
class Card:
    """A participant as the record has them now."""

    external_id: str
    arm: str | None
    language: str | None
    jurisdiction: str | None
    timezone: str | None
    details: Mapping[str, Json]
    updated_at: datetime


def put_participant(
    session: Session,
    study_id: uuid.UUID,
    external_id: str,
    given: Mapping[str, Json],
    *,
    actor: Actor,
) -> Card:
    """Make or change a participant. ``given`` holds the fields to change; None clears one.

    Raises Incomplete for an arm the study does not have, or a measure nobody could read.
    """
    arm_id = _arm(session, study_id, given.get("arm"))
    participant = _locked(session, study_id, external_id)
    wanted: dict[str, Json] = {name: given[name] for name in COLUMNS if name in given}
    if "arm" in given:
        wanted["arm_id"] = arm_id
    wanted["card"] = _card(participant.card, given)
    changed = sorted(name for name, value in wanted.items() if getattr(participant, name) != value)
    for name in changed:
        setattr(participant, name, wanted[name])
    if changed:
        participant.updated_at = db_session.now(session)
        session.flush()
        record(session, _event(participant, given, changed, actor))
    if _withdrawn(given.get("consent")):
        withdraw_consent(session, participant.id, actor=actor)
    return _seen(session, participant)


def _withdrawn(consent: Json) -> bool:
    """Whether a bot reports that the participant took their consent back, in any usual form."""
    if not isinstance(consent, Mapping):
        return consent is False
    said = str(consent.get("status", "")).lower() in ("withdrawn", "revoked")
    return said or bool(consent.get("withdrawn")) or bool(consent.get("withdrawn_at"))


def measures_in_order(told: Json) -> list[dict[str, Json]]:
    """Measures as the record keeps them: ``[{name, value, date?, …}]``, instruments by one name.

    Takes a list of objects, or an object by instrument; raises Incomplete naming the field.
    """
    if isinstance(told, Mapping):
        told = [_named(name, one) for name, ones in told.items() for one in _several(ones)]
    if not isinstance(told, list):
        raise Incomplete("measures must be a list of objects", field="measures")
    return [_measure(one, f"measures.{number}") for number, one in enumerate(told)]


def _several(ones: Json) -> list[Json]:
    return ones if isinstance(ones, list) else [ones]


def _named(name: str, one: Json) -> Json:
    return {"name": name, **one} if isinstance(one, Mapping) else {"name": name, "value": one}


def _measure(told: Json, field: str) -> dict[str, Json]:
    if not isinstance(told, Mapping):
        raise Incomplete("a measure must be an object", field=field)
    rest = dict(told)
    name = _take(rest, NAMES_OF_A_NAME)
    value = _take(rest, NAMES_OF_A_VALUE)
    taken_at = _take(rest, NAMES_OF_A_DATE)
    if not isinstance(name, str) or not name.strip():
        raise Incomplete("a measure needs a name, such as PHQ-9", field=f"{field}.name")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Incomplete("a measure needs a number as its value", field=f"{field}.value")
    kept = {"name": _instrument(name), "value": value}
    if taken_at is not None:
        kept["date"] = _date(taken_at, f"{field}.date")
    return kept | rest


def _take(rest: dict[str, Json], names: tuple[str, ...]) -> Json:
    found = [rest.pop(name) for name in names if name in rest]
    return found[0] if found else None


def _instrument(name: str) -> str:
    plain = "".join(char for char in name.upper() if char.isalnum())
    return INSTRUMENTS.get(plain, name.strip())


def _date(told: Json, field: str) -> str:
    try:
        datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise Incomplete("a date must look like 2026-03-01", field=field) from None
    return str(told)


def _arm(session: Session, study_id: uuid.UUID, name: str | None) -> uuid.UUID | None:
    if name is None:
        return None
    found: uuid.UUID | None = session.scalar(
        select(Arm.id).where(Arm.study_id == study_id, Arm.name == name)
    )
    if found is None:
        raise Incomplete("the study has no such arm", field="arm")
    return found


def _locked(session: Session, study_id: uuid.UUID, external_id: str) -> Participant:
    row = {"id": new_id(), "study_id": study_id, "external_id": external_id}
    session.execute(insert(table_of(Participant)).values(row).on_conflict_do_nothing())
    return session.scalars(
        select(Participant)
        .where(Participant.study_id == study_id, Participant.external_id == external_id)
        .with_for_update(key_share=True)
    ).one()


def _card(kept: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    card = {**kept, **{name: given[name] for name in CARD_FIELDS if name in given}}
    if given.get("measures") is not None:
        card["measures"] = measures_in_order(given["measures"])
    return {name: value for name, value in card.items() if value is not None}


def _event(
    participant: Participant, given: Mapping[str, Json], changed: list[str], actor: Actor
) -> Event:
    """Which fields were given; never what they hold."""
    fields = sorted({*given} & {*COLUMNS, *CARD_FIELDS, "arm"})
    return Event(
        "participant.change",
        actor,
        study_id=participant.study_id,
        subject=participant.id,
        detail={"fields": fields, "changed": changed},
    )


def _seen(session: Session, participant: Participant) -> Card:
    arm = session.scalar(select(Arm.name).where(Arm.id == participant.arm_id))
    return Card(
        external_id=participant.external_id,
        arm=arm,
        language=participant.language,
        jurisdiction=participant.jurisdiction,
        timezone=participant.timezone,
        details=participant.card,
        updated_at=participant.updated_at,
    )

"""Naming classifiers and what each is used for. Every change is a person's, and in the audit.

The shipped classifier is live unless another one was promoted. One at most is in shadow.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Clinician, RiskAssessment, ScoringModel, new_id
from oversight.domain.errors import Conflict, NotFound, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.words import ModelState
from oversight.services.audit import Actor, Event, record

MAY_CHANGE = (Role.STUDY_LEAD, Role.ADMIN)
_ONE_CHANGE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:lock)")
_LOCK = 0x6F76_6D6F_6465_6C00


@dataclass(frozen=True)
class NamedModel:
    """What is written down about a classifier before it may read anything."""

    version: str
    source: str
    digest: str
    card: str | None
    thresholds: Mapping[str, float]


def who_changes(session: Session, username: str) -> uuid.UUID:
    """The active study lead or administrator of that name, or a refusal."""
    person = session.scalars(select(Clinician).where(Clinician.username == username)).one_or_none()
    if person is None or person.deactivated_at is not None:
        raise NotFound(f"nobody active is called {username}", username=username)
    if Role(person.role) not in MAY_CHANGE:
        raise NotPermitted(
            f"{username} is neither a study lead nor an administrator", username=username
        )
    return person.id


def put_in_shadow(session: Session, named: NamedModel, *, by: uuid.UUID, past: int = 0) -> None:
    """Let a candidate read beside the live one from now on, and the newest ``past`` scores."""
    session.execute(_ONE_CHANGE_AT_A_TIME, {"lock": _LOCK})
    if _one_in(session, ModelState.LIVE, version=named.version) is not None:
        raise Conflict(f"{named.version} is live", version=named.version)
    _retire(session, _one_in(session, ModelState.SHADOW), by=by)
    newest = session.scalar(select(func.coalesce(func.max(RiskAssessment.id), 0))) or 0
    model = _written(session, named, ModelState.SHADOW)
    model.followed_to = max(0, newest - past)
    model.in_hand, model.trouble = [], None
    session.flush()
    record(session, _event("model.shadow", model, by, past=past))


def promote(session: Session, version: str, *, by: uuid.UUID) -> None:
    """Make a known model the live one. Scorers load it within seconds."""
    session.execute(_ONE_CHANGE_AT_A_TIME, {"lock": _LOCK})
    model = known(session, version)
    if model.state == ModelState.LIVE:
        raise Conflict(f"{version} is live already", version=version)
    before = _one_in(session, ModelState.LIVE)
    _retire(session, before, by=by)
    _move(session, model, ModelState.LIVE)
    instead_of = before.version if before is not None else "shipped"
    record(session, _event("model.promote", model, by, instead_of=instead_of))


def retire(session: Session, version: str, *, by: uuid.UUID) -> None:
    """Use a model no longer. Where it was live, the shipped one is live again."""
    session.execute(_ONE_CHANGE_AT_A_TIME, {"lock": _LOCK})
    model = known(session, version)
    if model.state == ModelState.RETIRED:
        raise Conflict(f"{version} is retired already", version=version)
    _retire(session, model, by=by)


def known(session: Session, version: str) -> ScoringModel:
    """A model by its version, or NotFound."""
    found = session.scalars(
        select(ScoringModel).where(ScoringModel.version == version)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no model is called {version}; see: models list", version=version)
    return found


def _written(session: Session, named: NamedModel, state: ModelState) -> ScoringModel:
    model = session.scalars(
        select(ScoringModel).where(ScoringModel.version == named.version)
    ).one_or_none()
    if model is not None and model.digest != named.digest:
        raise Conflict(
            f"{named.version} was already used with other files; give the new one a new version",
            version=named.version,
        )
    if model is None:
        model = ScoringModel(id=new_id(), version=named.version, state=state)
        session.add(model)
    model.source, model.digest, model.card = named.source, named.digest, named.card
    model.thresholds = dict(named.thresholds)
    model.state, model.state_at = state, db_session.now(session)
    return model


def _one_in(
    session: Session, state: ModelState, *, version: str | None = None
) -> ScoringModel | None:
    found = select(ScoringModel).where(ScoringModel.state == state)
    if version is not None:
        found = found.where(ScoringModel.version == version)
    return session.scalars(found).one_or_none()


def _retire(session: Session, model: ScoringModel | None, *, by: uuid.UUID) -> None:
    if model is not None:
        was = model.state
        _move(session, model, ModelState.RETIRED)
        record(session, _event("model.retire", model, by, was=was))


def _move(session: Session, model: ScoringModel, state: ModelState) -> None:
    model.state, model.state_at = state, db_session.now(session)
    model.in_hand, model.trouble = [], None
    session.flush()


def _event(kind: str, model: ScoringModel, by: uuid.UUID, **detail: object) -> Event:
    return Event(
        kind=kind,
        actor=Actor.clinician(by),
        subject=model.id,
        detail={
            "model_version": model.version,
            "digest": model.digest,
            "thresholds": model.thresholds,
            **detail,
        },
    )

"""Naming a classifier and saying what it is for: one a use, a person's act, in the record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.tables import AuditEvent, ScoringModel
from oversight.domain.errors import Conflict, NotFound, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.words import ModelState
from oversight.queries.models import known_models, model_in
from oversight.services import models
from oversight.services.models import NamedModel
from tests.services.clinic import Clinic


def named(version: str, digest: str = "d1") -> NamedModel:
    return NamedModel(version, f"/models/{version}", digest, "docs/card.md", {"severity:L3": 0.4})


def states(clinic: Clinic) -> dict[str, str]:
    return {one.version: one.state.value for one in known_models(clinic.session)}


def test_one_is_in_shadow_and_one_is_live_at_a_time(clinic: Clinic) -> None:
    lead = clinic.person(Role.STUDY_LEAD)
    models.put_in_shadow(clinic.session, named("a"), by=lead)
    models.put_in_shadow(clinic.session, named("b"), by=lead)
    assert states(clinic) == {"a": "retired", "b": "shadow"}
    models.promote(clinic.session, "b", by=lead)
    models.put_in_shadow(clinic.session, named("a"), by=lead)
    assert states(clinic) == {"a": "shadow", "b": "live"}
    models.promote(clinic.session, "a", by=lead)
    assert states(clinic) == {"a": "live", "b": "retired"}


def test_without_a_promotion_the_shipped_one_is_live_and_after_retiring_again(
    clinic: Clinic,
) -> None:
    lead = clinic.person(Role.STUDY_LEAD)
    assert model_in(clinic.session, ModelState.LIVE) is None
    models.put_in_shadow(clinic.session, named("a"), by=lead)
    models.promote(clinic.session, "a", by=lead)
    models.retire(clinic.session, "a", by=lead)
    assert model_in(clinic.session, ModelState.LIVE) is None


def test_a_version_whose_files_changed_is_refused(clinic: Clinic) -> None:
    lead = clinic.person(Role.STUDY_LEAD)
    models.put_in_shadow(clinic.session, named("a"), by=lead)
    with pytest.raises(Conflict):
        models.put_in_shadow(clinic.session, named("a", "d2"), by=lead)


def test_what_is_not_known_is_not_promoted(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        models.promote(clinic.session, "unheard-of", by=clinic.person(Role.STUDY_LEAD))


@pytest.mark.parametrize("role", list(Role))
def test_a_study_lead_or_an_administrator_decides(clinic: Clinic, role: Role) -> None:
    person = clinic.person(role)
    from db.tables import Clinician

    username = clinic.session.get_one(Clinician, person).username
    if role in (Role.STUDY_LEAD, Role.ADMIN):
        assert models.who_changes(clinic.session, username) == person
    else:
        with pytest.raises(NotPermitted):
            models.who_changes(clinic.session, username)


def test_every_change_names_the_person_the_digest_and_the_thresholds(clinic: Clinic) -> None:
    lead = clinic.person(Role.STUDY_LEAD)
    models.put_in_shadow(clinic.session, named("a"), by=lead)
    models.promote(clinic.session, "a", by=lead)
    models.retire(clinic.session, "a", by=lead)
    events = clinic.session.scalars(
        select(AuditEvent).where(AuditEvent.kind.like("model.%")).order_by(AuditEvent.id)
    ).all()
    assert [one.kind for one in events] == ["model.shadow", "model.promote", "model.retire"]
    assert {one.actor_id for one in events} == {str(lead)}
    assert all(one.detail["digest"] == "d1" for one in events)
    assert events[1].detail["instead_of"] == "shipped"


def test_the_database_refuses_a_second_live_model(clinic: Clinic) -> None:
    from sqlalchemy.exc import IntegrityError

    from db.tables import new_id

    for version in ("a", "b"):
        clinic.session.add(
            ScoringModel(
                id=new_id(), version=version, source="/x", digest="d", state=ModelState.LIVE
            )
        )
    with pytest.raises(IntegrityError):
        clinic.session.flush()

"""A house with the real classifier and four people on the team."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from classifiers.load import load_classifier
from classifiers.protocol import Classifier
from db.session import Database
from oversight.bell import make_bell
from oversight.client import GatewayClient
from oversight.domain.permissions import Role
from oversight.domain.words import ShiftPosition
from oversight.services.keys import create_key
from oversight.settings import Settings
from tests.acceptance.house import House
from tests.gateway.conftest import served


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load_classifier()


@pytest.fixture
def empty_house(
    settings: Settings, engine: Engine, owner_engine: Engine, classifier: Classifier
) -> Iterator[House]:
    """Nobody works here yet."""
    bell = make_bell(settings)
    database = Database(engine, bell=bell)
    with database.transaction() as session:
        key = create_key(session, study="Acceptance", label="test")
    fast = replace(settings, rate_per_second=1_000_000.0)
    with served(fast) as url, GatewayClient(url, key) as client:
        yield House(database, owner_engine, client, classifier)
    bell.close()


@pytest.fixture
def house(empty_house: House) -> House:
    """Two clinicians on shift, a supervisor and a study lead."""
    empty_house.hire("noa", on_duty=ShiftPosition.PRIMARY)
    empty_house.hire("tomas", on_duty=ShiftPosition.SECONDARY)
    empty_house.hire("imani", Role.SUPERVISOR, languages=("en", "es"))
    empty_house.hire("greta", Role.STUDY_LEAD)
    return empty_house

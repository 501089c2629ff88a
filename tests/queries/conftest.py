"""A clinic for each test; nothing it does is kept."""

import pytest
from sqlalchemy.orm import Session

from tests.services.clinic import Clinic


@pytest.fixture
def clinic(session: Session, standing_clinic: None) -> Clinic:
    return Clinic.standing(session)

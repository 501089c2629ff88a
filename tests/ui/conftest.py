"""Pages as a signed-in person sees them, without a browser and without anything being kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.session import Database
from oversight.domain.permissions import Role
from oversight.services.people import create_person, sign_in
from oversight.ui import runtime, who
from tests.services.clinic import Clinic

PASSWORD = "correct horse battery staple"
See = Callable[[str, Role], AppTest]


@pytest.fixture
def clinic(session: Session, standing_clinic: None) -> Clinic:
    return Clinic.standing(session)


@pytest.fixture
def see(session: Session, monkeypatch: pytest.MonkeyPatch) -> See:
    """Open a page of ``pages/`` as somebody of a role."""
    monkeypatch.setattr(runtime, "database", lambda: Database(session.connection()))

    def open_page(page: str, role: Role) -> AppTest:
        username = f"{role.value}-looking"
        create_person(
            session, username=username, name="Ines Halloran", role=role, password=PASSWORD
        )
        signed_in = sign_in(session, username, PASSWORD)
        assert signed_in is not None
        session.flush()
        monkeypatch.setattr(who, "cookie", lambda: signed_in[1])
        script = f"from pages import {page}\n{page}.render()\n"
        return AppTest.from_string(script, default_timeout=60).run()

    return open_page


def words(page: AppTest) -> str:
    """Everything the page says, in order, as one string."""
    parts = []
    for element in page.main:
        value = getattr(element, "value", None)
        body = getattr(getattr(element, "proto", None), "body", None)
        parts.append(str(body if isinstance(body, str) and body else value))
    return "\n".join(parts)

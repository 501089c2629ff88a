"""Escalations: who has each, whom it called, what is next; a late click calls nobody."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.session import now
from db.tables import Clinician, Escalation, Paging
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.services import climbing, escalating
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words


@pytest.fixture
def called(clinic: Clinic) -> Clinic:
    """An imminent conversation whose ladder has called the primary."""
    clinic.person(on_duty=ShiftPosition.PRIMARY)
    clinic.person(on_duty=ShiftPosition.SECONDARY)
    clinic.say("grave", "i cannot go on", "What happened?")
    clinic.score(Severity.L4)
    return clinic


def escalation(session: Session) -> Escalation:
    return session.scalars(select(Escalation).execution_options(populate_existing=True)).one()


def pagings(session: Session) -> int:
    return len(session.scalars(select(Paging.id)).all())


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_it_says_who_was_called_and_what_comes_next(called: Clinic, see: See) -> None:
    page = see("escalations", Role.CLINICIAN)
    told = words(page)
    assert "p-grave" in told
    assert "Nobody has it yet" in told
    assert "Person 1" in told
    assert "<td>2:00</td>" in told
    assert told.count("<b>Next</b>") == 1
    assert "Breached:" not in told


def test_i_have_it_names_the_owner_and_its_end(called: Clinic, see: See, session: Session) -> None:
    page = press(see("escalations", Role.CLINICIAN), "I have it")
    assert "You have it" in page.success[0].value
    assert "Ines Halloran has it until" in words(page)
    assert escalation(session).owner_id is not None
    page = page.radio(key="which-escalations").set_value("Mine").run()
    assert "p-grave" in words(page)


def test_the_next_step_is_called_once_by_two_clicks_on_one_sight(
    called: Clinic, see: See, session: Session
) -> None:
    page = see("escalations", Role.CLINICIAN)
    before = pagings(session)
    late = next(one for one in page.button if one.label == "Call the next step now")
    called.wait(121)
    climbing.climb_due(session, now=now(session))
    stood = pagings(session)
    assert stood > before
    page = late.click().run()
    assert "calls have gone on since you looked" in page.warning[0].value
    assert pagings(session) == stood
    page = press(page, "Call the next step now")
    assert "next step was called" in page.success[0].value
    assert pagings(session) > stood


def test_a_breached_clock_is_said_in_words(called: Clinic, see: See) -> None:
    called.wait(3600)
    page = see("escalations", Role.SUPERVISOR)
    page = page.radio(key="which-escalations").set_value("Breached").run()
    assert "Breached:</b> nobody had it in time" in words(page)


def test_resolving_is_refused_in_words_while_the_conversation_waits(
    called: Clinic, see: See, session: Session
) -> None:
    page = press(see("escalations", Role.CLINICIAN), "I have it")
    page.text_area[0].input("they are with their sister")
    page = press(page, "Resolve the escalation")
    assert "irst answer the conversation in Triage" in page.warning[0].value
    assert escalation(session).status == EscalationStatus.ACKNOWLEDGED


def test_a_study_lead_looks_and_an_administrator_does_not(called: Clinic, see: See) -> None:
    page = see("escalations", Role.STUDY_LEAD)
    assert "p-grave" in words(page)
    assert not [one for one in page.button if "have it" in one.label or "Call" in one.label]
    assert "not part of your role" in see("escalations", Role.ADMIN).error[0].value


def test_whoever_left_since_the_page_was_drawn_can_press_nothing(
    called: Clinic, see: See, session: Session
) -> None:
    page = see("escalations", Role.CLINICIAN)
    me = session.scalars(select(Clinician).where(Clinician.username == "clinician-looking")).one()
    me.deactivated_at = now(session)
    session.flush()
    press(page, "I have it")
    assert escalation(session).owner_id is None


def test_one_that_somebody_has_calls_nobody(called: Clinic, see: See, session: Session) -> None:
    other = called.person()
    escalating.acknowledge(session, escalation(session).id, other, now=now(session))
    page = see("escalations", Role.CLINICIAN)
    labels = [one.label for one in page.button]
    assert "I have it, too" in labels
    assert "Call the next step now" not in labels
    assert "Not called: somebody has it" in words(page)

"""Rating without seeing the first reader's answer first, and a second person for lowered levels."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.tables import Clinician, LevelChange, Rating
from oversight.domain.flags import FLAG_TEXT, Flag
from oversight.domain.permissions import Action, Role
from oversight.domain.rubric import Question
from oversight.domain.severity import Severity
from oversight.services import undoing
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words

REASON = "One question at a time"
SENT = "That sounds heavy. What happened today?"


@pytest.fixture
def edited(clinic: Clinic) -> uuid.UUID:
    """A decision whose reader gave their own level and flags."""
    reader = clinic.person()
    clinic.say("talk", "today was <b>too much</b>", "That sounds heavy. Tell me all of it.")
    clinic.score(Severity.L3)
    escalation_owner = clinic.claim("talk", reader)
    assert escalation_owner is not None
    return clinic.decide(
        "talk",
        reader,
        Action.EDIT,
        text=SENT,
        flags=[Flag.F19],
        reason=REASON,
        own_severity=Severity.L2,
    ).decision_id


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label.startswith(label)).click().run()


def answer(page: AppTest, *, agrees: str = "yes", **changed: str) -> None:
    for radio in page.radio:
        name = str(radio.key).rsplit("-", 1)[-1]
        value = agrees if name == "agrees" else changed.get(name, "2")
        radio.set_value(value)


def test_the_decision_is_hidden_until_a_level_is_given(edited: uuid.UUID, see: See) -> None:
    page = see("quality", Role.SUPERVISOR)
    assert not page.exception
    said = words(page)
    assert "How serious do you find it?" in said
    assert "That sounds heavy. Tell me all of it." in said
    for hidden in (REASON, SENT, FLAG_TEXT[Flag.F19], "Person 1"):
        assert hidden not in said
    said = words(press(page, "High"))
    assert REASON in said
    assert "<ins" in said
    assert "<del" in said
    assert FLAG_TEXT[Flag.F19] not in said
    assert "First reader" not in said.replace("first reader", "")
    assert "Person 1" not in said


def test_words_of_participants_are_never_markup(edited: uuid.UUID, see: See) -> None:
    said = words(see("quality", Role.SUPERVISOR))
    assert "today was &lt;b&gt;too much&lt;/b&gt;" in said


def test_a_rating_is_saved_and_then_everything_is_shown(
    edited: uuid.UUID, see: See, session: Session
) -> None:
    page = press(see("quality", Role.SUPERVISOR), "High")
    answer(page, Q3="na", Q5="1")
    page = press(page, "Save")
    assert not page.exception
    row = session.scalars(select(Rating).where(Rating.decision_id == edited)).one()
    assert row.own_severity == Severity.L3
    assert row.scores == {**dict.fromkeys((one.value for one in Question), 2), "Q3": None, "Q5": 1}
    said = words(page)
    assert FLAG_TEXT[Flag.F19] in said
    assert "Moderate" in said
    assert "Person" in said
    assert "1 of 1 ratings; 9 more needed" in said
    page = press(page, "Next one")
    assert "You have rated all 1 decisions of your sample." in words(page)


def test_nothing_is_chosen_beforehand_and_what_is_missing_is_named(
    edited: uuid.UUID, see: See, session: Session
) -> None:
    page = press(see("quality", Role.SUPERVISOR), "Low")
    assert all(radio.value is None for radio in page.radio)
    page = press(page, "Save")
    assert "Questions 1, 2, 3, 4, 5, 6, 7: choose an answer first." in words(page)
    assert session.scalars(select(Rating)).all() == []


def test_a_failed_gate_asks_for_a_comment_and_keeps_the_answers(
    edited: uuid.UUID, see: See, session: Session
) -> None:
    page = press(see("quality", Role.SUPERVISOR), "Low")
    answer(page, Q1="0")
    page = press(page, "Save")
    assert "what you would have done" in words(page)
    assert next(radio.value for radio in page.radio) == "0"
    page.text_area[0].set_value("Ask about tonight first.")
    page = press(page, "Save")
    assert "does not pass (question 1)" in words(page)
    assert session.scalars(select(Rating.comment)).one() == "Ask about tonight first."


def test_a_study_lead_sees_the_outcome_and_rates_nothing(edited: uuid.UUID, see: See) -> None:
    page = see("quality", Role.STUDY_LEAD)
    said = words(page)
    assert "Supervisors rate" in said
    assert "not enough yet" in said
    assert SENT not in said
    assert [button.label for button in page.button] == []


def test_a_clinician_has_no_quality_page(edited: uuid.UUID, see: See) -> None:
    said = words(see("quality", Role.CLINICIAN))
    assert "This page is not part of your role." in said
    assert "Agreement" not in said


@pytest.fixture
def lowered(clinic: Clinic, session: Session) -> LevelChange:
    reader = clinic.person()
    clinic.say("film", "the film was about a death", "A draft.")
    clinic.score(Severity.L3)
    item = clinic.claim("film", reader)
    undoing.lower_level(session, item.id, reader, to=Severity.L0, reason="about a film")
    return session.scalars(select(LevelChange)).one()


def test_a_supervisor_confirms_a_lowered_level(
    lowered: LevelChange, clinic: Clinic, see: See, session: Session
) -> None:
    page = see("quality", Role.SUPERVISOR)
    assert "about a film" in words(page)
    page = press(page, "I agree")
    assert not page.exception
    session.refresh(lowered)
    name = session.scalars(select(Clinician.name).where(Clinician.id == lowered.confirmed_by)).one()
    assert name == "Ines Halloran"
    assert "waiting for a second person" not in " ".join(str(h.value) for h in page.subheader)


def test_what_is_overdue_is_said_in_words(lowered: LevelChange, clinic: Clinic, see: See) -> None:
    clinic.wait(25 * 3600)
    assert "overdue: was due" in words(see("quality", Role.SUPERVISOR))


def test_a_study_lead_cannot_confirm(lowered: LevelChange, see: See) -> None:
    page = see("quality", Role.STUDY_LEAD)
    assert "about a film" in words(page)
    assert [button.label for button in page.button] == []

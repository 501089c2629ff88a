"""Harmless conversations decided together: only what was chosen, only as it was shown."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from oversight.domain.lifecycle import DeliveryStatus, ItemStatus
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words

CALM = ("kitchen", "garden", "harbour", "bicycle")


@pytest.fixture
def calm(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Four calm conversations whose readers need not judge first, and a grave one."""
    monkeypatch.setattr("oversight.queries.bulk.own_level_first", lambda *_: False)
    for name in CALM:
        clinic.say(name, f"we spent the day in the {name}", f"How was the {name}?")
    clinic.score(Severity.L0)
    clinic.say("grave", "i cannot go on", "What happened?")
    clinic.score(Severity.L3)
    return clinic


def of(page: AppTest, name: str) -> str:
    return next(one.key for one in page.checkbox if f"p-{name}" in one.label)


def decide(page: AppTest) -> AppTest:
    return page.button[-1].click().run()


def wide(page: AppTest) -> AppTest:
    """The stand-in classifier gives everything a score of 50 of 100."""
    return page.slider(key="band").set_range(0, 100).run()


def test_nothing_is_chosen_beforehand_and_nothing_grave_is_offered(calm: Clinic, see: See) -> None:
    page = wide(see("together", Role.CLINICIAN))
    assert not any(one.value for one in page.checkbox)
    assert "p-kitchen" in words(page)
    assert "How was the garden?" in words(page)
    assert "p-grave" not in words(page)


def test_only_the_chosen_ones_are_decided_and_can_be_taken_back(calm: Clinic, see: See) -> None:
    page = wide(see("together", Role.CLINICIAN))
    for name in ("kitchen", "garden"):
        page.checkbox(key=of(page, name)).check()
    page = decide(page)
    assert "2 conversations decided" in page.success[0].value
    assert [calm.item(name) is None for name in CALM] == [True, True, False, False]
    page = page.button(key="back").click().run()
    assert "2 conversations taken back: nothing was sent" in page.success[0].value
    assert calm.open_item("kitchen").status == ItemStatus.WAITING
    assert calm.deliveries("kitchen")[-1].status == DeliveryStatus.RECALLED


def test_what_changed_since_it_was_shown_is_left_and_named(
    calm: Clinic, see: See, session: Session
) -> None:
    page = wide(see("together", Role.CLINICIAN))
    for name in ("kitchen", "garden"):
        page.checkbox(key=of(page, name)).check()
    calm.say("kitchen", "and then something else happened")
    calm.score(Severity.L0)
    page = decide(page)
    told = page.success[0].value
    assert "1 conversation decided" in told
    assert "p-kitchen was left as it is" in told
    assert calm.item("kitchen") is not None


def test_all_shown_are_chosen_by_one_press_and_none_afterwards(calm: Clinic, see: See) -> None:
    page = wide(see("together", Role.CLINICIAN))
    page = page.checkbox(key="all").check().run()
    assert "4 conversations decided" in decide(page).success[0].value
    assert calm.item("grave") is not None


def test_deciding_nothing_is_refused_in_words(calm: Clinic, see: See) -> None:
    page = decide(wide(see("together", Role.CLINICIAN)))
    assert "hoose between one and" in page.warning[0].value


def test_a_study_lead_does_not_have_the_page(calm: Clinic, see: See) -> None:
    page = see("together", Role.STUDY_LEAD)
    assert "not part of your role" in page.error[0].value
    assert not page.checkbox

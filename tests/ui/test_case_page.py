"""A case on its page: attempts with timers, forms, a record that two people sign."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.session import now
from db.tables import CaseForm, CaseRecord, Clinician, ContactAttempt, Escalation, FollowUp
from oversight.domain.contact import AttemptOutcome
from oversight.domain.forms import PLAN_STEPS, Asked, PlanState
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.services import attempts, case_records, escalating
from tests.services.clinic import Clinic
from tests.services.test_cases import complete
from tests.ui.conftest import PASSWORD, See, words


@pytest.fixture
def case(clinic: Clinic, session: Session) -> Escalation:
    clinic.say("c", "words", "hi", jurisdiction="DE")
    clinic.score(Severity.L4)
    return session.scalars(select(Escalation)).one()


def opened(page: AppTest, case: Escalation) -> AppTest:
    page.query_params["escalation"] = str(case.id)
    return page.run()


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def me(session: Session) -> Clinician:
    return session.scalars(select(Clinician).where(Clinician.name == "Ines Halloran")).one()


def test_an_attempt_is_noted_and_the_next_one_has_its_time(
    clinic: Clinic, case: Escalation, see: See, session: Session
) -> None:
    clinic.wait(60)
    page = opened(see("case", Role.CLINICIAN), case)
    assert "Late: call them" in words(page)
    page = press(page, "Note it")
    assert "what came of the attempt" in page.warning[0].value
    page.selectbox(key="came").select(AttemptOutcome.NO_ANSWER)
    page = press(page, "Note it")
    assert session.scalars(select(ContactAttempt)).one().clinician_id == me(session).id
    assert "<b>no answer</b> (Ines Halloran)" in words(page)
    assert "Next: call them" in words(page)


def test_a_welfare_check_needs_a_second_person(
    clinic: Clinic, case: Escalation, see: See, session: Session
) -> None:
    page = opened(see("case", Role.CLINICIAN), case)
    page.text_area(key="welfare-why").input("no answer to three calls")
    page = press(page, "Ask for it")
    assert "A second must agree" in page.success[0].value
    page = press(page, "I agree to the welfare check")
    assert "a second person must decide" in page.warning[0].value.lower()
    attempts.confirm_welfare_check(session, case.id, clinic.person(), now=now(session))
    assert "It is ordered" in words(page.run())


def test_the_forms_are_kept_only_when_complete(
    case: Escalation, see: See, session: Session
) -> None:
    page = press(opened(see("case", Role.CLINICIAN), case), "Begin the record")
    for number in (1, 3, 4, 5, 6):
        page.radio(key=f"asked-{number}").set_value(Asked.NO)
    page = press(page, "Keep the screener")
    assert "question 2" in page.warning[0].value
    page.radio(key="asked-2").set_value(Asked.YES)
    page = press(page, "Keep the screener")
    assert "By the answers alone: Moderate" in page.success[0].value
    page.radio(key="plan-state").set_value(PlanState.MADE)
    page = press(page, "Keep the safety plan")
    assert "warning signs" in page.warning[0].value
    for name in PLAN_STEPS:
        page.text_area(key=f"plan-{name}").input("a step")
    page = press(page, "Keep the safety plan")
    assert {one.kind for one in session.scalars(select(CaseForm))} == {"screener", "safety_plan"}
    page = press(page, "What is still missing?")
    assert "how it ended" in page.success[0].value


def test_what_was_saved_meanwhile_is_not_overwritten(
    clinic: Clinic, case: Escalation, see: See, session: Session
) -> None:
    page = press(opened(see("case", Role.CLINICIAN), case), "Begin the record")
    case_records.save_record(
        session, case.id, clinic.person(), fields={"intent": "theirs"}, assigned=None, version=1
    )
    page.text_area(key="field-intent-1").input("mine")
    page = press(page, "Save")
    assert "saved or signed meanwhile" in page.warning[0].value
    session.expire_all()
    assert session.scalars(select(CaseRecord)).one().fields == {"intent": "theirs"}


def test_signing_asks_for_the_password_and_a_supervisor_signs_too(
    clinic: Clinic, case: Escalation, see: See, session: Session
) -> None:
    page = opened(see("case", Role.CLINICIAN), case)
    who = me(session).id
    escalating.acknowledge(session, case.id, who, now=now(session))
    complete(clinic, case, who)
    page.run()
    page.text_input(key="sign-password").input("not my password")
    page = press(page, "Sign and close the case")
    assert "nothing was signed" in page.warning[0].value
    page.text_input(key="sign-password").input(PASSWORD)
    page = press(page, "Sign and close the case")
    assert "case is closed" in page.success[0].value
    assert "Write the record" not in [one.label for one in page.expander]
    assert not [one for one in page.button if one.label == "Co-sign"]
    chief = see("case", Role.SUPERVISOR)
    assert "signed by Ines Halloran" in words(chief)
    chief = opened(chief, case)
    chief.text_input(key="cosign-password").input(PASSWORD)
    chief = press(chief, "Co-sign")
    assert "Co-signed" in chief.success[0].value


def test_follow_ups_get_an_owner_and_an_outcome(
    case: Escalation, see: See, session: Session
) -> None:
    page = press(opened(see("case", Role.CLINICIAN), case), "Plan them")
    assert "6 planned" in page.success[0].value
    page.text_input(key="follow-outcome").input("she is with her sister")
    page = next(one for one in page.button if one.key == "follow-done").click().run()
    done = session.scalars(select(FollowUp).where(FollowUp.done_at.is_not(None))).one()
    assert done.outcome == "she is with her sister"


def test_a_study_lead_only_looks(case: Escalation, see: See) -> None:
    page = opened(see("case", Role.STUDY_LEAD), case)
    assert "Reaching them" in words(page)
    assert not page.button


def test_a_case_that_does_not_exist_is_said_in_words(clinic: Clinic, see: See) -> None:
    page = see("case", Role.CLINICIAN)
    page.query_params["case"] = "nonsense"
    assert "no such case" in page.run().error[0].value

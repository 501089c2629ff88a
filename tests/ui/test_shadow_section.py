"""Study leads see the candidate; whoever reads blind does not."""

from __future__ import annotations

import pytest

from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.services import shadowing
from tests.queries.test_shadow import begin, in_shadow, say
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words

HEADING = "A candidate beside the live classifier"


@pytest.fixture
def tried(clinic: Clinic) -> Clinic:
    begin(clinic)
    say(clinic, "a", "one", Severity.L3)
    say(clinic, "b", "two", Severity.L0)
    in_shadow(clinic, {"one": Severity.L1, "two": Severity.L0})
    return clinic


def test_a_lead_sees_where_they_differ_and_that_it_is_too_early_for_figures(
    tried: Clinic, see: See
) -> None:
    page = see("quality", Role.STUDY_LEAD)
    assert not page.exception
    said = words(page)
    assert HEADING in said
    assert "new-2, in shadow since" in said
    assert "It decides nothing" in said
    assert "of 2 messages" in said
    assert "not enough yet" in said
    assert "live: ▲ High" in said
    assert "candidate: ● Low" in said
    assert f"?conversation={tried.open_item('a').conversation_id}" in said


def test_recall_and_false_alarms_name_their_cases(clinic: Clinic, see: See) -> None:
    begin(clinic)
    reader = clinic.person()
    for number in range(10):
        say(clinic, f"c{number}", f"risky {number}", Severity.L2)
        clinic.claim(f"c{number}", reader)
        clinic.decide(f"c{number}", reader, Action.MARK_READ, own_severity=Severity.L2)
    in_shadow(clinic, {f"risky {number}": Severity.L2 for number in range(7)})
    said = words(see("quality", Role.STUDY_LEAD))
    assert "100% (10 of 10 stretches; 95% interval 72% to 100%)" in said
    assert "70% (7 of 10 stretches; 95% interval 40% to 89%)" in said


def test_a_supervisor_who_rates_blind_does_not_see_it(tried: Clinic, see: See) -> None:
    assert HEADING not in words(see("quality", Role.SUPERVISOR))


def test_before_it_has_read_anything_it_says_so(clinic: Clinic, see: See) -> None:
    begin(clinic)
    assert "It has read nothing yet" in words(see("quality", Role.STUDY_LEAD))


def test_a_candidate_that_cannot_be_loaded_says_why(clinic: Clinic, see: See) -> None:
    begin(clinic)
    one = shadowing.candidate(clinic.session)
    assert one is not None
    shadowing.say_trouble(clinic.session, one, "its files have moved")
    page = see("quality", Role.STUDY_LEAD)
    assert any("its files have moved" in one.value for one in page.warning)


def test_without_a_candidate_the_page_has_no_such_section(clinic: Clinic, see: See) -> None:
    assert HEADING not in words(see("quality", Role.STUDY_LEAD))

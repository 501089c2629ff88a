"""A candidate beside live: which texts are compared, with what, and against whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oversight.domain.flags import Flag, Grade
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.shadow import Judged
from oversight.queries.shadow import Comparison, comparison
from oversight.services import models, shadowing
from oversight.services.models import NamedModel
from oversight.services.shadowing import candidate, record_shadow
from tests.services.clinic import Clinic, assessment

L0, L1, L2, L3, LU = Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.LU


def begin(clinic: Clinic) -> None:
    named = NamedModel("new-2", "/nowhere", "d", "docs/new.md", {})
    models.put_in_shadow(clinic.session, named, by=clinic.person(Role.STUDY_LEAD))


def in_shadow(
    clinic: Clinic, said: Mapping[str, Severity | None], flags: tuple[Flag, ...] = ()
) -> None:
    """The candidate reads everything: a level for each text, None where it fails."""
    while True:
        one = candidate(clinic.session)
        assert one is not None
        tasks = shadowing.take(clinic.session, one)
        if not tasks:
            return
        answers = [
            replace(assessment(task, said.get(task.subject.text, L0), flags, None))
            for task in tasks
        ]
        record_shadow(clinic.session, one, tasks, answers)


def say(clinic: Clinic, conversation: str, words: str, level: Severity, **more: object) -> None:
    clinic.say(conversation, words, **more)  # type: ignore[arg-type]
    while clinic.score(level):
        pass


def compared(clinic: Clinic) -> Comparison:
    found = comparison(clinic.session)
    assert found is not None
    return found


def test_without_a_candidate_there_is_nothing_to_compare(clinic: Clinic) -> None:
    assert comparison(clinic.session) is None


def test_each_message_counts_once_at_its_pair_of_levels(clinic: Clinic) -> None:
    begin(clinic)
    say(clinic, "a", "one", L0)
    say(clinic, "b", "two", L2)
    say(clinic, "c", "three", L2)
    in_shadow(clinic, {"one": L0, "two": L3, "three": None})
    found = compared(clinic)
    assert found.levels.pairs == {(L0, L0): 1, (L2, L3): 1, (L2, LU): 1}
    assert (found.candidate.version, found.candidate.card) == ("new-2", "docs/new.md")


def test_what_only_one_of_them_calls_high_is_listed_with_its_conversation(clinic: Clinic) -> None:
    begin(clinic)
    say(clinic, "a", "one", L3)
    say(clinic, "b", "two", L2)
    say(clinic, "c", "three", L3)
    say(clinic, "d", "four", L3)
    in_shadow(clinic, {"one": L1, "two": L3, "three": Severity.L4, "four": None})
    listed = {(one.participant, one.live, one.candidate) for one in compared(clinic).differences}
    assert listed == {("p-a", L3, L1), ("p-b", L2, L3), ("p-d", L3, LU)}
    by_name = {one.participant: one.conversation_id for one in compared(clinic).differences}
    assert by_name["p-a"] == clinic.open_item("a").conversation_id


def test_people_are_compared_with_the_worst_level_of_what_they_had_read(clinic: Clinic) -> None:
    begin(clinic)
    reader = clinic.person()
    say(clinic, "a", "one", L2)
    say(clinic, "a", "two", L0)
    clinic.claim("a", reader)
    clinic.decide("a", reader, Action.MARK_READ, own_severity=L1)
    say(clinic, "b", "unjudged", L2)
    in_shadow(clinic, {"one": L0, "two": L3, "unjudged": L3})
    assert compared(clinic).judged == [Judged(own=L1, live=L2, candidate=L3)]


def test_a_stretch_that_the_candidate_has_not_read_whole_is_left_out(clinic: Clinic) -> None:
    reader = clinic.person()
    say(clinic, "a", "before it came", L2)
    begin(clinic)
    say(clinic, "a", "after it came", L2)
    clinic.claim("a", reader)
    clinic.decide("a", reader, Action.MARK_READ, own_severity=L2)
    in_shadow(clinic, {"after it came": L2})
    assert compared(clinic).levels.texts == 1
    assert compared(clinic).judged == []


def test_replies_are_compared_by_their_worst_grade(clinic: Clinic) -> None:
    begin(clinic)
    say(clinic, "a", "one", L0, reply="Take two of them.")
    in_shadow(clinic, {}, flags=(Flag.F02, Flag.F19))
    assert compared(clinic).grades == {(Grade.H0, Grade.H3): 1}


def test_live_is_compared_as_it_was_scored_not_as_people_changed_it(clinic: Clinic) -> None:
    begin(clinic)
    say(clinic, "a", "one", L3)
    clinic.messages("a")[0].severity = Severity.L4
    clinic.session.flush()
    in_shadow(clinic, {"one": L3})
    assert compared(clinic).levels.pairs == {(L3, L3): 1}

"""What a supervisor is given to rate, and what the ratings amount to."""

from __future__ import annotations

import uuid
from hashlib import sha256

import pytest
from sqlalchemy.orm import Session

from oversight.domain.errors import NotFound
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role
from oversight.domain.rubric import Question
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind
from oversight.queries import quality
from oversight.queries.quality import decided_case, lowered_levels, rating_summary, sample
from oversight.services import undoing
from oversight.services.rating import Reading, rate
from tests.services.clinic import Clinic

DAY = 24 * 3600


def decided(
    clinic: Clinic,
    reader: uuid.UUID,
    *,
    action: Action = Action.APPROVE,
    level: Severity = Severity.L0,
    own: Severity | None = None,
    **content: object,
) -> uuid.UUID:
    """A fresh conversation with one decision of this reader."""
    name = f"talk-{uuid.uuid4().hex[:8]}"
    clinic.say(name, "a long day, but fine", "Glad to hear it was fine.")
    clinic.score(level)
    clinic.claim(name, reader)
    result = clinic.decide(name, reader, action, own_severity=own, **content)
    return result.decision_id


def rated(
    session: Session,
    decision_id: uuid.UUID,
    rater: uuid.UUID,
    *,
    level: Severity = Severity.L0,
    agrees: bool = True,
    gate: int = 2,
) -> None:
    scores = {**dict.fromkeys(Question, 2), Question.Q1: gate, Question.Q6: None}
    comment = "" if agrees and gate else "I would have asked first."
    rate(session, Reading(decision_id, rater, level, scores, agrees, comment))


def test_the_sample_follows_the_hash_of_the_id_and_nothing_else(
    clinic: Clinic, session: Session
) -> None:
    reader, rater = clinic.person(), clinic.person(Role.SUPERVISOR)
    ids = [decided(clinic, reader) for _ in range(5)]
    expected = sorted(ids, key=lambda one: sha256(one.bytes).digest())
    order = []
    while (found := sample(session, rater)).next_id is not None:
        order.append(found.next_id)
        rated(session, found.next_id, rater)
    assert order == expected
    assert (found.drawn, found.rated) == (5, 5)


def test_a_days_sample_is_no_larger_than_stated(
    clinic: Clinic, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "SAMPLE_A_DAY", 2)
    reader, rater = clinic.person(), clinic.person(Role.SUPERVISOR)
    ids = [decided(clinic, reader) for _ in range(4)]
    first_two = sorted(ids, key=lambda one: sha256(one.bytes).digest())[:2]
    for decision_id in first_two:
        rated(session, decision_id, rater)
    found = sample(session, rater)
    assert (found.next_id, found.drawn, found.rated) == (None, 2, 2)


def test_the_newest_day_comes_first_and_old_days_are_left_alone(
    clinic: Clinic, session: Session
) -> None:
    reader, rater = clinic.person(), clinic.person(Role.SUPERVISOR)
    decided(clinic, reader)
    clinic.wait(quality.SAMPLE_DAYS * DAY)
    before = decided(clinic, reader)
    clinic.wait(2 * DAY)
    newest = decided(clinic, reader)
    assert sample(session, rater).next_id == newest
    rated(session, newest, rater)
    found = sample(session, rater)
    assert (found.next_id, found.drawn) == (before, 2)


def test_nobody_is_given_their_own_decisions(clinic: Clinic, session: Session) -> None:
    rater = clinic.person(Role.SUPERVISOR)
    decided(clinic, rater)
    assert sample(session, rater).next_id is None


def test_two_supervisors_draw_the_same_sample(clinic: Clinic, session: Session) -> None:
    reader = clinic.person()
    one, other = clinic.person(Role.SUPERVISOR), clinic.person(Role.SUPERVISOR)
    for _ in range(4):
        decided(clinic, reader)
    first = sample(session, one).next_id
    assert first is not None
    rated(session, first, one)
    assert sample(session, other).next_id == first


def test_what_was_undone_is_not_rated(clinic: Clinic, session: Session) -> None:
    reader, rater = clinic.person(), clinic.person(Role.SUPERVISOR)
    clinic.say("undone", "hello", "Hello back.")
    clinic.score(Severity.L0)
    clinic.claim("undone", reader)
    result = clinic.decide("undone", reader, Action.APPROVE)
    assert result.delivery_id is not None
    undoing.undo(session, result.delivery_id, reader)
    assert sample(session, rater).next_id is None


def test_the_case_shows_what_the_reader_saw_and_nothing_later(
    clinic: Clinic, session: Session
) -> None:
    reader = clinic.person()
    clinic.say("seen", "first words", "First draft.")
    clinic.score(Severity.L0)
    clinic.wait(1)
    clinic.claim("seen", reader)
    result = clinic.decide(
        "seen",
        reader,
        Action.EDIT,
        text="First draft, kinder.",
        flags=[Flag.F12],
        reason="tone",
        own_severity=Severity.L1,
    )
    clinic.wait(60)
    clinic.say("seen", "later words", "Later draft.")
    case = decided_case(session, result.decision_id)
    assert [turn.text for turn in case.turns] == ["first words"]
    assert (case.draft_text, case.text) == ("First draft.", "First draft, kinder.")
    assert (case.kind, case.reason, case.flags) == (DecisionKind.EDIT, "tone", [Flag.F12])
    assert (case.own_severity, case.severity) == (Severity.L1, Severity.L0)
    assert case.waited is not None
    assert case.waited.total_seconds() >= 1


def test_there_is_no_case_without_a_person(session: Session) -> None:
    with pytest.raises(NotFound):
        decided_case(session, uuid.uuid4())


def test_the_summary_counts_every_rating_and_pairs_levels_given_blind(
    clinic: Clinic, session: Session
) -> None:
    reader, rater = clinic.person(), clinic.person(Role.SUPERVISOR)
    alike = decided(clinic, reader, own=Severity.L0)
    apart = decided(clinic, reader, level=Severity.L2, own=Severity.L2)
    unasked = decided(clinic, reader)
    rated(session, alike, rater)
    rated(session, apart, rater, level=Severity.L1, agrees=False)
    rated(session, unasked, rater, gate=0)
    found = rating_summary(session)
    assert found.ratings == 3
    assert (found.agrees.part, found.agrees.whole) == (2, 3)
    assert (found.passed.part, found.passed.whole) == (2, 3)
    assert (found.levels.same, found.levels.n) == (1, 2)
    assert (found.risky.same, found.risky.n) == (1, 2)
    assert found.positive is not None
    assert found.positive.value == 0
    assert found.answers[Question.Q1] == {2: 2, 0: 1}
    assert found.answers[Question.Q6] == {None: 3}


def test_without_ratings_nothing_is_claimed(session: Session) -> None:
    found = rating_summary(session)
    assert (found.ratings, found.agrees.value, found.levels.n) == (0, None, 0)


def test_a_lowered_level_waits_for_a_second_person_and_then_leaves_the_list(
    clinic: Clinic, session: Session
) -> None:
    reader, second = clinic.person(), clinic.person(Role.SUPERVISOR)
    clinic.say("grave", "words scored high", "A draft.")
    clinic.score(Severity.L3)
    item = clinic.claim("grave", reader)
    undoing.lower_level(session, item.id, reader, to=Severity.L1, reason="about a film")
    waiting = lowered_levels(session)
    assert [(one.before, one.after, one.overdue) for one in waiting] == [
        (Severity.L3, Severity.L1, False)
    ]
    clinic.wait(25 * 3600)
    assert lowered_levels(session)[0].overdue
    undoing.confirm_lowering(session, waiting[0].change_id, second)
    assert lowered_levels(session) == []


def test_lowering_a_lesser_level_waits_for_nobody(clinic: Clinic, session: Session) -> None:
    reader = clinic.person()
    clinic.say("mild", "words scored moderate", "A draft.")
    clinic.score(Severity.L2)
    item = clinic.claim("mild", reader)
    undoing.lower_level(session, item.id, reader, to=Severity.L0, reason="a song text")
    assert lowered_levels(session) == []

"""Rating a decision: once, never one's own, complete, and on the record."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.tables import AuditEvent, Decision, Rating
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.permissions import Action, Role
from oversight.domain.rubric import Question
from oversight.domain.severity import Severity
from oversight.services.rating import COMMENT_LIMIT, Reading, rate
from tests.services.clinic import Clinic


def reading(clinic: Clinic, *, by: Role = Role.CLINICIAN) -> Reading:
    """A complete reading of a fresh decision, by a supervisor who did not make it."""
    reader = clinic.person(by)
    name = f"talk-{uuid.uuid4().hex[:6]}"
    clinic.say(name, "a long day, but fine", "Glad to hear it was fine.")
    clinic.score(Severity.L0)
    clinic.claim(name, reader)
    result = clinic.decide(name, reader, Action.APPROVE)
    return Reading(
        decision_id=result.decision_id,
        rater_id=clinic.person(Role.SUPERVISOR),
        own_severity=Severity.L0,
        scores={**dict.fromkeys(Question, 2), Question.Q2: None},
        agrees=True,
    )


def test_a_rating_is_kept_with_its_answers_and_its_event(clinic: Clinic, session: Session) -> None:
    given = replace(reading(clinic), comment="  well put  ")
    rating_id = rate(session, given)
    row = session.get_one(Rating, rating_id)
    assert (row.agrees, row.own_severity, row.comment) == (True, "L0", "well put")
    assert row.scores["Q1"] == 2
    assert row.scores["Q2"] is None
    event = session.scalars(select(AuditEvent).where(AuditEvent.subject == rating_id)).one()
    assert event.kind == "rating.create"
    assert event.actor_id == str(given.rater_id)
    assert event.detail["decision_id"] == str(given.decision_id)
    assert "well put" not in str(event.detail)


def test_nobody_rates_their_own_decision(clinic: Clinic, session: Session) -> None:
    given = reading(clinic, by=Role.SUPERVISOR)
    own = session.get_one(Decision, given.decision_id).clinician_id
    assert own is not None
    with pytest.raises(NotPermitted, match="your own"):
        rate(session, replace(given, rater_id=own))


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STUDY_LEAD, Role.ADMIN])
def test_only_supervisors_rate(clinic: Clinic, session: Session, role: Role) -> None:
    with pytest.raises(NotPermitted, match="supervisor"):
        rate(session, replace(reading(clinic), rater_id=clinic.person(role)))


def test_a_supervisor_who_left_rates_no_more(clinic: Clinic, session: Session) -> None:
    given = reading(clinic)
    session.execute(
        text("UPDATE clinicians SET deactivated_at = oversight_now() WHERE id = :id"),
        {"id": given.rater_id},
    )
    with pytest.raises(NotPermitted):
        rate(session, given)


def test_a_second_rating_by_the_same_person_is_refused_and_the_first_stands(
    clinic: Clinic, session: Session
) -> None:
    given = reading(clinic)
    first = rate(session, given)
    with pytest.raises(Conflict):
        rate(session, replace(given, agrees=False, comment="changed my mind"))
    assert session.get_one(Rating, first).agrees is True


def test_two_supervisors_may_rate_the_same_decision(clinic: Clinic, session: Session) -> None:
    given = reading(clinic)
    rate(session, given)
    assert rate(session, replace(given, rater_id=clinic.person(Role.SUPERVISOR)))


def test_what_a_policy_decided_is_not_rated(clinic: Clinic, session: Session) -> None:
    given = reading(clinic)
    clinic.say("by-itself", "good morning", "Good morning.", arm="flagged")
    clinic.score(Severity.L0)
    by_policy = session.scalars(
        select(Decision.id).where(
            Decision.study_id == clinic.study_id, Decision.clinician_id.is_(None)
        )
    ).first()
    assert by_policy is not None
    with pytest.raises(NotFound):
        rate(session, replace(given, decision_id=by_policy))
    with pytest.raises(NotFound):
        rate(session, replace(given, decision_id=uuid.uuid4()))


@pytest.mark.parametrize("question", list(Question))
def test_every_question_needs_an_answer(
    clinic: Clinic, session: Session, question: Question
) -> None:
    given = reading(clinic)
    scores = {one: score for one, score in given.scores.items() if one is not question}
    with pytest.raises(Incomplete, match=question.value):
        rate(session, replace(given, scores=scores))


def test_not_scored_is_not_a_level_of_ones_own(clinic: Clinic, session: Session) -> None:
    with pytest.raises(Incomplete, match="level"):
        rate(session, replace(reading(clinic), own_severity=Severity.LU))


def test_disagreeing_needs_a_comment(clinic: Clinic, session: Session) -> None:
    with pytest.raises(Incomplete, match="comment"):
        rate(session, replace(reading(clinic), agrees=False, comment="  "))


def test_a_no_on_a_gate_needs_a_comment(clinic: Clinic, session: Session) -> None:
    given = reading(clinic)
    with pytest.raises(Incomplete, match="comment"):
        rate(session, replace(given, scores={**given.scores, Question.Q3: 0}))
    assert rate(session, replace(given, scores={**given.scores, Question.Q4: 0}))


@pytest.mark.parametrize("comment", ["x" * (COMMENT_LIMIT + 1), "half\x00way"])
def test_an_unusable_comment_is_refused(clinic: Clinic, session: Session, comment: str) -> None:
    with pytest.raises(Incomplete, match="comment"):
        rate(session, replace(reading(clinic), comment=comment))

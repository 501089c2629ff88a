"""A supervisor rates a decided item: once, never their own, every question answered."""

import uuid
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Clinician, Decision, Rating, new_id, table_of
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.rubric import Scores, failed_gates, missing
from oversight.domain.severity import Severity
from oversight.services.audit import Actor, Event, record

COMMENT_LIMIT = 4_000


@dataclass(frozen=True)
class Reading:
    """What a supervisor thinks of one decision. ``own_severity`` was given blind."""

    decision_id: uuid.UUID
    rater_id: uuid.UUID
    own_severity: Severity
    scores: Scores
    agrees: bool
    comment: str = ""


def rate(session: Session, reading: Reading) -> uuid.UUID:
    """Keep a rating; returns its id.

    Raises
    ------
    NotPermitted
        The rater is no supervisor on the team, or made the decision.
    NotFound
        There is no such decision of a person.
    Incomplete
        A question, the level or a needed comment is missing.
    Conflict
        This person has rated this decision before: a rating is not rewritten.
    """
    _check_rater(session, reading.rater_id)
    decision = session.get(Decision, reading.decision_id)
    if decision is None or decision.clinician_id is None:
        raise NotFound("no person's decision to rate there", decision_id=str(reading.decision_id))
    if decision.clinician_id == reading.rater_id:
        raise NotPermitted("this was your own decision: somebody else rates it")
    _check_content(reading)
    rating_id = session.scalar(
        insert(table_of(Rating))
        .values(
            id=new_id(),
            decision_id=reading.decision_id,
            rater_id=reading.rater_id,
            agrees=reading.agrees,
            own_severity=reading.own_severity.value,
            scores=_stored(reading.scores),
            comment=reading.comment.strip() or None,
        )
        .on_conflict_do_nothing(index_elements=["decision_id", "rater_id"])
        .returning(table_of(Rating).c.id)
    )
    if rating_id is None:
        raise Conflict("you have rated this one already; the first rating stands")
    record(session, _created(decision, rating_id, reading))
    return uuid.UUID(str(rating_id))


def _check_rater(session: Session, rater_id: uuid.UUID) -> None:
    person = session.get(Clinician, rater_id)
    if person is None or person.deactivated_at is not None or person.role != Role.SUPERVISOR:
        raise NotPermitted("only a supervisor on the team rates decisions")


def _check_content(reading: Reading) -> None:
    unanswered = missing(reading.scores)
    if unanswered:
        raise Incomplete(f"{unanswered[0].value} has no answer yet", field=unanswered[0].value)
    if reading.own_severity is Severity.LU:
        raise Incomplete("give a level of your own first", field="own_severity")
    if len(reading.comment) > COMMENT_LIMIT:
        raise Incomplete(
            f"the comment is over {COMMENT_LIMIT:,} characters: shorten it", field="comment"
        )
    if "\x00" in reading.comment:
        raise Incomplete(
            "the comment holds an invisible sign that cannot be kept (NUL): type it again",
            field="comment",
        )
    needs_words = not reading.agrees or failed_gates(reading.scores)
    if needs_words and not reading.comment.strip():
        raise Incomplete(
            'write in the comment what you would have done: you disagree, or answered "no" to one'
            " of the first three",
            field="comment",
        )


def _stored(scores: Scores) -> dict[str, int | None]:
    return {question.value: score for question, score in scores.items()}


def _created(decision: Decision, rating_id: object, reading: Reading) -> Event:
    return Event(
        "rating.create",
        Actor.clinician(reading.rater_id),
        study_id=decision.study_id,
        conversation_id=decision.conversation_id,
        item_id=decision.item_id,
        subject=uuid.UUID(str(rating_id)),
        detail={
            "decision_id": str(decision.id),
            "own_severity": reading.own_severity.value,
            "agrees": reading.agrees,
            "scores": _stored(reading.scores),
        },
    )

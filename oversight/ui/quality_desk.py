"""Where one supervisor is in rating: which decision, their own level, and whether it is saved."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from db.session import RECORD_ERRORS
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page
from oversight.domain.rubric import Question, failed_gates
from oversight.domain.severity import Severity
from oversight.services.rating import Reading, rate
from oversight.ui import runtime
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting

STATE = "rating"
CHOICES = {"2": 2, "1": 1, "0": 0, "na": None}
"""The stored answers by what a radio button holds: None there would mean nothing chosen."""


@dataclass
class RatingDesk:
    """Ids and small words only. ``saved`` is true from saving until the next one is asked for."""

    decision: str | None = None
    level: str | None = None
    saved: bool = False
    failed: str = ""
    trouble: str = ""


def rating_desk() -> RatingDesk:
    """This browser tab's desk."""
    return RatingDesk(**st.session_state.get(STATE, {}))


def keep(desk: RatingDesk) -> None:
    """Remember it for the next drawing."""
    st.session_state[STATE] = dict(vars(desk))


def begin(decision_id: uuid.UUID) -> RatingDesk:
    """Hold on to a decision: the sample may change while somebody reads."""
    desk = RatingDesk(decision=str(decision_id))
    keep(desk)
    return desk


def give_level(level: Severity) -> None:
    """The supervisor's own level, before anything else is shown."""
    desk = rating_desk()
    desk.level = level.value
    keep(desk)


def next_one() -> None:
    """Lay the rated item aside."""
    keep(RatingDesk())


def answer_key(decision: str, name: str) -> str:
    """The widget of one answer; new for each decision, so that no answer carries over."""
    return f"rating-{decision}-{name}"


def save() -> None:
    """Keep the rating as the form has it, or say what is missing; nothing typed is lost."""
    desk = rating_desk()
    decision = desk.decision or ""
    values = {name: st.session_state.get(answer_key(decision, name)) for name in _names()}
    desk.trouble = _unanswered(values)
    if not desk.trouble:
        try:
            person = acting(Page.QUALITY)
            given = _reading(desk, values, person.id)
            with runtime.database().transaction() as session:
                rate(session, given)
            desk.saved = True
            desk.failed = ", ".join(gate.value[1] for gate in failed_gates(given.scores))
        except Refusal as refusal:
            desk.trouble = f"{refusal.message[:1].upper()}{refusal.message[1:]}."
        except RECORD_ERRORS:
            desk.trouble = AWAY
    keep(desk)


def _unanswered(values: Mapping[str, object]) -> str:
    """What is still to choose, in words; empty when nothing is."""
    left = [question.value[1] for question in Question if values[question.value] is None]
    if left:
        many = "Questions" if len(left) > 1 else "Question"
        return f"{many} {', '.join(left)}: choose an answer first."
    if values["agrees"] is None:
        return "Do you agree with the decision? Choose an answer first."
    return ""


def _names() -> list[str]:
    return [*(question.value for question in Question), "agrees", "comment"]


def _reading(desk: RatingDesk, values: Mapping[str, object], rater_id: uuid.UUID) -> Reading:
    chosen = {question: values[question.value] for question in Question}
    return Reading(
        decision_id=uuid.UUID(desk.decision or ""),
        rater_id=rater_id,
        own_severity=Severity(desk.level or Severity.LU),
        scores={
            question: CHOICES[str(value)] for question, value in chosen.items() if value is not None
        },
        agrees=values["agrees"] == "yes",
        comment=str(values["comment"] or ""),
    )

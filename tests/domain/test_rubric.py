"""The supervisor's rubric."""

from __future__ import annotations

import pytest

from oversight.domain.rubric import (
    GATES,
    QUESTION_TEXT,
    Question,
    Scores,
    failed_gates,
    missing,
)


def answers(**changed: int | None) -> Scores:
    return {**dict.fromkeys(Question, 2), **{Question(name): v for name, v in changed.items()}}


def test_every_question_has_its_words() -> None:
    assert set(QUESTION_TEXT) == set(Question)


def test_the_first_three_are_gates() -> None:
    assert {Question.Q1, Question.Q2, Question.Q3} == GATES


@pytest.mark.parametrize("question", list(Question))
def test_a_zero_fails_the_item_only_on_a_gate(question: Question) -> None:
    expected = (question,) if question in GATES else ()
    assert failed_gates(answers(**{question.value: 0})) == expected


def test_not_applicable_is_an_answer_and_fails_nothing() -> None:
    scores = dict.fromkeys(Question)
    assert missing(scores) == ()
    assert failed_gates(scores) == ()


@pytest.mark.parametrize("wrong", [3, -1, True])
def test_what_is_not_on_the_scale_counts_as_missing(wrong: int) -> None:
    assert missing(answers(Q4=wrong)) == (Question.Q4,)


def test_a_question_left_out_is_missing() -> None:
    scores = dict(answers())
    del scores[Question.Q7]
    assert missing(scores) == (Question.Q7,)

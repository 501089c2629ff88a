"""Whatever the classifier does, every text gets an assessment, and a bad one is LU."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from classifiers.protocol import CLASSIFIER_ERROR, INVALID_SCORE, Message, RiskAssessment
from oversight.domain.severity import Severity
from oversight.services.scoring import Task
from oversight.worker.assessing import Assessor, Interrupted, is_sound
from tests.worker import stand_ins
from tests.worker.stand_ins import POISON, plain


def task(text: str, *, role: str = "participant", number: int = 1) -> Task:
    message_id, draft_id = (uuid.uuid4(), None) if role == "participant" else (None, uuid.uuid4())
    subject = Message(str(number), text, role)  # type: ignore[arg-type]
    return Task(number, uuid.uuid4(), message_id, draft_id, subject)


def tasks(*texts: str) -> list[Task]:
    return [task(text, number=number) for number, text in enumerate(texts)]


def assessor(classifier: stand_ins.Quick, *, longest_seconds: float = 10.0) -> Assessor:
    return Assessor(classifier, stopping=threading.Event(), longest_seconds=longest_seconds)


@pytest.mark.parametrize(
    ("classifier", "reason"),
    [
        (stand_ins.Raising(), CLASSIFIER_ERROR),
        (stand_ins.LosesCount(), CLASSIFIER_ERROR),
        (stand_ins.NotANumber(), INVALID_SCORE),
        (stand_ins.OutOfRange(), INVALID_SCORE),
        (stand_ins.MixesUp(), INVALID_SCORE),
    ],
    ids=lambda value: getattr(value, "version", value) and type(value).__name__,
)
def test_a_failing_classifier_makes_every_text_unscored(
    classifier: stand_ins.Quick, reason: str
) -> None:
    found = assessor(classifier).assess(tasks("toast for breakfast", "rain again"))
    assert [one.scored for one in found] == [False, False]
    assert {one.severity for one in found} == {Severity.LU}
    assert {one.unscored_reason for one in found} == {reason}


def test_an_unscored_text_keeps_what_the_phrase_rules_say() -> None:
    (found,) = assessor(stand_ins.Raising()).assess(tasks("kms tonight"))
    assert (found.severity, found.phrase_floor) == (Severity.LU, Severity.L3)
    assert found.phrase_hits


def test_a_bots_words_are_never_read_by_the_phrase_rules() -> None:
    (found,) = assessor(stand_ins.Raising()).assess([task("kms tonight", role="bot")])
    assert (found.severity, found.phrase_floor) == (Severity.LU, None)


def test_one_bad_row_never_spoils_its_neighbours() -> None:
    found = assessor(stand_ins.RaisesOnPoison()).assess(tasks("toast", POISON, "kms tonight"))
    assert [one.scored for one in found] == [True, False, True]
    assert found[2].severity is Severity.L3


def test_a_hanging_classifier_costs_its_time_limit_and_no_more() -> None:
    tried = assessor(stand_ins.HangsOnPoison(), longest_seconds=0.2)
    began = time.monotonic()
    found = tried.assess(tasks("toast", POISON))
    assert time.monotonic() - began < 5
    assert [one.unscored_reason for one in found] == [CLASSIFIER_ERROR] * 2
    assert tried.hanging
    assert not tried.fit


def test_nothing_more_is_asked_of_a_hanging_classifier() -> None:
    tried = assessor(stand_ins.HangsOnPoison(), longest_seconds=0.2)
    tried.assess(tasks(POISON))
    (found,) = tried.assess(tasks("toast"))
    assert not found.scored


def test_stopping_does_not_wait_for_a_slow_classifier() -> None:
    stopping = threading.Event()
    stopping.set()
    tried = Assessor(stand_ins.Slow(seconds=30), stopping=stopping)
    began = time.monotonic()
    with pytest.raises(Interrupted):
        tried.assess(tasks("toast"))
    assert time.monotonic() - began < 1.8


def test_a_classifier_that_recovers_is_fit_again() -> None:
    @dataclass
    class FailsOnce(stand_ins.Quick):
        asked: int = 0

        def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("not yet")
            return super().assess(messages)

    tried = assessor(FailsOnce())
    tried.assess(tasks("toast"))
    assert not tried.fit
    tried.probe()
    assert tried.fit


PARTICIPANT = task("toast")
BOT = task("Good morning.", role="bot")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "another"},
        {"role": "bot"},
        {"severity": "L9"},
        {"severity": Severity.LU},
        {"crisis_probability": None},
        {"crisis_probability": float("nan")},
        {"crisis_probability": float("inf")},
        {"crisis_probability": -0.1},
        {"crisis_probability": 1.7},
        {"crisis_probability": "0.5"},
        {"category_probabilities": {"weather": 0.1}},
        {"severity_probabilities": {Severity.L3: float("nan")}},
        {"categories": ("weather",)},
        {"flags": ("F99",)},
        {"phrase_floor": "L9"},
        {"model_version": ""},
        {"model_version": "v" * 129},
        {"scored": False},
    ],
    ids=str,
)
def test_an_answer_outside_the_vocabulary_or_the_range_is_not_a_score(
    change: dict[str, object],
) -> None:
    sound = plain(PARTICIPANT.subject)
    assert is_sound(sound, PARTICIPANT)
    assert not is_sound(replace(sound, **change), PARTICIPANT)


def test_a_reply_without_its_harm_score_is_not_scored() -> None:
    sound = plain(BOT.subject)
    assert is_sound(sound, BOT)
    assert not is_sound(replace(sound, reply_harm_probability=None), BOT)


def test_an_answer_that_is_no_assessment_is_not_a_score() -> None:
    assert not is_sound({"severity": "L0"}, PARTICIPANT)

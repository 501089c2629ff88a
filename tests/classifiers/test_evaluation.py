"""Comparisons are like for like: held-out rows stay held out, and both sides see the same rows."""

import random

import numpy as np
import pytest

from classifiers.evaluation.leave_out import (
    family,
    lost,
    message_sources,
    reply_sources,
)
from classifiers.evaluation.scorers import WordModel
from classifiers.evaluation.sets import questions_on
from classifiers.outputs import CRISIS, PARTICIPANT_OUTPUTS
from classifiers.protocol import Message
from classifiers.training.corpus import split_of
from classifiers.training.labels import Example, partial_targets
from classifiers.training.public import script_of


def example(text: str, crisis: float) -> Example:
    targets = partial_targets(PARTICIPANT_OUTPUTS, {CRISIS: crisis})
    return Example(Message(text, text), targets, 1.0, "file", text)


def test_a_source_is_measured_on_scenarios_that_nobody_trained_on() -> None:
    for source in [*message_sources(None).values(), *reply_sources(None).values()]:
        assert all(split_of(e.scenario) == "train" for e in source.training)
        assert all(split_of(e.scenario) != "train" for e in source.held)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("en_risk_01_imminent", "en_risk"),
        ("en_safe_games", "en_safe"),
        ("es_01_imminent", "es"),
        ("fr_01", "other languages"),
        ("en_talk_01", "en_chat, en_talk"),
        ("pairs_07", "pairs"),
        ("rallypoint", "public: forum posts"),
    ],
)
def test_files_of_one_family_are_left_out_together(file: str, name: str) -> None:
    assert family(file) == name


def test_what_is_lost_is_the_difference_on_the_same_rows() -> None:
    question = questions_on([example(str(n), float(n % 2)) for n in range(40)], CRISIS, "q")
    perfect = question.truth.astype(float)
    found = lost(question, perfect, 1 - perfect, rounds=20)
    assert found.value == pytest.approx(1.0)
    assert lost(question, perfect, perfect, rounds=20).high == pytest.approx(0.0)


def test_the_word_baseline_gives_a_text_the_same_score_in_any_company() -> None:
    generator = random.Random(0)
    words = ["rain", "bus", "pills", "goodbye", "cat", "dinner", "tonight", "alone"]
    training = [
        example(" ".join([*generator.sample(words, 4), str(n)]), float(n % 2)) for n in range(60)
    ]
    asked = [example("goodbye rain tonight", 1.0), example("the cat at dinner alone", 0.0)]
    together = WordModel(training).scores(asked, CRISIS)
    one_by_one = WordModel(training)
    assert np.allclose(together, [one_by_one.scores([e], CRISIS)[0] for e in reversed(asked)][::-1])


@pytest.mark.parametrize(
    ("identity", "script"),
    [
        ("spiral:some-bot-3.5-ec05-0-1", "ec05"),
        ("schizobench:maker/bot-r1:free-v3_20t_reality_shift-14", "v3_20t_reality_shift"),
        ("diasafety-12", None),
    ],
)
def test_chats_along_one_script_are_one_group(identity: str, script: str | None) -> None:
    assert script_of(identity) == script

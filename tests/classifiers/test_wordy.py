"""Other words around a reply: the same for a scenario, and nothing that decides a flag."""

import random

import numpy as np

from classifiers.evaluation.wordy import (
    LINES_AFTER,
    LINES_BEFORE,
    LISTS,
    in_wordy_voice,
    wrapped,
    wrapper,
)
from classifiers.outputs import HARM, REPLY_OUTPUTS
from classifiers.phrases import phrase_hits
from classifiers.protocol import Message
from classifiers.training.labels import Example, flag_targets
from oversight.domain.flags import Flag

HARM_COLUMN = REPLY_OUTPUTS.index(HARM)


def reply(text: str, scenario: str, *flags: Flag, language: str = "en") -> Example:
    message = Message(text, text, "bot", (), language)
    return Example(message, flag_targets(flags), 1.0, "file", scenario)


def test_replies_of_one_scenario_get_the_same_words_around_them() -> None:
    rows = [reply("stay with me", "a"), reply("pull yourself together", "a", Flag.F12)]
    first, second = in_wordy_voice(rows)
    assert first.message.text.replace("stay with me", "") == second.message.text.replace(
        "pull yourself together", ""
    )
    assert (first.targets[HARM_COLUMN], second.targets[HARM_COLUMN]) == (0, 1)


def test_other_words_leave_open_whether_a_reply_is_too_long_and_change_no_other_flag() -> None:
    row = reply("no", "a", Flag.F12)
    found = wrapped(row, wrapper(random.Random(0)))
    changed = np.flatnonzero(np.isnan(found.targets))
    assert [REPLY_OUTPUTS[column] for column in changed] == ["flag:F19"]
    assert np.array_equal(np.delete(found.targets, changed), np.delete(row.targets, changed))


def test_replies_in_another_language_or_the_wrong_one_are_left_out() -> None:
    rows = [reply("aquí estoy", "a", language="es"), reply("aquí estoy", "a", Flag.F22)]
    assert in_wordy_voice(rows) == []


def test_no_line_speaks_of_danger_or_of_help() -> None:
    for line in (*LINES_BEFORE, *LINES_AFTER, *LISTS):
        assert not phrase_hits(line), line
        assert not any(word in line.lower() for word in ("988", "crisis", "helpline", "suicid"))

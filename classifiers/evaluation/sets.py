"""The texts a model is measured on: held-out scenarios, and public data if present."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.evaluation.wordy import in_wordy_voice
from classifiers.outputs import CRISIS, HARM, PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.training import public
from classifiers.training.corpus import ParticipantRow, ReplyRow
from classifiers.training.labels import Example, participant_example, reply_example
from classifiers.training.recipe import Recipe, participant_split, reply_split

_OUTSIDE_REPLIES = {
    "llms_as_therapists": "replies to five crisis stimuli (never trained on): inappropriate",
    "spiral": "long chats (never trained on): reinforces delusion or worse",
    "schizobench": "replies to scripted delusion (never trained on): reinforces it",
}
_MOST_OUTSIDE = 900
_OUTSIDE_SEED = 0


@dataclass(frozen=True, slots=True)
class Question:
    """One yes-or-no question over a set: which output answers it, and the truth by row."""

    name: str
    output: str
    examples: tuple[Example, ...]
    truth: NDArray[np.bool_]

    @property
    def groups(self) -> list[str]:
        return [example.scenario for example in self.examples]


def questions_on(examples: Sequence[Example], output: str, name: str) -> Question:
    """The rows where ``output`` is labelled, and their labels."""
    role = examples[0].message.role
    column = (PARTICIPANT_OUTPUTS if role == "participant" else REPLY_OUTPUTS).index(output)
    known = [example for example in examples if not np.isnan(example.targets[column])]
    truth = np.array([example.targets[column] == 1 for example in known])
    return Question(name, output, tuple(known), truth)


def participant_questions(public_folder: Path | None) -> list[Question]:
    """Crisis and severity on held-out scenarios, then on sources with other authors."""
    rows = participant_split("test")
    authored = [participant_example(row) for row in rows]
    english = [participant_example(row) for row in rows if row.language == "en"]
    first = [e for e in english if not any(name in e.source for name, _ in Recipe().joining)]
    questions = [
        questions_on(authored, CRISIS, "authored: suicide or self-harm, L1+"),
        questions_on(english, CRISIS, "authored, English: suicide or self-harm, L1+"),
        questions_on(first, CRISIS, "authored, English, the files of version 1.0: the same"),
    ]
    questions += [
        questions_on(authored, f"severity:{level}", f"authored: severity {level}+")
        for level in ("L1", "L2", "L3", "L4")
    ]
    if public_folder is None:
        return questions
    outside = public.participant_examples(public_folder, split="test")
    forum = [example for example in outside if example.source == "rallypoint"]
    prompts = [example for example in outside if example.source != "rallypoint"]
    return [
        *questions,
        questions_on(forum, CRISIS, "forum posts: crisis"),
        questions_on(prompts, CRISIS, "requests for means against everyday talk"),
    ]


def reply_questions(public_folder: Path | None) -> list[Question]:
    """Harm of replies: held-out scenarios, one source trained on in part, two never seen."""
    authored = [reply_example(row) for row in reply_split("test")]
    plain = [e for e in authored if e.message.language == "en"]
    questions = [
        questions_on(authored, HARM, "authored replies: H2+"),
        questions_on(plain, HARM, "authored replies, English: H2+"),
        questions_on(
            in_wordy_voice(authored), HARM, "the same with a wordy bot's words around them: H2+"
        ),
    ]
    if public_folder is None:
        return questions
    near = public.reply_examples(public_folder, split="test")
    questions.append(questions_on(near, HARM, "short bot replies, its own test part: unsafe"))
    outside = public.outside_reply_examples(public_folder)
    for source, words in _OUTSIDE_REPLIES.items():
        mine = [example for example in outside if example.source == source]
        questions.append(questions_on(_drawn(mine), HARM, words))
    return questions


def _drawn(examples: list[Example]) -> list[Example]:
    """A fixed draw: the files are sorted by the bot that answered."""
    generator = random.Random(_OUTSIDE_SEED)  # noqa: S311 - a draw for a table, nothing secret
    return generator.sample(examples, min(_MOST_OUTSIDE, len(examples)))


def flag_questions() -> list[Question]:
    authored = [reply_example(row) for row in reply_split("test")]
    return [
        questions_on(authored, name, name) for name in REPLY_OUTPUTS if name.startswith("flag:")
    ]


def category_questions() -> list[Question]:
    authored = [participant_example(row) for row in participant_split("test")]
    return [
        questions_on(authored, name, name)
        for name in PARTICIPANT_OUTPUTS
        if name.startswith("category:")
    ]


def slices(rows: Sequence[ParticipantRow]) -> dict[str, list[int]]:
    """Row numbers by stance, register, language, length and presence of context."""
    keys: dict[str, Callable[[ParticipantRow], str]] = {
        "stance": lambda row: row.stance,
        "register": lambda row: row.register,
        "language": lambda row: row.language,
        "length": lambda row: _length(row.text),
        "context": lambda row: "with context" if row.context else "alone",
    }
    found: dict[str, list[int]] = {}
    for kind, key in keys.items():
        for number, row in enumerate(rows):
            found.setdefault(f"{kind}: {key(row)}", []).append(number)
    return dict(sorted(found.items()))


def reply_slices(rows: Sequence[ReplyRow]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        found.setdefault(f"language: {row.language}", []).append(number)
        found.setdefault(f"length: {_length(row.text)}", []).append(number)
    return dict(sorted(found.items()))


def _length(text: str) -> str:
    words = len(text.split())
    if words <= 8:
        return "1 to 8 words"
    if words <= 30:
        return "9 to 30 words"
    return "over 30 words" if words <= 100 else "over 100 words"

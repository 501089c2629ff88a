"""Variations that change nothing that matters: what a text is beside must not decide its level."""

import dataclasses
import random
from collections.abc import Sequence

import numpy as np

from classifiers.outputs import PARTICIPANT_OUTPUTS
from classifiers.protocol import Message, Turn
from classifiers.training.labels import Example

_STANCE_COLUMNS = [n for n, name in enumerate(PARTICIPANT_OUTPUTS) if name.startswith("stance:")]


def longer(first: Example, second: Example, generator: random.Random) -> Example:
    """Two participant texts said in one breath: the worse of each level, no stance."""
    texts = [first.message.text, second.message.text]
    generator.shuffle(texts)
    targets = np.maximum(first.targets, second.targets)  # NaN stays NaN
    targets[_STANCE_COLUMNS] = np.nan
    joint = generator.choice([" ", "\n\n", ". ", " also "])
    message = Message(first.message.id, joint.join(texts), "participant", first.message.context)
    return dataclasses.replace(first, message=message, targets=targets)


def with_harmless_context(example: Example, turns: Sequence[Turn]) -> Example:
    """The same message after unrelated talk."""
    message = dataclasses.replace(example.message, context=tuple(turns))
    return dataclasses.replace(example, message=message)


def misspelt(example: Example, generator: random.Random) -> Example:
    """A few slips of the finger, lost apostrophes, other case."""
    text = example.message.text
    if generator.random() < 0.3:
        text = text.replace("'", "").replace(".", "")
    characters = list(text)
    for _ in range(max(1, len(characters) // 40)):
        _slip(characters, generator)
    message = dataclasses.replace(example.message, text="".join(characters))
    return dataclasses.replace(example, message=message)


def _slip(characters: list[str], generator: random.Random) -> None:
    if len(characters) < 4:
        return
    place = generator.randrange(1, len(characters) - 1)
    kind = generator.random()
    if kind < 0.4:
        characters[place], characters[place - 1] = characters[place - 1], characters[place]
    elif kind < 0.7:
        del characters[place]
    else:
        characters.insert(place, characters[place])

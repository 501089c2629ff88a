"""The same reply as a wordy bot would give it: kind words before and after that decide nothing.

Flagged and good replies of one scenario get the same words around them, so that a fall in ranking
is due to the words alone. The lines name no risk, ask nothing that matters, offer no resource and
no way to end the talk: they can neither mend a reply nor harm it. A list may make one too long,
so whether a reply is too long (F19) is left open. Nothing is trained on them.
"""

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifiers.outputs import REPLY_OUTPUTS
from classifiers.training.labels import Example

_TOO_LONG = REPLY_OUTPUTS.index("flag:F19")
_WRONG_LANGUAGE = REPLY_OUTPUTS.index("flag:F22")
_SEED = 0

LINES_BEFORE = (
    "Thanks so much for reaching out about this.",
    "I hear you, and I'm here to support you.",
    "What a week you have had.",
    "You deserve to be listened to.",
    "That is a lot for one person.",
    "Let's unpack this a little.",
)
LINES_AFTER = (
    "Healing is not a race.",
    "Keep being gentle with yourself.",
    "You are doing better than you think.",
    "Every conversation is a chance to learn something about yourself.",
    "It is fine to pause here and breathe.",
    "Hold on to what has helped before.",
)
LISTS = (
    "**A few ideas to reflect on:**\n1. What does today ask of you?\n2. What can wait?\n3. What "
    "would feel like rest?",
    "Here are some gentle reminders:\n- You are more than one bad day\n- Small joys count\n"
    "- Fresh air and water help more often than one expects",
)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Words that stand before and after a reply."""

    before: str
    after: str


def wrapper(generator: random.Random) -> Wrapper:
    """One to three lines before, one to three after, a list in every second."""
    before = generator.sample(LINES_BEFORE, generator.randint(1, 3))
    after = generator.sample(LINES_AFTER, generator.randint(1, 3))
    if generator.random() < 0.5:
        after.insert(0, generator.choice(LISTS))
    gap = generator.choice([" ", "\n\n"])
    return Wrapper(gap.join(before) + gap, gap + gap.join(after))


def in_wordy_voice(replies: Sequence[Example]) -> list[Example]:
    """The English replies, those of each scenario with the same words around them."""
    generator = random.Random(_SEED)  # noqa: S311 - a draw for a table, nothing secret
    around = {name: wrapper(generator) for name in sorted({e.scenario for e in replies})}
    return [
        wrapped(example, around[example.scenario])
        for example in replies
        if example.message.language == "en" and example.targets[_WRONG_LANGUAGE] != 1
    ]


def wrapped(example: Example, around: Wrapper) -> Example:
    targets = example.targets.copy()
    targets[_TOO_LONG] = np.nan
    text = around.before + example.message.text + around.after
    message = dataclasses.replace(example.message, text=text)
    return dataclasses.replace(example, message=message, targets=targets)

"""Whether the spans shown are what the score rests on."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from classifiers.explain import danger, explain, stretches, without
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Mean fall of the score (log-odds) without the shown span and without a random one.

    ``shown_wins`` is the share of texts where the shown span moves the score more.
    """

    texts: int
    shown_fall: float
    random_fall: float
    shown_wins: float


def measure_faithfulness(
    classifier: TransformerClassifier, messages: Sequence[Message], *, seed: int = 0
) -> Faithfulness:
    """Compare the heaviest span with another stretch of the same text, drawn at random."""
    generator = random.Random(seed)  # noqa: S311 - a draw for a comparison, nothing secret
    shown: list[float] = []
    drawn: list[float] = []
    for message in messages:
        spans = explain(classifier, message)
        if not spans:
            continue
        others = [
            (start, end)
            for start, end in stretches(message.text)
            if (start, end) != (spans[0].start, spans[0].end)
        ]
        if not others:
            continue
        whole = danger(classifier, message)
        other = generator.choice(others)
        shown.append(whole - danger(classifier, without(message, spans[0].start, spans[0].end)))
        drawn.append(whole - danger(classifier, without(message, *other)))
    wins = [one > two for one, two in zip(shown, drawn, strict=True)]
    count = max(len(shown), 1)
    return Faithfulness(len(shown), sum(shown) / count, sum(drawn) / count, sum(wins) / count)

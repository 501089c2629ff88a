"""Whether the spans shown are what the score rests on.

Two questions, after DeYoung et al. (2020): how far the score falls without the shown span, and
how much of it the shown span keeps when it stands alone. Each against spans of as many words
drawn at random from the rest of the same text. The first favours the shown span by construction,
because it was chosen by leaving words out; the second does not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classifiers.evaluation.measures import Interval, bootstrapped, resamples
from classifiers.explain import danger, explain, without, words_of
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message

_DRAWS = 5


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Means over texts in log-odds, each with its interval; shares of texts likewise.

    ``fall``: without the span. ``left``: from the whole text to the span alone (less is better).
    """

    texts: int
    shown_fall: Interval
    random_fall: Interval
    falls_more: Interval
    shown_left: Interval
    random_left: Interval
    keeps_more: Interval


@dataclass(frozen=True, slots=True)
class _Comparison:
    shown_fall: float
    random_fall: float
    shown_left: float
    random_left: float


def measure_faithfulness(
    classifier: TransformerClassifier,
    messages: Sequence[Message],
    *,
    rounds: int = 400,
    seed: int = 0,
) -> Faithfulness:
    """The heaviest span against the mean of five random ones of as many words."""
    generator = random.Random(seed)  # noqa: S311 - draws for a comparison, nothing secret
    found = [c for m in messages if (c := _compared(classifier, m, generator)) is not None]
    drawn = resamples([str(number) for number in range(len(found))], rounds=rounds, seed=seed)

    def over(values: Sequence[float]) -> Interval:
        every = np.array(values, dtype=np.float64)
        return bootstrapped(lambda rows: float(every[rows].mean()), len(every), drawn)

    return Faithfulness(
        texts=len(found),
        shown_fall=over([one.shown_fall for one in found]),
        random_fall=over([one.random_fall for one in found]),
        falls_more=over([one.shown_fall > one.random_fall for one in found]),
        shown_left=over([one.shown_left for one in found]),
        random_left=over([one.random_left for one in found]),
        keeps_more=over([one.shown_left < one.random_left for one in found]),
    )


def _compared(
    classifier: TransformerClassifier, message: Message, generator: random.Random
) -> _Comparison | None:
    """None where nothing is shown, no other span of its length fits, or a part is not scored."""
    spans = explain(classifier, message)
    others = spans_beside(message.text, (spans[0].start, spans[0].end)) if spans else []
    whole = danger(classifier, message)
    if not others or whole is None:
        return None
    drawn = generator.sample(others, min(_DRAWS, len(others)))
    shown, *rest = (
        _change(classifier, message, whole, span)
        for span in [(spans[0].start, spans[0].end), *drawn]
    )
    known = [one for one in rest if one is not None]
    if shown is None or not known:
        return None
    random_fall, random_left = np.mean(known, axis=0)
    return _Comparison(shown[0], float(random_fall), shown[1], float(random_left))


def _change(
    classifier: TransformerClassifier, message: Message, whole: float, span: tuple[int, int]
) -> tuple[float, float] | None:
    """How far the score falls without the span, and from the whole text to the span alone."""
    rest = danger(classifier, without(message, *span))
    alone = danger(classifier, replace(message, text=message.text[slice(*span)]))
    return None if rest is None or alone is None else (whole - rest, whole - alone)


def spans_beside(text: str, shown: tuple[int, int]) -> list[tuple[int, int]]:
    """Every run of as many words as ``shown`` that shares none with it."""
    words = words_of(text)
    size = sum(shown[0] <= start < shown[1] for start, _ in words)
    runs = [words[first : first + size] for first in range(len(words) - size + 1)]
    spans = [(run[0][0], run[-1][1]) for run in runs if run]
    return [(start, end) for start, end in spans if end <= shown[0] or start >= shown[1]]

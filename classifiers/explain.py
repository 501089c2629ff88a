"""Which words the score rests on, by leaving words out (occlusion; Zeiler & Fergus 2014).

One extra pass over a text for what is shown to a reader, never for routing, and only after the
reader's own level was recorded (CLINICAL §5). A span is where the *model* looked: it is no proof
that the level is right. Its faithfulness is measured in the model card.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifiers.model import TransformerClassifier
from classifiers.outputs import HARM, LEVELS
from classifiers.protocol import Message

_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…\n]\S*$")
_MOST_STRETCHES = 24
_FEWEST_WORDS = 3
#: A stretch is shown when leaving it out moves the score at least this share of the largest move.
_SHOWN_SHARE = 0.35
_MOST_SPANS = 3


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """Characters ``start`` to ``end`` of the text; ``weight`` is how far the score falls
    without them, in log-odds, summed over the levels for a participant."""

    start: int
    end: int
    weight: float


def explain(classifier: TransformerClassifier, message: Message) -> tuple[EvidenceSpan, ...]:
    """Up to three spans that carry the score, heaviest first; empty when none stands out."""
    spans = stretches(message.text)
    if len(spans) < 2:
        return tuple(EvidenceSpan(start, end, 0.0) for start, end in spans)
    whole = danger(classifier, message)
    weights = [whole - danger(classifier, without(message, start, end)) for start, end in spans]
    least = max(_SHOWN_SHARE * max(weights), 0.1)
    heavy = sorted(
        (
            EvidenceSpan(start, end, weight)
            for (start, end), weight in zip(spans, weights, strict=True)
            if weight >= least
        ),
        key=lambda span: -span.weight,
    )
    return tuple(heavy[:_MOST_SPANS])


def danger(classifier: TransformerClassifier, message: Message) -> float:
    """Log-odds that fall when the evidence goes: all four levels, or a reply's harm."""
    scores = classifier.scores(message)
    names = (
        [f"severity:{level.value}" for level in LEVELS] if message.role == "participant" else [HARM]
    )
    values: NDArray[np.float64] = np.clip([scores[name] for name in names], 1e-6, 1 - 1e-6)
    return float(np.log(values / (1 - values)).sum())


def without(message: Message, start: int, end: int) -> Message:
    return replace(message, text=f"{message.text[:start]} {message.text[end:]}")


def stretches(text: str) -> list[tuple[int, int]]:
    """The text in runs of a few words that do not cross a sentence's end, at most 24."""
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    size = max(_FEWEST_WORDS, -(-len(words) // _MOST_STRETCHES))
    spans: list[tuple[int, int]] = []
    run: list[tuple[int, int]] = []
    for start, end in words:
        run.append((start, end))
        ends = _SENTENCE_END.search(text[start:end]) is not None and len(words) < 60
        if len(run) >= size or ends:
            spans.append((run[0][0], run[-1][1]))
            run = []
    if run:
        spans.append((run[0][0], run[-1][1]))
    return spans[: 2 * _MOST_STRETCHES]

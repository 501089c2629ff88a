"""Which words the score rests on, by leaving words out (occlusion; Zeiler & Fergus 2014).

One extra pass over a text for what is shown to a reader, never for routing, and only after the
reader's own level was recorded (CLINICAL §5). A span is where the *model* looked: it is no proof
that the level is right. Its faithfulness is measured in the model card.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifiers.protocol import Classifier, Message, RiskAssessment
from oversight.domain.flags import Flag

_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…\n]\S*$")
_MOST_STRETCHES = 24
_FEWEST_WORDS = 3
#: A stretch is shown when leaving it out moves the score at least this share of the largest move.
_SHOWN_SHARE = 0.35
_MOST_SPANS = 3
_LEAST_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """Characters ``start`` to ``end`` of the text; ``weight`` is how far the score falls
    without them, in log-odds, summed over the levels for a participant."""

    start: int
    end: int
    weight: float


def explain(
    classifier: Classifier, message: Message, *, flag: Flag | None = None
) -> tuple[EvidenceSpan, ...]:
    """Up to three spans that carry the score, heaviest first; empty when none stands out.

    One call of the classifier for the text and all its shortened forms. A reply is explained for
    its harm as a whole, or for one ``flag``.
    """
    spans = stretches(message.text)
    if len(spans) < 2:
        return tuple(EvidenceSpan(start, end, 0.0) for start, end in spans)
    shortened = [without(message, start, end) for start, end in spans]
    whole, *rest = (_danger(one, flag) for one in classifier.assess([message, *shortened]))
    if whole is None:
        return ()
    weights = [0.0 if one is None else whole - one for one in rest]
    least = max(_SHOWN_SHARE * max(weights), _LEAST_WEIGHT)
    heavy = sorted(
        (
            EvidenceSpan(start, end, weight)
            for (start, end), weight in zip(spans, weights, strict=True)
            if weight >= least
        ),
        key=lambda span: -span.weight,
    )
    return tuple(heavy[:_MOST_SPANS])


def danger(classifier: Classifier, message: Message) -> float | None:
    """Log-odds that fall when the evidence goes; None for a text that cannot be scored."""
    return _danger(classifier.assess([message])[0], None)


def _danger(one: RiskAssessment, flag: Flag | None) -> float | None:
    """All four levels together, or a reply's harm, or one flag; None where nothing was scored."""
    if not one.scored:
        return None
    found = (
        list(one.severity_probabilities.values())
        if one.role == "participant"
        else [one.reply_harm_probability if flag is None else one.flag_probabilities.get(flag)]
    )
    known = [value for value in found if value is not None]
    if not known:
        return None
    values: NDArray[np.float64] = np.clip(known, 1e-6, 1 - 1e-6)
    return float(np.log(values / (1 - values)).sum())


def without(message: Message, start: int, end: int) -> Message:
    return replace(message, text=f"{message.text[:start]} {message.text[end:]}")


def words_of(text: str) -> list[tuple[int, int]]:
    """Where each word of the text starts and ends."""
    return [(match.start(), match.end()) for match in _WORD.finditer(text)]


def stretches(text: str) -> list[tuple[int, int]]:
    """The text in runs of a few words that do not cross a sentence's end, at most 24."""
    words = words_of(text)
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

"""A first look at receipt: how urgent a text seems, in well under a millisecond.

Orders the backlog of unscored messages and nothing else: no level, page or release ever rests on
it. Phrase rules and a linear model over hashed words and letter runs (Weinberger et al. 2009);
its recall stands in the model card. Needs numpy only to load.
"""

import math
import zlib
from array import array
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classifiers.normalise import fold
from classifiers.phrases import PhraseHit, phrase_hits
from oversight.domain.severity import Severity

WEIGHTS_FILE = Path(__file__).parent / "models" / "first_stage.npz"
BUCKETS = 1 << 15
#: Words read from each end of a long text.
_WORDS_READ = 90
_CHARACTERS_READ = 600
_PHRASE_URGENCY = {
    Severity.L1: 0.5, Severity.L2: 0.8, Severity.L3: 0.97, Severity.L4: 1.0,
}  # fmt: skip


def urgency(text: str, language: str | None = None) -> float:
    """How soon the text should be scored, 0 to 1; higher goes first. Never raises for any text."""
    return urgency_given(text, phrase_hits(_ends(text), language))


def urgency_given(text: str, hits: Sequence[PhraseHit]) -> float:
    """The same where the text's phrase hits are known already: finding them is most of the work."""
    by_rule = max((_PHRASE_URGENCY[hit.floor] for hit in hits), default=0.0)
    return max(by_rule, linear_probability(_ends(text)))


def linear_probability(text: str) -> float:
    """The linear model's P(at least L3)."""
    weights, bias = _weights()
    found = buckets(text)
    if not found:
        return 0.0
    total = sum(map(weights.__getitem__, found)) / math.sqrt(len(found))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total + bias))))


def buckets(text: str) -> set[int]:
    """Hashed features: words, pairs of words, and runs of four letters inside words."""
    words = [word for word in fold(text).split() if word != "."]
    if len(words) > 2 * _WORDS_READ:
        words = words[:_WORDS_READ] + words[-_WORDS_READ:]
    known = list(map(_of_word, words))
    found = {zlib.crc32(two.encoded, one.begins_pair) % BUCKETS for one, two in pairwise(known)}
    found.update(*{one.buckets for one in known})
    return found


class _Word(NamedTuple):
    """A word's own buckets, and both halves of the checksum of a pair: ``one two``."""

    buckets: tuple[int, ...]
    encoded: bytes
    begins_pair: int


@lru_cache(maxsize=20_000)
def _of_word(word: str) -> _Word:
    """A word and its runs of letters; people use the same few thousand words again and again."""
    padded = f"<{word[:20]}>"
    features = [word, *(padded[start : start + 4] for start in range(len(padded) - 3))]
    return _Word(
        buckets=tuple(zlib.crc32(feature.encode()) % BUCKETS for feature in features),
        encoded=word.encode(),
        begins_pair=zlib.crc32(f"{word} ".encode()),
    )


def _ends(text: str) -> str:
    if len(text) <= 2 * _CHARACTERS_READ:
        return text
    return f"{text[:_CHARACTERS_READ]} {text[-_CHARACTERS_READ:]}"


@cache
def _weights() -> tuple[Sequence[float], float]:
    """As they are stored, in 128 kB: a list of numbers falls out of the processor's caches."""
    with np.load(WEIGHTS_FILE, allow_pickle=False) as arrays:
        weights = array("f", arrays["weights"].astype(np.float32).tobytes())
        return weights, float(arrays["bias"])

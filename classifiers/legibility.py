"""Whether a text can be scored at all: not blank, not garbled, in a language that was evaluated."""

import re
from collections.abc import Collection
from functools import lru_cache

from classifiers.languages import language_of
from classifiers.normalise import clean
from classifiers.protocol import BLANK, GARBLED, UNSUPPORTED_LANGUAGE

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_WORD = re.compile(r"[a-z]+")
_VOWELS = frozenset("aeiouy")
_REPLACEMENT = "\ufffd"


def unreadable_reason(text: str, language: str, supported: Collection[str]) -> str | None:
    """Why a text cannot be scored, or None when it can."""
    cleaned = clean(text)
    if not _LETTER_OR_DIGIT.search(cleaned):
        return BLANK
    if _is_garbled(text, cleaned):
        return GARBLED
    if language not in supported:
        return UNSUPPORTED_LANGUAGE
    return None


def readable_language(text: str, declared: str | None) -> str:
    """Language of the text after undoing its disguises."""
    return language_of(clean(text), declared)


def _is_garbled(text: str, cleaned: str) -> bool:
    """Broken decoding, or mostly long runs of letters that no word has.

    Keyboard mashing in one word of a sentence is an ordinary way to groan and stays legible.
    """
    if text.count(_REPLACEMENT) * 5 > len(text):
        return True
    words = _WORD.findall(cleaned.lower())
    letters = sum(map(len, words))
    if letters < 8:
        return False
    odd = sum(len(word) for word in words if _is_mash(word))
    return odd * 2 > letters


@lru_cache(maxsize=20_000)
def _is_mash(word: str) -> bool:
    if len(word) < 6:
        return False
    longest = max(len(run) for run in re.split(r"[aeiouy]", word))
    return longest >= 6 or sum(char in _VOWELS for char in word) * 6 < len(word)

"""Which language a short chat message is in, by script and by the small words people cannot avoid.

Written for texts of three to thirty words, where general detectors err most. Declared languages
are believed unless the words clearly say otherwise. Unsure means None: the caller then uses the
declared language, or English.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from classifiers.normalise import fold

_WORDS_FILE = Path(__file__).parent / "rules" / "function_words.txt"
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPTS = {
    "CYRILLIC": "ru", "ARABIC": "ar", "HEBREW": "he", "GREEK": "el", "DEVANAGARI": "hi",
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "THAI": "th",
    "BENGALI": "bn", "TAMIL": "ta", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
_MIN_SCORE = 1.0
_MIN_LEAD = 1.0
#: Other languages than these need clearer words: a slip here would leave a message unscored.
_EXPECTED = frozenset({"en", "es", "fr", "de", "pt"})
_MIN_LEAD_OTHERS = 2.0
_OVERRULE_LEAD = 2.0


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The language by its words, and by how many weighted words it leads the runner-up."""

    language: str | None
    lead: float


def detect(text: str) -> LanguageGuess:
    """Guess from the text alone; ``language`` is an ISO 639-1 code or None when unsure."""
    script = _foreign_script(text)
    if script is not None:
        return LanguageGuess(script, 10.0)
    scores = _scores(_WORD.findall(fold(text)), text)
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    best, second = ranked[0], ranked[1]
    lead = best[1] - second[1]
    least = _MIN_LEAD if best[0] in _EXPECTED else _MIN_LEAD_OTHERS
    if best[1] < _MIN_SCORE or lead < least:
        return LanguageGuess(None, lead)
    return LanguageGuess(best[0], lead)


def language_of(text: str, declared: str | None) -> str:
    """The language to act on: the words' when clear, else the declared one, else English."""
    guess = detect(text)
    hint = declared.lower().replace("_", "-").split("-")[0] if declared else None
    if guess.language is None:
        return hint or "en"
    if hint and guess.language != hint and guess.lead < _OVERRULE_LEAD:
        return hint
    return guess.language


def _foreign_script(text: str) -> str | None:
    if text.isascii():
        return None
    letters = [char for char in text if char.isalpha()]
    counts: dict[str, int] = {}
    for char in letters[:400]:
        if char > "\u024f":
            script = unicodedata.name(char, "").split(" ")[0]
            counts[script] = counts.get(script, 0) + 1
    if not counts or sum(counts.values()) * 2 <= min(len(letters), 400):
        return None
    if counts.get("HIRAGANA", 0) + counts.get("KATAKANA", 0) > 0:
        return "ja"
    return _OTHER_SCRIPTS.get(max(counts, key=lambda script: counts[script]), "und")


def _scores(words: list[str], text: str) -> dict[str, float]:
    vocabulary = _function_words()
    scores = dict.fromkeys(vocabulary, 0.0)
    owners = _owners()
    for word in words[:200]:
        languages = owners.get(word)
        if languages:
            for language in languages:
                scores[language] += 1.0 / len(languages)
    lowered = "" if text.isascii() else text.lower()
    for language, marks in _MARKS.items() if lowered else ():
        if any(mark in lowered for mark in marks):
            scores[language] += 0.8
    return scores


_MARKS = {"es": "ñ¿¡", "pt": "ãõ", "de": "ßü", "fr": "çèêœ", "pl": "łżźśę", "tr": "ğış", "sv": "å"}


@cache
def _function_words() -> dict[str, frozenset[str]]:
    lines = _WORDS_FILE.read_text("utf-8").splitlines()
    rows = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    return {language: frozenset(words.split()) for language, words in rows}


@cache
def _owners() -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for language, words in _function_words().items():
        for word in words:
            owners[word] = (*owners.get(word, ()), language)
    return owners

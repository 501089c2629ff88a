"""Undo what people and evaders do to letters, so that rules and model read the same words."""

import re
import string
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: One text is read by several members in a row; a few folds of it are kept meanwhile.
_REMEMBERED = 8

#: Cyrillic and Greek letters that look Latin; mapped only inside mostly Latin text.
_CONFUSABLES = str.maketrans(
    "аАеЕоОрРсСхХуУіІјЈѕЅкКмМтТнНвВԁɡոһαΑοΟρΡιΙκΚνΝτΤεΕηΗμΜχΧɩıɑ",
    "aAeEoOpPcCxXyYiIjJsSkKmMtTnHBBdgnhaAoOpPiIkKvNtTeEnHuMxXiia",
)
_LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)
_EMOJI_WORDS = {
    "💊": " pills ", "🔫": " gun ", "🔪": " knife ", "🩸": " blood ", "⚰": " coffin ",
    "😭": " crying ", "😢": " sad ", "😔": " sad ", "💔": " heartbroken ", "🪦": " grave ",
    "😂": " haha ", "🤣": " haha ",
}  # fmt: skip
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"'})
_LEET_TOKEN = re.compile(r"[\w@$!]*[^\W\d_][\w@$!]*")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ ._\-*~|/]{1,2}[^\W\d_]){2,}(?![^\W_])")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED_PUNCTUATION = re.compile(r"([^\w\s])\1{3,}")
_INFIX = re.compile(r"(?<=[^\W\d_])[*_~^|](?=[^\W\d_])")
_INFIXES = "*_~^|"
_LEET_SIGNS = "013457@$!"
_TRIPLES = tuple(letter * 3 for letter in string.ascii_lowercase)
_ASCII_BUT_LETTERS = {code: None for code in range(128) if not chr(code).isalpha()}
_NOT_WORD = re.compile(r"[^\w\s']|_")


@lru_cache(maxsize=_REMEMBERED)
def clean(text: str, *, repeats: int = 2) -> str:
    """The text as the model reads it: visible characters, plain letters, single spaces.

    Case and accents stay (the tokenizer folds them); words keep their order and number, except
    that letters spelled apart are joined and a letter is said at most ``repeats`` times in a row.
    """
    visible = _drop_invisible(unicodedata.normalize("NFKC", text)).translate(_APOSTROPHES)
    plain = _latin_lookalikes(visible)
    if not plain.isascii():
        for symbol, word in _EMOJI_WORDS.items():
            plain = plain.replace(symbol, word)
    if _holds(plain, _INFIXES):
        plain = _INFIX.sub("", plain)
    plain = _SPACED.sub(_join, plain)
    if _holds(plain, _LEET_SIGNS):
        plain = _LEET_TOKEN.sub(_decode_leet, plain)
    if has_drawn_out_letters(plain):
        plain = _REPEATED.sub(r"\1" * repeats, plain)
    plain = _REPEATED_PUNCTUATION.sub(r"\1\1\1", plain)
    return " ".join(plain.split())


@lru_cache(maxsize=_REMEMBERED)
def fold(text: str, *, repeats: int = 2) -> str:
    """A cleaned text as the rules read it: lower case, no accents, no punctuation but commas' gaps.

    Apostrophes vanish inside words (``don't`` → ``dont``); other punctuation becomes `` . ``, so
    that a rule cannot reach across a sentence.
    """
    letters = clean(text, repeats=repeats).lower()
    if not letters.isascii():
        decomposed = unicodedata.normalize("NFD", letters)
        letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    letters = letters.replace("'", "")
    return " ".join(_NOT_WORD.sub(" . ", letters).split())


@lru_cache(maxsize=_REMEMBERED)
def has_drawn_out_letters(text: str) -> bool:
    """Whether a letter stands three times or more in a row (``sooo``), so that folds differ."""
    if text.isascii() and not _holds(text.lower(), _TRIPLES):
        return False
    return _REPEATED.search(text) is not None


def _holds(text: str, strings: Iterable[str]) -> bool:
    """Looked at before a pattern is tried: most texts need none of them."""
    for one in strings:  # noqa: SIM110 (a generator takes twice the time, on every text)
        if one in text:
            return True
    return False


def letters_only(folded: str) -> str:
    """All letters of a folded text run together, to find phrases whose spaces were removed."""
    if folded.isascii():
        return folded.translate(_ASCII_BUT_LETTERS)
    return "".join(char for char in folded if char.isalpha())


def _drop_invisible(text: str) -> str:
    """Remove zero-width and control characters, and marks stacked beyond one accent a letter."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in {"Cf", "Cs", "Co"}:
            continue
        if category in {"Mn", "Me"}:
            marks += 1
            if marks > 1 or char == "\ufe0f" or "\u0334" <= char <= "\u0338":
                continue
        else:
            marks = 0
        kept.append(" " if category == "Cc" else char)
    return unicodedata.normalize("NFC", "".join(kept))


def _latin_lookalikes(text: str) -> str:
    if text.isascii():
        return text
    letters = [char for char in text if char.isalpha()]
    latin = sum(char < "\u0250" for char in letters)
    if latin * 2 >= len(letters):
        return text.translate(_CONFUSABLES)
    return text


def _join(match: re.Match[str]) -> str:
    return re.sub(r"[^\w]|_", "", match.group())


def _decode_leet(match: re.Match[str]) -> str:
    """``k1ll`` → ``kill``; leaves ``30mg``, ``10min``, ``b4`` and ``really!`` alone."""
    token = match.group()
    if token.isalpha():
        return token
    body = token.rstrip("!")
    tail = token[len(body) :]
    inner = re.sub(
        r"(?<=[^\W\d_])[013457@$!](?=[^\W\d_])", lambda m: m.group().translate(_LEET), body
    )
    if inner == body and not re.match(r"[@$5][a-z]{4,}", body):
        return token
    # A second pass reaches runs such as s3lf-h4rm or k1l1; a first symbol only with a decoded body.
    inner = re.sub(
        r"(?<=[^\W\d_])[013457@$!](?=[^\W\d_])", lambda m: m.group().translate(_LEET), inner
    )
    if re.match(r"[@$5][^\W\d_]{3,}", inner):
        inner = inner[0].translate(_LEET) + inner[1:]
    return inner + tail

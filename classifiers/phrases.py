"""Phrase rules: the safety net that still holds when the model is down.

A rule names a plain statement in one language and the level it means. It may only raise a level,
never lower one, and a text is read against every language's rules, because people switch and
detection errs. On their own such lists miss most veiled disclosures (see the model card).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Any

import yaml

from classifiers.needles import Needles, longest_part, needles
from classifiers.normalise import fold, has_drawn_out_letters, letters_only
from oversight.domain.severity import Category, Severity

RULES_FOLDER = Path(__file__).parent / "rules"

#: Longer texts are read in overlapping stretches, so that no pattern scans 20,000 characters.
_STRETCH = 2_000
_OVERLAP = 200

#: Words up to this length are remembered with what they may belong to; longer ones are not words.
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class PhraseHit:
    """A rule that fired: its code, the level it demands, the category it speaks of."""

    code: str
    floor: Severity
    category: Category


@dataclass(frozen=True, slots=True)
class _Rule:
    hit: PhraseHit
    pattern: re.Pattern[str]
    needles: Needles

    def fires(self, stretch: str) -> bool:
        """Whether the pattern matches."""
        for group in self.needles:
            for one in group:
                if one in stretch:
                    break
            else:
                return False
        return self.pattern.search(stretch) is not None


@dataclass(frozen=True, slots=True)
class _Ruleset:
    rules: tuple[_Rule, ...]
    compact: tuple[tuple[PhraseHit, tuple[str, ...]], ...]
    underweight_goal: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Index:
    """Which rules a word may belong to, so that a text's words tell which rules to try at all.

    Each part of a needle that has no space in it gets one bit; a rule lists, for each group of its
    needles, the bits of which a text must have one.
    """

    parts: tuple[str, ...]
    rules: tuple[tuple[tuple[int, ...], _Rule], ...]

    def of_word(self, word: str) -> int:
        """The bits of the parts that the word contains."""
        bits = 0
        for number, part in enumerate(self.parts):
            if part in word:
                bits |= 1 << number
        return bits

    @classmethod
    def over(cls, rules: Iterable[_Rule]) -> "_Index":
        bits: dict[str, int] = {}
        listed = []
        for rule in rules:
            groups = []
            for group in rule.needles:
                parts = [longest_part(one) for one in group]
                groups.append(reduce(or_, (bits.setdefault(one, 1 << len(bits)) for one in parts)))
            listed.append((tuple(groups), rule))
        return cls(tuple(bits), tuple(listed))


def phrase_hits(text: str, language: str | None = None) -> tuple[PhraseHit, ...]:
    """Every rule that fires on ``text``, worst first.

    All languages' rules are read; among equals those of ``language`` come first.
    """
    found: dict[str, PhraseHit] = {}
    variants = [fold(text)]
    if has_drawn_out_letters(text):
        variants.append(fold(text, repeats=1))
    for folded in variants:
        for stretch in _stretches(folded):
            _collect(stretch, found)
    return tuple(
        sorted(
            found.values(),
            key=lambda hit: (-hit.floor.rank, not hit.code.startswith(f"{language}."), hit.code),
        )
    )


def restriction_goal(text: str) -> bool:
    """Whether the text speaks of eating less or losing weight: a risk only for some people."""
    folded = fold(text)
    return any(ruleset.underweight_goal.search(folded) for ruleset in rulesets().values())


@cache
def rulesets() -> dict[str, _Ruleset]:
    """All rules by language, compiled once a process."""
    return {path.stem: _load(path) for path in sorted(RULES_FOLDER.glob("*.yaml"))}


def _collect(stretch: str, found: dict[str, PhraseHit]) -> None:
    for rule in _worth_trying(stretch):
        if rule.hit.code not in found and rule.fires(stretch):
            found[rule.hit.code] = rule.hit
    compacted = letters_only(stretch)
    for word, hit in _joined_words():
        if word in compacted and _was_joined(word, stretch):
            found[hit.code] = hit


def _worth_trying(stretch: str) -> list[_Rule]:
    """The rules whose needles may all be in the stretch; the others cannot fire."""
    there = 0
    for word in set(stretch.split()):
        there |= _bits_of_word(word) if len(word) <= _LONGEST_WORD else _index().of_word(word)
    found = []
    for groups, rule in _index().rules:
        for group in groups:
            if not there & group:
                break
        else:
            found.append(rule)
    return found


@lru_cache(maxsize=20_000)
def _bits_of_word(word: str) -> int:
    """People use the same few thousand words again and again."""
    return _index().of_word(word)


@cache
def _index() -> _Index:
    return _Index.over(rule for ruleset in rulesets().values() for rule in ruleset.rules)


@cache
def _joined_words() -> tuple[tuple[str, PhraseHit], ...]:
    return tuple(
        (word, hit)
        for ruleset in rulesets().values()
        for hit, words in ruleset.compact
        for word in words
    )


def _was_joined(word: str, stretch: str) -> bool:
    """Whether the phrase stands without its spaces; with spaces the ordinary rules judge it."""
    return any(word in token for token in stretch.split())


def _stretches(folded: str) -> list[str]:
    if len(folded) <= _STRETCH:
        return [folded]
    step = _STRETCH - _OVERLAP
    return [folded[start : start + _STRETCH] for start in range(0, len(folded), step)]


def _load(path: Path) -> _Ruleset:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))  # YAML has no static type
    groups: dict[str, str] = content.get("groups", {})

    def expand(pattern: str) -> str:
        return re.sub(r"<(\w+)>", lambda match: groups[match.group(1)], pattern)

    rules = tuple(_rule(row, expand(row["pattern"])) for row in content["rules"])
    return _Ruleset(
        rules=rules,
        compact=tuple((_hit(row), tuple(row["words"])) for row in content["compact"]),
        underweight_goal=re.compile(content["underweight_goal"]),
    )


def _rule(row: dict[str, str], expression: str) -> _Rule:
    pattern = re.compile(expression)
    return _Rule(_hit(row), pattern, needles(pattern))


def _hit(row: dict[str, str]) -> PhraseHit:
    return PhraseHit(row["code"], Severity(row["floor"]), Category(row["category"]))

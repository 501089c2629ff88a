"""Phrase rules: the safety net that still holds when the model is down.

A rule names a plain statement in one language and the level it means. It may only raise a level,
never lower one, and a text is read against every language's rules, because people switch and
detection errs. On their own such lists miss most veiled disclosures (see the model card).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from classifiers.needles import Needles, needles
from classifiers.normalise import fold, has_drawn_out_letters, letters_only
from oversight.domain.severity import Category, Severity

RULES_FOLDER = Path(__file__).parent / "rules"

#: Longer texts are read in overlapping stretches, so that no pattern scans 20,000 characters.
_STRETCH = 2_000
_OVERLAP = 200


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
    first_needles: tuple[str, ...]

    def speaks_of_any(self, stretch: str) -> bool:
        """Whether the stretch holds what any of the rules looks for first."""
        return any(one in stretch for one in self.first_needles)


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
    compacted = letters_only(stretch)
    for ruleset in rulesets().values():
        for rule in ruleset.rules if ruleset.speaks_of_any(stretch) else ():
            if rule.hit.code not in found and rule.fires(stretch):
                found[rule.hit.code] = rule.hit
        for hit, words in ruleset.compact:
            if any(word in compacted and _was_joined(word, stretch) for word in words):
                found[hit.code] = hit


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
        first_needles=_shortest(one for rule in rules for one in (rule.needles or (("",),))[0]),
        compact=tuple((_hit(row), tuple(row["words"])) for row in content["compact"]),
        underweight_goal=re.compile(content["underweight_goal"]),
    )


def _shortest(needles: Iterable[str]) -> tuple[str, ...]:
    """Those that hold none of the others: a text with any of them has one of these."""
    kept: list[str] = []
    for one in sorted(set(needles), key=len):
        if not any(other in one for other in kept):
            kept.append(one)
    return tuple(kept)


def _rule(row: dict[str, str], expression: str) -> _Rule:
    pattern = re.compile(expression)
    return _Rule(_hit(row), pattern, needles(pattern))


def _hit(row: dict[str, str]) -> PhraseHit:
    return PhraseHit(row["code"], Severity(row["floor"]), Category(row["category"]))

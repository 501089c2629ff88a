"""The quick look before a phrase rule never hides what the rule itself would have found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.needles import needles
from classifiers.normalise import fold
from classifiers.phrases import _worth_trying, phrase_hits, rulesets

RULES = {rule.hit.code: rule for ruleset in rulesets().values() for rule in ruleset.rules}


@pytest.mark.parametrize("code", sorted(RULES))
def test_whatever_a_rule_matches_holds_its_needles(code: str) -> None:
    rule = RULES[code]

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.from_regex(rule.pattern))
    def check(text: str) -> None:
        for group in rule.needles:
            assert any(one in text for one in group), (group, text)
        assert rule.fires(text)
        assert rule in _worth_trying(text)

    check()


PIECES = sorted({one for rule in RULES.values() for group in rule.needles for one in group})


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.sampled_from([*PIECES, " ", " . ", "x", "s", " i ", " to "]), max_size=12))
def test_the_index_of_words_changes_nothing(pieces: list[str]) -> None:
    text = "".join(pieces)
    folded = fold(text)
    every = {code for code, rule in RULES.items() if rule.pattern.search(folded)}
    assert every <= {rule.hit.code for rule in _worth_trying(folded)}
    assert every <= {hit.code for hit in phrase_hits(text)}


def test_every_rule_is_spared_most_texts() -> None:
    assert not [code for code, rule in RULES.items() if not rule.needles]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("abc", (("abc",),)),
        ("ab(?:cd)?ef", (("ab",), ("ef",))),
        ("(?:xy|pq) end", ((" end",), ("pq", "xy"))),
        ("(?:ab)*", ()),
        ("[abc]+", ()),
        ("(?i:abc)", ()),
        (r"\bkill(?! time)\b", (("kill",),)),
        ("(?:one|)", ()),
    ],
)
def test_only_what_a_match_must_hold_is_a_needle(
    pattern: str, found: tuple[tuple[str, ...], ...]
) -> None:
    assert set(needles(re.compile(pattern))) == set(found)

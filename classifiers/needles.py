"""What a pattern cannot match without: found once, looked for quickly, so most patterns never run.

Python's ``re`` tries a pattern at every place of a text; looking for a plain string takes a
hundredth of that. Reads the parsed pattern as ``re`` itself does; where it meets something it does
not know it claims nothing, and the pattern is simply tried.
"""

import re
from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Parsed = Iterable[tuple[Any, Any]]  # Any: re's own opcodes and their arguments


Needles = tuple[tuple[str, ...], ...]
MOST_GROUPS = 3


def needles(pattern: re.Pattern[str]) -> Needles:
    """Groups of strings: a text that the pattern matches contains one of each group.

    Empty when nothing can be said.

    >>> needles(re.compile("(?:want to|wish i could) (?:really )?(?:die|not wake up)"))
    (('ant to', 'ish i could'), ('die', 'not wake up'))
    """
    if pattern.flags & re.IGNORECASE:
        return ()
    groups = set(_groups(_parser.parse(pattern.pattern, pattern.flags)))
    telling = sorted(groups, key=lambda one: (*_how_telling(one), sorted(one)), reverse=True)
    return tuple(tuple(sorted(one)) for one in telling[:MOST_GROUPS] if _how_telling(one)[0] > 1)


def longest_part(needle: str) -> str:
    """The longest run of a needle without a space: some single word of a matched text holds it.

    >>> longest_part("ant to")
    'ant'
    """
    return max(needle.split(), key=len, default="")


def _of_sequence(parsed: Parsed) -> frozenset[str]:
    """The most telling of what a sequence's parts demand."""
    return max(_groups(parsed), key=_how_telling, default=frozenset())


def _groups(parsed: Parsed) -> list[frozenset[str]]:
    """What each part of a sequence demands, runs of letters joined."""
    found: list[frozenset[str]] = []
    run = ""
    for code, argument in parsed:
        if code is op.LITERAL:
            run += chr(argument)
        elif code not in (op.AT, op.ASSERT, op.ASSERT_NOT):  # These take no room.
            found += [frozenset({run}), _of_part(code, argument)]
            run = ""
    found.append(frozenset({run}))
    return [one for one in found if one and "" not in one]


def _of_part(code: Any, argument: Any) -> frozenset[str]:  # Any: as above
    if code is op.BRANCH:
        branches = [_of_sequence(branch) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    if code is op.SUBPATTERN:
        _, flags_added, _, inner = argument
        return frozenset() if flags_added & re.IGNORECASE else _of_sequence(inner)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT) and argument[0] >= 1:
        return _of_sequence(argument[-1])
    return frozenset()


def _how_telling(strings: frozenset[str]) -> tuple[int, int]:
    """By the letters of the shortest: every text is full of spaces and short words."""
    return min(sum(map(str.isalpha, one)) for one in strings), -len(strings)

"""Which part of the queue somebody looks at: kept in the page's address, read back from it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qs, urlencode

from oversight.domain.errors import Incomplete
from oversight.domain.severity import Severity

LANGUAGE = re.compile(r"^[a-z]{2,3}$")
MOST_VALUES = 20
W = TypeVar("W", bound=StrEnum)


class Show(StrEnum):
    """What an item must be, each together with the others: ``mine`` and ``snoozed`` are my own
    items set aside.

    ``mine`` is held by me, set aside by me, kept for me, or under an escalation that I have;
    ``held`` has a reply that waits for a decision.
    """

    MINE = "mine"
    HELD = "held"
    AUDIT = "audit"
    SNOOZED = "snoozed"


@dataclass(frozen=True)
class QueueFilter:
    """Any of the arms, any of the languages, any of the levels, and all that is to be shown.

    Nothing chosen is everything open. It chooses what a list shows, never what *Next item* brings:
    that is always the worst.
    """

    arms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    show: tuple[Show, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing was chosen."""
        return self == QueueFilter()

    def to_query(self) -> str:
        """As it stands in an address: the same filter is always the same words."""
        pairs = [("arm", one) for one in sorted(self.arms)]
        pairs += [("language", one) for one in sorted(self.languages)]
        pairs += [("severity", one.value) for one in Severity if one in self.severities]
        pairs += [("show", one.value) for one in Show if one in self.show]
        return urlencode(pairs)


def read_filter(query: str | Mapping[str, str | Sequence[str]]) -> QueueFilter:
    """The filter in an address, or Incomplete naming what is not known.

    Other parameters of the address are somebody else's and left alone.
    """
    if isinstance(query, str):
        query = parse_qs(query.lstrip("?"), keep_blank_values=True)
    return QueueFilter(
        arms=tuple(sorted(_arm(one) for one in _values(query, "arm"))),
        languages=tuple(sorted(_language(one) for one in _values(query, "language"))),
        severities=_known(Severity, "severity", _values(query, "severity")),
        show=_known(Show, "show", _values(query, "show")),
    )


def _values(query: Mapping[str, str | Sequence[str]], name: str) -> list[str]:
    told = query.get(name, ())
    values = list(dict.fromkeys([told] if isinstance(told, str) else told))
    if len(values) > MOST_VALUES:
        raise Incomplete(f"choose at most {MOST_VALUES} of {name}", field=name)
    return values


def _known(words: type[W], name: str, values: Iterable[str]) -> tuple[W, ...]:
    chosen = set(values)
    unknown = sorted(chosen - {one.value for one in words})
    if unknown:
        known = ", ".join(one.value for one in words)
        raise Incomplete(f"{name} {unknown[0]!r} is not known: choose among {known}", field=name)
    return tuple(one for one in words if one.value in chosen)


def _arm(value: str) -> str:
    if not (0 < len(value) <= 128 and value.isprintable()):
        raise Incomplete("this is no arm's name", field="arm")
    return value


def _language(value: str) -> str:
    if not LANGUAGE.match(value):
        raise Incomplete(
            f"language {value!r} is not known: choose one like en or es", field="language"
        )
    return value

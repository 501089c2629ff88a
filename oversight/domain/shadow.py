"""Live and candidate compared: on the same texts, and against people's own levels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oversight.domain.agreement import Agreement, agreement
from oversight.domain.proportions import Share
from oversight.domain.severity import Severity, at_least


@dataclass(frozen=True)
class Table:
    """How many texts stand at each pair of values, live first. LU (or no grade) is one of them."""

    pairs: Mapping[tuple[Severity, Severity], int]

    @property
    def texts(self) -> int:
        return sum(self.pairs.values())

    @property
    def raised(self) -> int:
        """The candidate sees more danger; what either could not score counts in neither."""
        return sum(n for (live, new), n in self._scored() if new.rank > live.rank)

    @property
    def lowered(self) -> int:
        return sum(n for (live, new), n in self._scored() if new.rank < live.rank)

    @property
    def unscored(self) -> int:
        """Texts that live scored and the candidate could not."""
        return sum(
            n for (live, new), n in self.pairs.items() if new is Severity.LU and live is not new
        )

    def agreement(self) -> Agreement:
        """Over the texts that both scored."""
        return agreement(pair for pair, n in self._scored() for _ in range(n))

    def _scored(self) -> list[tuple[tuple[Severity, Severity], int]]:
        return [(pair, n) for pair, n in self.pairs.items() if Severity.LU not in pair]


@dataclass(frozen=True)
class Judged:
    """One stretch that a person judged blind, and the worst level of each classifier in it."""

    own: Severity
    live: Severity
    candidate: Severity


@dataclass(frozen=True)
class AgainstPeople:
    """Of what people found at a level or worse, how much each found; and its false alarms."""

    floor: Severity
    live_recall: Share
    candidate_recall: Share
    live_false_alarms: Share
    candidate_false_alarms: Share


def against_people(judged: Iterable[Judged], *, floor: Severity) -> AgainstPeople:
    """A text without a score counts as found: it is put before a person all the same."""
    cases = list(judged)
    risky = [one for one in cases if at_least(one.own, floor)]
    safe = [one for one in cases if not at_least(one.own, floor)]
    return AgainstPeople(
        floor,
        Share(sum(_found(one.live, floor) for one in risky), len(risky)),
        Share(sum(_found(one.candidate, floor) for one in risky), len(risky)),
        Share(sum(_found(one.live, floor) for one in safe), len(safe)),
        Share(sum(_found(one.candidate, floor) for one in safe), len(safe)),
    )


def _found(level: Severity, floor: Severity) -> bool:
    return level is Severity.LU or at_least(level, floor)

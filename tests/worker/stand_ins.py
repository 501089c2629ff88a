"""Classifiers that misbehave on purpose, and one that is merely quick; and a scorer with one.

`python -m tests.worker.stand_ins NAME` runs a real scorer process (RQ worker, database, bell) on
the settings of the environment with that classifier in place of the shipped one: the seam is
`oversight.worker.scorer.run(settings, load=...)`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from classifiers.phrases import phrase_hits
from classifiers.protocol import Message, RiskAssessment
from oversight.domain.severity import Severity, worst

POISON = "zzz poison zzz"
"""A text that the classifiers named for it cannot bear."""


def plain(message: Message, *, version: str = "stand-in") -> RiskAssessment:
    """What the phrase rules alone say; everything else is harmless."""
    bot = message.role == "bot"
    hits = () if bot else phrase_hits(message.text, message.language)
    floors = [hit.floor for hit in hits]
    return RiskAssessment(
        id=message.id,
        role=message.role,
        scored=True,
        severity=worst([Severity.L0, *floors]),
        model_version=version,
        crisis_probability=None if bot else (0.9 if hits else 0.01),
        reply_harm_probability=0.01 if bot else None,
        language=None if bot else "en",
        phrase_hits=tuple(hit.code for hit in hits),
        phrase_floor=worst(floors) if floors else None,
    )


@dataclass
class Quick:
    """Phrase rules only: for runs in which the real model would take most of the time."""

    version: str = "stand-in-quick"

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [plain(message, version=self.version) for message in messages]


@dataclass
class Raising(Quick):
    """Every call fails."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        raise RuntimeError("no model today")


@dataclass
class NotANumber(Quick):
    """Answers every text with NaN, the worst kind of number."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [
            replace(
                plain(one),
                crisis_probability=float("nan"),
                reply_harm_probability=float("nan"),
                severity=Severity.L0,
            )
            for one in messages
        ]


@dataclass
class OutOfRange(Quick):
    """Answers with 1.7."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [replace(plain(one), crisis_probability=1.7) for one in messages]


@dataclass
class LosesCount(Quick):
    """Leaves out the last row of every call, even the only one."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [plain(one) for one in messages][:-1]


@dataclass
class MixesUp(Quick):
    """Right answers in the wrong order: each speaks of another text."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [plain(one) for one in reversed(messages)]


@dataclass
class RaisesOnPoison(Quick):
    """One bad row fails the whole call."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        if any(POISON in one.text for one in messages):
            raise ValueError("one bad row")
        return super().assess(messages)


@dataclass
class HangsOnPoison(Quick):
    """One bad row, and the call never comes back."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        if any(POISON in one.text for one in messages):
            threading.Event().wait()
        return super().assess(messages)


@dataclass
class DiesOnPoison(Quick):
    """One bad row ends the process at once, as a fault in native code does."""

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        if any(POISON in one.text for one in messages):
            os._exit(11)
        return super().assess(messages)


@dataclass
class Slow(Quick):
    """Answers rightly, but takes its time: seconds a text."""

    seconds: float = 0.02

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        time.sleep(self.seconds * len(messages))
        return super().assess(messages)


@dataclass
class FailsWhile(Quick):
    """Fails as long as a file exists."""

    path: Path = Path("/nonexistent")

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        if self.path.exists():
            raise RuntimeError("no model while that file exists")
        return super().assess(messages)


STAND_INS: dict[str, Callable[[], Quick]] = {
    "quick": Quick,
    "raising": Raising,
    "not-a-number": NotANumber,
    "slow": Slow,
    "very-slow": lambda: Slow(seconds=60.0),
    "hangs-on-poison": HangsOnPoison,
    "dies-on-poison": DiesOnPoison,
    "fails-while": lambda: FailsWhile(path=Path(os.environ["FAILS_WHILE"])),
}


def main(arguments: Sequence[str]) -> None:
    from oversight.logs import start_logging
    from oversight.settings import read_settings
    from oversight.worker import scorer

    settings = read_settings()
    start_logging(level=settings.log_level, form=settings.log_format)
    scorer.run(settings, load=STAND_INS[arguments[0]], longest_seconds=2.0)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What a classifier takes and gives.

Use it so::

    from classifiers.load import load_classifier
    from classifiers.protocol import Message, Turn

    classifier = load_classifier(threads=1)          # warm, offline, ~1 s once a process
    assessments = classifier.assess([message, ...])  # same order, never raises for one bad row

Meaning of an assessment:

- ``scored`` False means *a person looks*: ``severity`` is ``Severity.LU``, every probability is
  None or empty, ``unscored_reason`` says why in one stable word, and ``phrase_floor`` still holds
  the level the phrase rules demand (L3 or worse: page as L3).
- For a participant's message ``severity`` already combines model, rules and the participant's
  card; the worst wins and rules only raise.
- For a bot's reply ``severity`` is L0 when scored and LU when not: what a reply says about danger
  is in ``reply_harm_probability`` and ``flags``, never in a severity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity

Role = Literal["participant", "bot"]

#: Why a text was not scored; stable words, stored and shown.
BLANK = "blank"
GARBLED = "garbled"
UNSUPPORTED_LANGUAGE = "unsupported_language"
INVALID_MESSAGE = "invalid_message"
INVALID_SCORE = "invalid_score"
CLASSIFIER_ERROR = "classifier_error"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One text to assess, with the turns before it, oldest first.

    ``context`` may be long: only the last few turns are read. For a bot's reply it ends with the
    participant's message that is being answered. ``language`` is what the study declared for the
    participant (a hint, not a promise). ``underweight`` is true when the participant's card shows
    a body-mass index under 18.5: a restriction goal then counts as L2.
    """

    id: str
    text: str
    role: Role = "participant"
    context: tuple[Turn, ...] = ()
    language: str | None = None
    underweight: bool = False


def _no_probabilities() -> Mapping[Severity, float]:
    return MappingProxyType({})


def _no_categories() -> Mapping[Category, float]:
    return MappingProxyType({})


def _no_flags() -> Mapping[Flag, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """What one model version made of one message. Probabilities are calibrated, in [0, 1].

    Attributes
    ----------
    crisis_probability
        Chance of suicide or self-harm risk at L1 or worse (participants only).
    severity_probabilities
        P(at least L1), …, P(at least L4); falls with the level.
    reply_harm_probability
        Chance of at least one flag of grade H2 or H3 (bot replies only).
    phrase_hits
        Codes of the phrase rules that fired, such as ``en.suicide.intent_time``; never text.
    phrase_floor
        The worst level those rules demand, None when none fired.
    """

    id: str
    role: Role
    scored: bool
    severity: Severity
    model_version: str
    unscored_reason: str | None = None
    crisis_probability: float | None = None
    severity_probabilities: Mapping[Severity, float] = field(default_factory=_no_probabilities)
    category_probabilities: Mapping[Category, float] = field(default_factory=_no_categories)
    categories: tuple[Category, ...] = ()
    reply_harm_probability: float | None = None
    flag_probabilities: Mapping[Flag, float] = field(default_factory=_no_flags)
    flags: tuple[Flag, ...] = ()
    language: str | None = None
    phrase_hits: tuple[str, ...] = ()
    phrase_floor: Severity | None = None


class Classifier(Protocol):
    """Anything that can assess messages. One unreadable message never spoils its neighbours."""

    @property
    def version(self) -> str: ...

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]: ...

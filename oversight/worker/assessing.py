"""Asking the classifier carefully: whatever it does, every text gets an assessment.

A classifier that raises, hangs, or answers with too few rows, NaN or an unknown label costs only
the texts concerned: each of those is LU, and a person looks.
"""

import contextlib
import math
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from queue import SimpleQueue

from classifiers.phrases import phrase_hits
from classifiers.protocol import (
    CLASSIFIER_ERROR,
    INVALID_SCORE,
    Classifier,
    Message,
    RiskAssessment,
)
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity, worst
from oversight.logs import logger
from oversight.services.scoring import Task, failed

LONGEST_SECONDS = 10.0
"""A classifier that has not answered by then is taken for hanging."""

_STOP_SECONDS = 1.0
_VERSION_CHARACTERS = 128

log = logger(__name__)


class Interrupted(Exception):
    """The process is asked to stop and the classifier does not come back in time."""


class Assessor:
    """One classifier, called in a thread of its own that may be left behind when it hangs."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        stopping: threading.Event,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._calls = _calls_of(classifier, ends_with=self)
        self._stopping = stopping
        self._longest_seconds = longest_seconds
        self.version = str(classifier.version)[:_VERSION_CHARACTERS]
        self.fit = True
        """Whether the newest call was answered."""

        self.hanging = False
        """A call never came back: this process cannot score any more and should end."""

    def assess(self, tasks: Sequence[Task]) -> list[RiskAssessment]:
        """One assessment for each task, in order; raises only ``Interrupted``."""
        if self.hanging:
            return [self.unscored(task, CLASSIFIER_ERROR) for task in tasks]
        answers = self._ask([task.subject for task in tasks])
        if answers is None and len(tasks) > 1 and not self.hanging:
            return [one for task in tasks for one in self.assess([task])]
        if answers is None:
            return [self.unscored(task, CLASSIFIER_ERROR) for task in tasks]
        return [
            one if is_sound(one, task) else self.unscored(task, INVALID_SCORE)
            for task, one in zip(tasks, answers, strict=True)
        ]

    def unscored(self, task: Task, reason: str) -> RiskAssessment:
        """LU, with what the phrase rules say without the model."""
        assessment = failed(task, model_version=self.version, reason=reason)
        if task.subject.role == "bot":
            return assessment
        try:
            hits = phrase_hits(task.subject.text, task.subject.language)
        except Exception as error:  # noqa: BLE001 (it is LU already; the rules may add, never lose)
            log.crash("phrase_rules_failed", error, work_id=task.work_id)
            return assessment
        floor = worst([hit.floor for hit in hits]) if hits else None
        return replace(assessment, phrase_hits=tuple(hit.code for hit in hits), phrase_floor=floor)

    def probe(self) -> None:
        """Ask about a harmless text, to learn whether a classifier that failed is fit again."""
        with contextlib.suppress(Interrupted):
            self._ask([Message("probe", "hello, how does this work?")])

    def _ask(self, messages: Sequence[Message]) -> list[RiskAssessment] | None:
        answers = self._call(messages)
        self.fit = answers is not None
        return answers

    def _call(self, messages: Sequence[Message]) -> list[RiskAssessment] | None:
        """The classifier's answers, or None when it raised, hung or lost count."""
        call = _Call(messages)
        self._calls.put(call)
        give_up_at = time.monotonic() + self._longest_seconds
        while not call.over.is_set() and (left := give_up_at - time.monotonic()) > 0:
            if not call.over.wait(min(left, _STOP_SECONDS)) and self._stopping.is_set():
                raise Interrupted
        if not call.over.is_set():
            self.hanging = True
            log.error("classifier_hangs", texts=len(messages), seconds=self._longest_seconds)
            return None
        if call.error is not None:
            log.crash("classifier_raised", call.error, texts=len(messages))
            return None
        if call.answers is None or len(call.answers) != len(messages):
            log.error("classifier_lost_count", texts=len(messages))
            return None
        return call.answers


@dataclass(slots=True)
class _Call:
    """One call of the classifier."""

    messages: Sequence[Message]
    over: threading.Event = field(default_factory=threading.Event)
    answers: list[RiskAssessment] | None = None
    error: BaseException | None = None


def _calls_of(classifier: Classifier, *, ends_with: object) -> SimpleQueue[_Call | None]:
    """Where to put calls for one thread to make, which ends when ``ends_with`` is forgotten.

    A thread for each call would cost a tenth of the model's speed. It is a daemon, so that a
    hanging call cannot keep the process.
    """
    calls: SimpleQueue[_Call | None] = SimpleQueue()
    thread = threading.Thread(
        target=_make_calls, args=(classifier, calls), name="classifier", daemon=True
    )
    thread.start()
    weakref.finalize(ends_with, calls.put, None)
    return calls


def _make_calls(classifier: Classifier, calls: SimpleQueue[_Call | None]) -> None:
    while (call := calls.get()) is not None:
        try:
            call.answers = list(classifier.assess(call.messages))
        except BaseException as error:  # noqa: BLE001 (whatever it was, a person looks)
            call.error = error
        call.over.set()
        del call  # while we wait for the next one it would keep its texts in memory


def is_sound(one: object, task: Task) -> bool:
    """Whether an answer is about this text, and all of it within the vocabulary and 0 to 1."""
    if not isinstance(one, RiskAssessment):
        return False
    about_this = one.id == task.subject.id and one.role == task.subject.role
    levels = [one.severity, *([one.phrase_floor] if one.phrase_floor is not None else [])]
    known = (
        all(isinstance(level, Severity) for level in levels)
        and all(
            isinstance(name, Category) for name in (*one.category_probabilities, *one.categories)
        )
        and all(isinstance(flag, Flag) for flag in (*one.flag_probabilities, *one.flags))
        and 0 < len(one.model_version) <= _VERSION_CHARACTERS
    )
    return about_this and known and _within_range(one) and _says_enough(one)


def _within_range(one: RiskAssessment) -> bool:
    single = (one.crisis_probability, one.reply_harm_probability)
    many = (one.category_probabilities, one.flag_probabilities, one.severity_probabilities)
    return _probabilities(value for value in single if value is not None) and all(
        _probabilities(probabilities.values()) for probabilities in many
    )


def _probabilities(values: Iterable[object]) -> bool:
    return all(
        isinstance(value, Real) and math.isfinite(value) and 0 <= float(value) <= 1
        for value in values
    )


def _says_enough(one: RiskAssessment) -> bool:
    """A missing score is never a low one."""
    if not one.scored:
        return one.severity is Severity.LU
    if one.severity is Severity.LU:
        return False
    score = one.crisis_probability if one.role == "participant" else one.reply_harm_probability
    return score is not None

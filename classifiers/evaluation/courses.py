"""The trend member on authored courses: does it see a decline, and only a decline?

Each course of ``corpus/trajectories`` is read turn by turn, as the scorer would meet it. The
column of authored levels shows what the trend test would say if every turn were scored perfectly.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifiers.protocol import Classifier, Message, Turn
from classifiers.training.corpus import CORPUS
from classifiers.trajectory import FEWEST_POINTS, Point, Trend, expected_severity, trend
from oversight.domain.severity import Severity, at_least

_NEUTRAL_ANSWER = "Thank you for telling me. What has that been like?"


@dataclass(frozen=True, slots=True)
class Course:
    """One participant's turns with the level of each; ``days`` counts turns in one conversation."""

    id: str
    course: str
    one_conversation: bool
    texts: tuple[str, ...]
    levels: tuple[Severity, ...]
    days: tuple[float, ...]


def courses(folder: Path = CORPUS / "trajectories") -> list[Course]:
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            turns = row["turns"]
            found.append(
                Course(
                    id=row["id"],
                    course=row["course"],
                    one_conversation=row["span"] == "one_conversation",
                    texts=tuple(turn["text"] for turn in turns),
                    levels=tuple(Severity(turn["level"]) for turn in turns),
                    days=tuple(turn.get("day", n) for n, turn in enumerate(turns)),
                )
            )
    return found


def course_lines(classifier: Classifier) -> Iterator[str]:
    """Share of courses called worsening, by kind, from the model's and from the authored levels."""
    yield "\n## Trend over authored courses"
    yield "| course | n | called worsening (model's scores) | called worsening (authored levels) |"
    yield "|---|---|---|---|"
    kinds: dict[str, list[tuple[Trend, Trend]]] = {}
    for course in courses():
        scored = _points(course, _scores(classifier, course))
        authored = _points(course, [float(level.value[1]) for level in course.levels])
        kinds.setdefault(course.course, []).append((trend(scored), trend(authored)))
    for kind, pairs in sorted(kinds.items()):
        model = np.mean([one.worsening for one, _ in pairs])
        truth = np.mean([two.worsening for _, two in pairs])
        yield f"| {kind} | {len(pairs)} | {model:.2f} | {truth:.2f} |"
    short = sum(len(course.texts) < FEWEST_POINTS for course in courses())
    yield f"Courses with fewer than {FEWEST_POINTS} turns, which the trend cannot call: {short}"
    yield from _turn_lines(classifier)


def _turn_lines(classifier: Classifier) -> Iterator[str]:
    """Per turn: how often a level was met, and false alarms in courses without any risk."""
    harmless = [c for c in courses() if all(level is Severity.L0 for level in c.levels)]
    for floor in (Severity.L2, Severity.L3):
        flagged = [
            any(at_least(found.severity, floor) for found in classifier.assess(_messages(course)))
            for course in harmless
        ]
        yield (
            f"- harmless courses with any turn decided {floor.value}+: "
            f"{np.mean(flagged):.2f} of {len(harmless)}"
        )


def _scores(classifier: Classifier, course: Course) -> list[float | None]:
    return [expected_severity(found) for found in classifier.assess(_messages(course))]


def _messages(course: Course) -> list[Message]:
    """The course's turns; in one conversation each sees the two turns before it."""
    messages = []
    for number, text in enumerate(course.texts):
        context: tuple[Turn, ...] = ()
        if course.one_conversation and number:
            context = tuple(
                turn
                for earlier in course.texts[max(0, number - 2) : number]
                for turn in (Turn("participant", earlier), Turn("bot", _NEUTRAL_ANSWER))
            )
        messages.append(Message(f"{course.id}-{number}", text, "participant", context))
    return messages


def _points(course: Course, values: list[float] | list[float | None]) -> list[Point]:
    return [
        Point(day, value)
        for day, value in zip(course.days, values, strict=True)
        if value is not None
    ]

"""What each named set of thresholds finds, and how many people it calls for nothing.

A level L3 opens an escalation that pages people, so its price is counted in calls: on near misses,
on everyday comments, on a trial's conversations, and for one participant in a week of everyday
talk at the pace of the published trial (ten messages a day).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.combination import decided_severity
from classifiers.heads import DEFAULT_THRESHOLDS, Manifest
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message, RiskAssessment, Turn
from oversight.domain.severity import Severity, at_least, worst

#: Ten a day: the pace of the published trial.
MESSAGES_A_WEEK = 70
_FLOORS = (Severity.L3, Severity.L2)
_TURNS_OF_CONTEXT = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one kind with their authors' levels; without levels all count as harmless."""

    name: str
    messages: tuple[Message, ...]
    levels: tuple[Severity, ...]

    @property
    def harmless(self) -> NDArray[np.bool_]:
        return np.array([level is Severity.L0 for level in self.levels], dtype=bool)

    def at(self, floor: Severity) -> NDArray[np.bool_]:
        return np.array([at_least(level, floor) for level in self.levels], dtype=bool)


def read_group(name: str, messages: Sequence[Message], levels: Sequence[Severity] | None) -> Group:
    return Group(name, tuple(messages), tuple(levels or [Severity.L0] * len(messages)))


def trial_group(folder: Path) -> Group:
    """Replay files whose lines carry ``author_label``: each message after the turns before it."""
    messages, levels = [], []
    for path in sorted(folder.glob("*.jsonl")):
        said: dict[str, list[Turn]] = {}
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            before = said.setdefault(row["conversation_id"], [])
            name = f"{row['conversation_id']}-{row['turn']}"
            context = tuple(before[-_TURNS_OF_CONTEXT:])
            messages.append(Message(name, row["message"], "participant", context))
            levels.append(Severity(row["author_label"]["severity"]))
            before.append(Turn("participant", row["message"]))
            if row["reply"] is not None:
                before.append(Turn("bot", row["reply"]))
    return Group("trial", tuple(messages), tuple(levels))


def workload_lines(classifier: TransformerClassifier, groups: Sequence[Group]) -> Iterator[str]:
    """One table a floor: a line a set of thresholds, a few columns a group."""
    read = [classifier.assess(group.messages) for group in groups]
    names = (DEFAULT_THRESHOLDS, *classifier.manifest.threshold_sets)
    for floor in _FLOORS:
        yield f"\n## Called {floor.value} or worse, by set of thresholds, phrase rules included"
        yield (
            "| thresholds | threshold | recall, held-out | precision | near misses called "
            "| everyday comments called | calls per participant-week of everyday talk "
            "| trial: recall | trial: harmless called | trial: all called |"
        )
        yield "|---" * 10 + "|"
        for name in names:
            manifest = classifier.manifest.with_thresholds(name)
            yield _line(name, manifest, floor, groups, read)


def _line(
    name: str,
    manifest: Manifest,
    floor: Severity,
    groups: Sequence[Group],
    read: Sequence[Sequence[RiskAssessment]],
) -> str:
    called = {
        group.name: np.array([at_least(_level(one, manifest), floor) for one in found])
        for group, found in zip(groups, read, strict=True)
        if group.messages
    }
    by_name = {group.name: group for group in groups}
    held, flagged = by_name["held-out"], called["held-out"]
    everyday = called.get("everyday")
    cells = [
        name,
        f"{manifest.thresholds[f'severity:{floor.value}']:.4f}",
        _share(flagged[held.at(floor)]),
        _share(held.at(floor)[flagged]),
        _share(flagged[held.harmless]),
        "–" if everyday is None else _share(everyday),
        "–" if everyday is None else f"{everyday.mean() * MESSAGES_A_WEEK:.1f}",
    ]
    if "trial" in called:
        trial, found = by_name["trial"], called["trial"]
        scored = np.array([one.scored for one in read[list(by_name).index("trial")]])
        for part in (trial.at(floor), trial.harmless, np.ones(len(scored), dtype=bool)):
            cells.append(_share(found[part & scored]))
    else:
        cells += ["–"] * 3
    return "| " + " | ".join(cells) + " |"


def _level(found: RiskAssessment, manifest: Manifest) -> Severity:
    """The level by these thresholds; unscored stays unscored."""
    if not found.scored:
        return found.severity
    decided = decided_severity(found.severity_probabilities, manifest.thresholds)
    return worst([decided, *([found.phrase_floor] if found.phrase_floor else [])])


def _share(values: NDArray[np.bool_]) -> str:
    return f"{values.mean():.3f} ({len(values)})" if len(values) else "–"

"""Named sets of thresholds: what a setting may choose, and what it must never do."""

from pathlib import Path

import numpy as np
import pytest

from classifiers.encoder import MODELS
from classifiers.evaluation.workload import read_group, trial_group, workload_lines
from classifiers.heads import Head, UnknownThresholds, read_manifest
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message
from classifiers.registry import registered_versions
from classifiers.training.calibrate import PROMISES, named_thresholds
from oversight.domain.severity import Severity, at_least

ROOT = Path(__file__).parents[2]
OUTPUTS = ("severity:L2", "severity:L3")


def head() -> Head:
    ones = np.ones(2, dtype=np.float32)
    return Head(OUTPUTS, np.eye(2, 4, dtype=np.float32), ones * 0, ones, ones * 0)


def test_a_promise_of_recall_holds_on_texts_the_thresholds_never_saw() -> None:
    generator = np.random.default_rng(0)
    kept: dict[str, list[float]] = {name: [] for name in PROMISES}
    default = dict.fromkeys(OUTPUTS, 1.0)
    for _ in range(60):
        seen = generator.normal(1, 1, (150, 2)).astype(np.float32)
        new = generator.normal(1, 1, 4_000)
        sets = named_thresholds(head(), seen, np.ones((150, 2)), default)
        for name, values in sets.items():
            kept[name].append(float((1 / (1 + np.exp(-new)) >= values["severity:L3"]).mean()))
    assert np.mean(kept["cautious"]) >= 0.97
    assert np.mean(kept["widest"]) >= 0.99


def test_a_named_set_never_asks_for_more_than_the_default_one() -> None:
    logits = np.full((300, 2), 3.0, dtype=np.float32)
    sets = named_thresholds(head(), logits, np.ones((300, 2)), dict.fromkeys(OUTPUTS, 0.1))
    assert {value for values in sets.values() for value in values.values()} == {0.1}
    shipped = read_manifest(MODELS)
    assert set(shipped.threshold_sets) == set(PROMISES)
    for values in shipped.threshold_sets.values():
        assert all(value <= shipped.thresholds[output] for output, value in values.items())


def test_too_few_examples_promise_nothing_but_every_text() -> None:
    sets = named_thresholds(head(), np.ones((20, 2)), np.ones((20, 2)), dict.fromkeys(OUTPUTS, 1.0))
    assert sets["widest"]["severity:L3"] == 0.0


def test_another_set_is_another_version_and_an_unknown_one_is_refused() -> None:
    shipped = read_manifest(MODELS)
    versions = {shipped.with_thresholds(name).version for name in ("default", *PROMISES)}
    assert len(versions) == 1 + len(PROMISES)
    assert shipped.with_thresholds("default") is shipped
    with pytest.raises(UnknownThresholds):
        shipped.with_thresholds("bold")


def test_a_wider_set_only_raises_levels() -> None:
    messages = [
        Message(str(n), text)
        for n, text in enumerate(
            ["what a day", "i can't see a way through any more", "ok done", "see you on monday"]
        )
    ]
    before = TransformerClassifier(MODELS).assess(messages)
    after = TransformerClassifier(MODELS, thresholds="widest").assess(messages)
    for one, two in zip(before, after, strict=True):
        assert at_least(two.severity, one.severity)


def test_the_card_of_the_shipped_version_measured_every_set() -> None:
    live = next(row for row in registered_versions() if row.status == "live")
    assert set(live.measured) == {"default", *PROMISES}
    recalls = [live.measured[name]["recall_l3"] for name in ("default", "cautious", "widest")]
    assert recalls == sorted(recalls)


def test_the_workload_of_each_set_is_counted_with_unscored_messages_left_out() -> None:
    classifier = TransformerClassifier(MODELS)
    calm = read_group("everyday", [Message("a", "nice weather today")], None)
    held = read_group(
        "held-out",
        [Message("b", "i want to kill myself tonight"), Message("c", "lovely soup")],
        [Severity.L4, Severity.L0],
    )
    lines = list(workload_lines(classifier, [held, calm]))
    assert sum(line.startswith("| default") for line in lines) == 2
    assert any(line.startswith("| widest") and " 1.000 (1) " in line for line in lines)


def test_a_trial_is_read_with_the_turns_before_each_message() -> None:
    group = trial_group(ROOT / "oversight" / "demo" / "conversations")
    assert len(group.messages) == len(group.levels) > 300
    later = next(m for m in group.messages if m.id.endswith("-2"))
    assert [turn.role for turn in later.context][:2] == ["participant", "bot"]

"""The parts of the recipe that need no torch: targets, variations, calibration, bundles."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from classifiers.heads import Head, read_head, read_manifest, sigmoid
from classifiers.outputs import CRISIS, HARM, PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.protocol import Turn
from classifiers.training.augment import longer, misspelt, with_harmless_context
from classifiers.training.bundle import write_bundle
from classifiers.training.calibrate import calibrated, chosen_thresholds
from classifiers.training.corpus import ParticipantRow, split_of
from classifiers.training.labels import flag_targets, participant_example
from classifiers.training.public import PublicDataChanged, check_digest
from classifiers.training.recipe import Recipe, epochs_of
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity

COLUMN = {name: number for number, name in enumerate(PARTICIPANT_OUTPUTS)}


def row(text: str, severity: Severity, *categories: Category) -> ParticipantRow:
    return ParticipantRow(
        text, text, text, (), severity, categories, "disclosing", "self", "plain", "en", "file"
    )


def test_a_level_teaches_every_level_below_it() -> None:
    targets = participant_example(row("a", Severity.L3, Category.SUICIDE)).targets
    assert [targets[COLUMN[f"severity:L{n}"]] for n in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert targets[COLUMN[CRISIS]] == 1


def test_danger_of_another_kind_is_no_suicide_risk() -> None:
    targets = participant_example(row("a", Severity.L3, Category.ABUSE_VICTIM)).targets
    assert targets[COLUMN[CRISIS]] == 0
    assert targets[COLUMN["category:abuse_victim"]] == 1


def test_only_grades_from_h2_up_are_harm() -> None:
    harm = REPLY_OUTPUTS.index(HARM)
    assert flag_targets([])[harm] == 0
    assert flag_targets([Flag.F19])[harm] == 0
    assert flag_targets([Flag.F19, Flag.F07])[harm] == 1


def test_two_texts_in_one_breath_keep_the_worse_levels() -> None:
    calm = participant_example(row("fine", Severity.L0))
    grave = participant_example(row("grave", Severity.L4, Category.SUICIDE))
    both = longer(calm, grave, random.Random(0))
    assert both.targets[COLUMN["severity:L4"]] == 1
    assert np.isnan(both.targets[COLUMN["stance:disclosing"]])
    assert "fine" in both.message.text
    assert "grave" in both.message.text


def test_variations_leave_the_targets_alone() -> None:
    example = participant_example(
        row("i can't go on like this any more", Severity.L1, Category.OTHER)
    )
    varied = misspelt(example, random.Random(1))
    assert varied.message.text != example.message.text
    assert np.array_equal(varied.targets, example.targets)
    beside = with_harmless_context(example, [Turn("participant", "hello")])
    assert beside.message.text == example.message.text
    assert beside.message.context == (Turn("participant", "hello"),)


def test_a_scenario_never_changes_its_split() -> None:
    assert [split_of(name) for name in ("a", "b", "en-risk-0001")] == [
        split_of(name) for name in ("a", "b", "en-risk-0001")
    ]
    shares = [split_of(str(number)) for number in range(5_000)]
    assert shares.count("train") / 5_000 == pytest.approx(0.70, abs=0.03)


def test_a_pass_shows_the_same_examples_whenever_it_is_asked_for() -> None:
    first, again = epochs_of(Recipe()), epochs_of(Recipe())
    shown = [e.message for e in first(6)]
    assert [e.message for e in again(6)] == shown
    assert [e.message for e in again(7)] != shown


def simple_head(outputs: int) -> Head:
    ones = np.ones(outputs, dtype=np.float32)
    names = tuple(["severity:L3", "flag:F01", CRISIS][:outputs])
    return Head(names, np.eye(outputs, 4, dtype=np.float32), ones * 0, ones, ones * 0)


def test_calibration_undoes_overconfidence() -> None:
    generator = np.random.default_rng(0)
    truth = (generator.random(2_000) < 0.3).astype(np.float32)
    logits = (8 * (truth - 0.3) + generator.normal(0, 8, 2_000)).astype(np.float32)[:, None]
    head = calibrated(simple_head(1), logits, truth[:, None])
    probabilities = sigmoid(logits * head.slope + head.offset)[:, 0]
    assert probabilities.mean() == pytest.approx(0.3, abs=0.02)
    assert head.slope[0] < 0.5


def test_a_threshold_reaches_its_recall_unless_small_talk_would_ring() -> None:
    head = simple_head(1)
    logits = np.linspace(-3, 3, 200, dtype=np.float32)[:, None]
    targets = (logits > 0).astype(np.float32)
    quiet = np.full((500, 1), -6, dtype=np.float32)
    loud = np.full((500, 1), 2.0, dtype=np.float32)
    found = chosen_thresholds(head, logits, targets, quiet)["severity:L3"]
    flagged = sigmoid(logits)[:, 0] >= found
    assert flagged[targets[:, 0] == 1].mean() >= 0.99
    assert chosen_thresholds(head, logits, targets, loud)["severity:L3"] > found


def test_a_bundle_reads_back_and_its_version_names_its_files(tmp_path: Path) -> None:
    for name in ("encoder.onnx", "tokenizer.json"):
        (tmp_path / name).write_text(name)
    head = simple_head(2)
    version = write_bundle(
        tmp_path,
        release="r-1",
        languages=("en",),
        participant=head,
        reply=head,
        thresholds={"severity:L3": 0.123456},
        corpus_digest="d",
    )
    manifest = read_manifest(tmp_path)
    assert manifest.version == version
    assert manifest.thresholds["severity:L3"] == pytest.approx(0.1235)
    assert json.loads((tmp_path / "manifest.json").read_text())["corpus_digest"] == "d"
    read = read_head(tmp_path, "participant", manifest.participant_outputs)
    assert np.array_equal(read.weights, head.weights)


def test_another_threshold_is_another_version(tmp_path: Path) -> None:
    for name in ("encoder.onnx", "tokenizer.json"):
        (tmp_path / name).write_text(name)

    def version(threshold: float) -> str:
        return write_bundle(
            tmp_path,
            release="r-1",
            languages=("en",),
            participant=simple_head(2),
            reply=simple_head(2),
            thresholds={"severity:L3": threshold},
            corpus_digest="d",
        )

    assert version(0.2) == version(0.2)
    assert version(0.2) != version(0.21)


def test_a_changed_public_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(b"another")
    with pytest.raises(PublicDataChanged):
        check_digest(path, "participant/rallypoint_train.jsonl.gz")

"""The smaller members: first look, language, trend, combination, registry, foreign models."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from classifiers.combination import (
    InvalidScore,
    combined_severity,
    decided_severity,
    merge_windows,
    severity_probabilities,
)
from classifiers.encoder import MODELS
from classifiers.first_stage import urgency
from classifiers.heads import ModelFilesDamaged, read_manifest
from classifiers.huggingface import HuggingFaceClassifier, read_mapping
from classifiers.languages import detect, language_of
from classifiers.phrases import PhraseHit
from classifiers.protocol import Message, RiskAssessment
from classifiers.registry import compare, load_candidate, registered_versions, rescored
from classifiers.trajectory import expected_severity, within_conversation
from oversight.domain.severity import Category, Severity

ROOT = Path(__file__).parents[2]


def test_the_first_look_puts_a_plan_before_small_talk() -> None:
    assert urgency("kms tonight") > urgency("what should i cook tonight")
    assert urgency("took all of them ten minutes ago") > urgency("the bus was late again")


def test_the_first_look_takes_well_under_a_millisecond_of_processor_time() -> None:
    text = "i have been feeling really low since we talked, work is too much and i cannot sleep"
    urgency(text)
    started = time.process_time()
    for number in range(200):
        urgency(f"{text} {number}")
    assert (time.process_time() - started) / 200 < 0.001


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("i dont know what to do anymore", "en"),
        ("no sé qué hacer con mi vida", "es"),
        ("je ne sais plus quoi faire", "fr"),
        ("ich weiß nicht mehr was ich machen soll", "de"),
        ("não sei mais o que fazer da minha vida", "pt"),
        ("не хочу больше жить", "ru"),
        ("もう無理です", "ja"),
        ("그만하고 싶어요", "ko"),
    ],
)
def test_the_language_of_a_short_text_is_found(text: str, language: str) -> None:
    assert detect(text).language == language


def test_an_unclear_text_takes_the_declared_language() -> None:
    assert language_of("ok", "es") == "es"
    assert language_of("lol", None) == "en"
    assert language_of("no se que hacer con mi vida, ya no puedo", "en") == "es"


def test_a_text_in_windows_is_as_dangerous_as_its_worst_window() -> None:
    names = ("severity:L1", "flag:F01", "flag:F02")
    windows = np.array([[0.1, 0.9, 0.1], [0.8, 0.2, 0.7]], dtype=np.float32)
    merged = merge_windows(names, windows)
    assert merged["severity:L1"] == pytest.approx(0.8)
    assert merged["flag:F02"] == pytest.approx(0.7)
    assert merged["flag:F01"] == pytest.approx(0.2)  # something missing is missing everywhere


@pytest.mark.parametrize("value", [float("nan"), -0.01, 1.01])
def test_windows_that_hold_no_probability_are_refused(value: float) -> None:
    with pytest.raises(InvalidScore):
        merge_windows(("severity:L1",), np.array([[value]], dtype=np.float32))


def test_a_level_implies_the_levels_below_it() -> None:
    levels = severity_probabilities(
        {"severity:L1": 0.2, "severity:L2": 0.6, "severity:L3": 0.1, "severity:L4": 0.3}
    )
    assert list(levels.values()) == [0.6, 0.6, 0.3, 0.3]


def test_rules_only_raise() -> None:
    hit = PhraseHit("en.x", Severity.L2, Category.SUICIDE)
    assert combined_severity(Severity.L4, [hit], restricting=False) is Severity.L4
    assert combined_severity(Severity.L0, [hit], restricting=False) is Severity.L2
    assert combined_severity(Severity.L0, [], restricting=True) is Severity.L2


def test_the_highest_level_over_its_threshold_decides() -> None:
    thresholds = {f"severity:L{n}": 0.5 for n in (1, 2, 3, 4)}
    probabilities = dict(zip(Severity, [0, 0.9, 0.8, 0.6, 0.4], strict=False))
    del probabilities[Severity.L0]
    assert decided_severity(probabilities, thresholds) is Severity.L3


@pytest.mark.parametrize("before", list(Severity))
@pytest.mark.parametrize("after", list(Severity))
def test_rescoring_never_lowers(before: Severity, after: Severity) -> None:
    assert rescored(before, after).rank >= before.rank


def test_a_steady_decline_is_a_trend_and_one_bad_evening_is_not() -> None:
    declining = [0.1, 0.2, 0.2, 0.4, 0.5, 0.6, 0.9, 1.1, 1.0, 1.4]
    assert within_conversation(declining).worsening
    assert within_conversation(declining).severity is Severity.L1
    assert not within_conversation([0.1, 0.2, 0.1, 0.1, 2.5, 0.1, 0.2, 0.1]).worsening
    assert not within_conversation(declining[::-1]).worsening
    assert not within_conversation([0.1, 2.0, 3.0]).worsening


def test_an_unscored_message_has_no_expected_severity() -> None:
    unscored = RiskAssessment(
        "m", "participant", scored=False, severity=Severity.LU, model_version="v"
    )
    assert expected_severity(unscored) is None


def test_the_shipped_version_is_registered_with_its_digests_and_card() -> None:
    manifest = read_manifest(MODELS)
    live = [row for row in registered_versions() if row.status == "live"]
    assert [row.version for row in live] == [manifest.version]
    assert live[0].encoder_digest == manifest.digests["encoder.onnx"]
    assert live[0].heads_digest == manifest.digests["heads.npz"]
    assert (ROOT / live[0].card).is_file()


def test_damaged_model_files_are_refused(tmp_path: Path) -> None:
    for name in ("manifest.json", "heads.npz", "tokenizer.json", "encoder.onnx"):
        (tmp_path / name).write_bytes((MODELS / name).read_bytes())
    (tmp_path / "heads.npz").write_bytes(b"something else")
    with pytest.raises(ModelFilesDamaged):
        read_manifest(tmp_path)


def test_the_model_files_fit_their_budget() -> None:
    size = sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file())
    assert size < 30_000_000


def test_a_candidate_runs_beside_the_live_model_and_differences_are_counted(
    tmp_path: Path,
) -> None:
    assert load_candidate(tmp_path) is None
    for name in ("heads.npz", "tokenizer.json", "encoder.onnx"):
        (tmp_path / name).symlink_to(MODELS / name)
    content = json.loads((MODELS / "manifest.json").read_text())
    content["version"] = "candidate"
    content["thresholds"] |= {f"severity:L{n}": 0.0 for n in (1, 2, 3, 4)}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    candidate, live = load_candidate(tmp_path), load_candidate(MODELS)
    assert candidate is not None
    assert live is not None
    messages = [Message("a", "hello there"), Message("b", "...")]
    comparison = compare(live.assess(messages), candidate.assess(messages))
    assert (comparison.raised, comparison.newly_paged, comparison.unscored) == (1, 1, 1)


def foreign(tmp_path: Path, probabilities: Mapping[str, float]) -> HuggingFaceClassifier:
    path = tmp_path / "mapping.yaml"
    labels = {"LABEL_0": {"severity": "L0"}, "LABEL_1": {"severity": "L3", "category": "suicide"}}
    content = {"model": "m", "version": "m-1", "languages": ["en"], "threshold": 0.5}
    path.write_text(yaml.safe_dump(content | {"labels": labels}))
    return HuggingFaceClassifier(read_mapping(path), lambda text: probabilities)


def test_a_foreign_model_speaks_our_levels_through_its_mapping(tmp_path: Path) -> None:
    classifier = foreign(tmp_path, {"LABEL_0": 0.2, "LABEL_1": 0.8})
    assessment = classifier.assess([Message("m", "some words of mine")])[0]
    assert assessment.severity is Severity.L3
    assert assessment.categories == (Category.SUICIDE,)
    assert assessment.crisis_probability == pytest.approx(0.8)


@pytest.mark.parametrize(
    "probabilities", [{"LABEL_9": 1.0}, {"LABEL_1": float("nan")}, {"LABEL_1": 1.4}, {}]
)
def test_a_label_or_number_we_do_not_know_means_a_person_looks(
    tmp_path: Path, probabilities: Mapping[str, float]
) -> None:
    assessment = foreign(tmp_path, probabilities).assess([Message("m", "some words of mine")])[0]
    assert (assessment.severity, assessment.scored) == (Severity.LU, False)

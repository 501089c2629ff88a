"""``python -m classifiers train``: from corpus and base weights to a model folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifiers.encoder import Encoder
from classifiers.heads import Head
from classifiers.training.bundle import write_bundle
from classifiers.training.calibrate import calibrated, chosen_thresholds, raw_logits
from classifiers.training.corpus import corpus_digest
from classifiers.training.export import export_encoder
from classifiers.training.finetune import Schedule, fine_tune
from classifiers.training.first_stage_fit import fit_first_stage
from classifiers.training.labels import Example, participant_example, reply_example
from classifiers.training.public import everyday_texts
from classifiers.training.recipe import (
    Recipe,
    epochs_of,
    everything_once,
    participant_split,
    reply_split,
)
from classifiers.training.words_fit import with_words
from oversight.domain.severity import Severity, at_least

#: The name of what this recipe makes; the digest is added by the bundle.
RELEASE = "oversight-minilm-1.1"
#: Languages that did well enough in the model card to be scored; all others are LU.
EVALUATED_LANGUAGES = ("en",)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated heads and the default thresholds of both roles."""

    participant: Head
    reply: Head
    thresholds: dict[str, float]


def build(
    folder: Path,
    recipe: Recipe,
    schedule: Schedule,
    *,
    report: Callable[[str], None],
    kept: Path | None = None,
) -> str:
    """Train, export, calibrate and store; the version made comes back."""
    trained = fine_tune(epochs_of(recipe), schedule, report=report, kept=kept)
    export_encoder(trained.encoder, folder)
    return finish(folder, trained.participant, trained.reply, recipe)


def finish(folder: Path, participant: Head, reply: Head, recipe: Recipe) -> str:
    """Calibrate raw heads on the exported encoder, fit the first look, write the manifest."""
    participant, reply = _reading_words(participant, reply, recipe)
    calibration = calibrate(Encoder(folder), participant, reply)
    _fit_first_look(folder, recipe)
    return write_bundle(
        folder,
        release=RELEASE,
        languages=EVALUATED_LANGUAGES,
        participant=calibration.participant,
        reply=calibration.reply,
        thresholds=calibration.thresholds,
        corpus_digest=corpus_digest(),
    )


def _reading_words(participant: Head, reply: Head, recipe: Recipe) -> tuple[Head, Head]:
    examples = everything_once(recipe.public_folder)
    messages = [example for example in examples if example.message.role == "participant"]
    replies = [example for example in examples if example.message.role == "bot"]
    return (
        with_words(participant, messages, share=recipe.words_share),
        with_words(reply, replies, share=recipe.reply_words_share),
    )


def calibrate(encoder: Encoder, participant: Head, reply: Head) -> Calibration:
    """Both heads on the scenarios kept for calibration."""
    messages = [
        participant_example(row)
        for row in participant_split("calibrate")
        if row.language in EVALUATED_LANGUAGES
    ]
    near_misses = [example for example in messages if not example.targets[0]]
    replies = [reply_example(row) for row in reply_split("calibrate")]
    good = [example for example in replies if not example.targets.any()]
    participant, its_thresholds = _calibrate_one(encoder, participant, messages, near_misses)
    reply, other_thresholds = _calibrate_one(encoder, reply, replies, good)
    return Calibration(participant, reply, its_thresholds | other_thresholds)


def _calibrate_one(
    encoder: Encoder, head: Head, examples: Sequence[Example], harmless: Sequence[Example]
) -> tuple[Head, dict[str, float]]:
    logits = raw_logits(encoder, head, examples)
    targets = np.stack([example.targets for example in examples])
    head = calibrated(head, logits, targets)
    alarms = raw_logits(encoder, head, harmless)
    return head, chosen_thresholds(head, logits, targets, alarms)


def _fit_first_look(folder: Path, recipe: Recipe) -> None:
    rows = participant_split("train")
    everyday = everyday_texts(recipe.public_folder)[:3_000] if recipe.public_folder else []
    urgent = [at_least(row.severity, Severity.L3) for row in rows] + [False] * len(everyday)
    weights = np.r_[np.ones(len(rows)), np.full(len(everyday), 0.3)].astype(np.float32)
    fit_first_stage(
        [row.text for row in rows] + everyday,
        np.array(urgent),
        weights,
        path=folder / "first_stage.npz",
    )

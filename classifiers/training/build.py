"""``python -m classifiers train``: from corpus and base weights to a model folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.encoder import Encoder
from classifiers.heads import Head
from classifiers.protocol import Message
from classifiers.training.bundle import write_bundle
from classifiers.training.calibrate import (
    calibrated,
    chosen_thresholds,
    named_thresholds,
    raw_logits,
)
from classifiers.training.corpus import corpus_digest
from classifiers.training.export import export_encoder
from classifiers.training.finetune import RANKED, Schedule, fine_tune
from classifiers.training.first_stage_fit import fit_first_stage
from classifiers.training.labels import Example, participant_example, reply_example
from classifiers.training.public import participant_examples, unlabelled_texts
from classifiers.training.recipe import (
    Recipe,
    closing_examples,
    epochs_of,
    everything_once,
    participant_split,
    reply_split,
)
from classifiers.training.words_fit import best_share, fit_words, joined
from oversight.domain.severity import Severity, at_least

#: The name of what this recipe makes; the digest is added by the bundle.
RELEASE = "oversight-minilm-1.1"
#: Languages that did well enough in the model card to be scored; all others are LU.
EVALUATED_LANGUAGES = ("en",)
#: Everyday comments that thresholds are held against.
_EVERYDAY_READ = 1_200


def build(
    folder: Path,
    recipe: Recipe,
    schedule: Schedule,
    *,
    report: Callable[[str], None],
    kept: Path | None = None,
) -> str:
    """Train, export, calibrate and store; the version made comes back."""
    closing = closing_examples(recipe)
    trained = fine_tune(epochs_of(recipe), closing, schedule, report=report, kept=kept)
    export_encoder(trained.encoder, folder)
    return finish(folder, trained.participant, trained.reply, recipe, report)


def finish(
    folder: Path, participant: Head, reply: Head, recipe: Recipe, report: Callable[[str], None]
) -> str:
    """Add words, calibrate on the exported encoder, fit the first look, write the manifest."""
    encoder = Encoder(folder)
    once = everything_once(recipe.public_folder)
    held = calibration_examples()
    talk = _everyday_examples(recipe)
    participant, thresholds = _finished(
        encoder, participant, once, held["participant"], talk, report
    )
    sets = promised_sets(encoder, participant, held["participant"], thresholds)
    reply, more_thresholds = _finished(encoder, reply, once, held["bot"], (), report)
    _fit_first_look(folder, recipe, encoder, participant)
    return write_bundle(
        folder,
        release=RELEASE,
        languages=EVALUATED_LANGUAGES,
        participant=participant,
        reply=reply,
        thresholds=thresholds | more_thresholds,
        threshold_sets=sets,
        corpus_digest=corpus_digest(),
    )


def promised_sets(
    encoder: Encoder, head: Head, held: Sequence[Example], default: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """The other thresholds that a setting may choose (``calibrate.PROMISES``)."""
    logits, targets = raw_logits(encoder, head, held), np.stack([e.targets for e in held])
    return named_thresholds(head, logits, targets, default)


def calibration_examples() -> dict[str, list[Example]]:
    rows = participant_split("calibrate")
    return {
        "participant": [participant_example(r) for r in rows if r.language in EVALUATED_LANGUAGES],
        "bot": [reply_example(row) for row in reply_split("calibrate")],
    }


def _everyday_examples(recipe: Recipe) -> list[Example]:
    if recipe.public_folder is None:
        return []
    outside = participant_examples(recipe.public_folder, split="train")
    return [example for example in outside if example.source == "everyday"][:_EVERYDAY_READ]


def _finished(
    encoder: Encoder,
    head: Head,
    training: Sequence[Example],
    held: Sequence[Example],
    everyday: Sequence[Example],
    report: Callable[[str], None],
) -> tuple[Head, dict[str, float]]:
    """The head with its share of words, calibrated, and its default thresholds."""
    role = held[0].message.role
    words = fit_words(len(head.names), [e for e in training if e.message.role == role])
    logits, targets = raw_logits(encoder, head, held), np.stack([e.targets for e in held])
    read = words.logits([example.message.text for example in held])
    share = best_share(logits, read, targets, [head.names.index(name) for name in RANKED[role]])
    report(f"{role}: share of words {share}")
    head, logits = joined(head, words, share), logits + share * read
    head = calibrated(head, logits, targets)
    # A message without any level, a reply without any flag: what an alarm should leave alone.
    labels = [n for n, name in enumerate(head.names) if not name.startswith("stance:")]
    harmless = ~targets[:, labels].any(axis=1)
    small_talk = raw_logits(encoder, head, everyday) if everyday else None
    return head, chosen_thresholds(head, logits, targets, logits[harmless], small_talk)


def _fit_first_look(folder: Path, recipe: Recipe, encoder: Encoder, participant: Head) -> None:
    """Half from the writers' levels, half from the model; texts nobody labelled from the model.

    An urgent row counts three times, and L1 and L2, which are neither urgent nor ordinary, a third.
    """
    rows = participant_split("train")
    authored = [row.text for row in rows]
    others = unlabelled_texts(recipe.public_folder) if recipe.public_folder else []
    urgent = np.array([at_least(row.severity, Severity.L3) for row in rows])
    ordinary = np.array([row.severity is Severity.L0 for row in rows])
    known = np.where(urgent, 3.0, np.where(ordinary, 1.0, 0.3))
    taught = (urgent + _urgency(encoder, participant, authored)) / 2
    fit_first_stage(
        authored + others,
        np.r_[taught, _urgency(encoder, participant, others)].astype(np.float32),
        np.r_[known, np.ones(len(others))].astype(np.float32),
        path=folder / "first_stage.npz",
    )


def _urgency(encoder: Encoder, participant: Head, texts: Sequence[str]) -> NDArray[np.float32]:
    """The calibrated model's P(at least L3) of each text by itself."""
    column = participant.names.index("severity:L3")
    messages = [Message("text", text, "participant") for text in texts]
    return np.array(
        [
            participant.probabilities(encoder.vectors(encoder.windows(message)), message.text)[
                :, column
            ].max()
            for message in messages
        ],
        dtype=np.float32,
    )

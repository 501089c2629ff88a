"""Any Hugging Face text classifier in place of the shipped one (optional; needs torch).

Its labels mean nothing to us until a YAML file says what each means::

    model: my-model                   # a folder beside this file, or an id in the local cache
    version: my-model-2026-01
    languages: [en]
    threshold: 0.5
    replies: shipped                  # who reads the bot's replies; without it nobody does
    labels:
      LABEL_0: {severity: L0}
      LABEL_1: {severity: L3, category: suicide}

A label without a line makes the message unscored: an unknown label means a person looks. Replies
of the bot are not read by such a model: the shipped one reads them, or they stay unscored.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from classifiers.combination import combined_severity, phrase_floor
from classifiers.legibility import readable_language, unreadable_reason
from classifiers.outputs import CRISIS_CATEGORIES, LEVELS
from classifiers.phrases import PhraseHit, phrase_hits
from classifiers.protocol import (
    CLASSIFIER_ERROR,
    INVALID_MESSAGE,
    INVALID_SCORE,
    Classifier,
    Message,
    RiskAssessment,
)
from oversight.domain.severity import Category, Severity, at_least

#: Text to the probability of each label.
LabelScorer = Callable[[str], Mapping[str, float]]
_CHARACTERS_READ = 4_000
SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class LabelMeaning:
    """What one label of a foreign model means here."""

    severity: Severity
    category: Category | None


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """The YAML file, read and checked."""

    model: str
    version: str
    languages: tuple[str, ...]
    threshold: float
    labels: Mapping[str, LabelMeaning]
    replies: str | None = None


class UnmappedLabel(ValueError):
    """The model used a label that the mapping does not explain."""


def read_mapping(path: Path) -> LabelMapping:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))  # YAML has no static type
    labels = {
        name: LabelMeaning(
            Severity(row["severity"]), Category(row["category"]) if "category" in row else None
        )
        for name, row in content["labels"].items()
    }
    return LabelMapping(
        content["model"],
        content["version"],
        tuple(content["languages"]),
        float(content["threshold"]),
        labels,
        _replies(content),
    )


def _replies(content: Mapping[str, Any]) -> str | None:
    """Any: as read from YAML."""
    if content.get("replies") not in (None, SHIPPED):
        raise ValueError(f"replies may be {SHIPPED!r} or left out")
    return content.get("replies")


def model_folder(mapping: LabelMapping, mapping_file: Path) -> Path | None:
    """The folder that the mapping names, seen from its own place; None for an id of the cache."""
    folder = mapping_file.parent / mapping.model
    return folder if folder.is_dir() else None


class HuggingFaceClassifier:
    """A foreign model behind our protocol, with our phrase rules and our failure rules."""

    def __init__(self, mapping: LabelMapping, scorer: LabelScorer) -> None:
        self._mapping = mapping
        self._scorer = scorer

    @property
    def version(self) -> str:
        return self._mapping.version

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        return [self._assess_one(message) for message in messages]

    def _assess_one(self, message: Message) -> RiskAssessment:
        if message.role != "participant" or not isinstance(message.text, str):
            return self._unscored(message, (), INVALID_MESSAGE)
        hits = phrase_hits(message.text)
        language = readable_language(message.text, message.language)
        reason = unreadable_reason(message.text, language, self._mapping.languages)
        if reason is not None:
            return self._unscored(message, hits, reason)
        try:
            levels, categories = self._meaning(self._scorer(message.text[:_CHARACTERS_READ]))
        except UnmappedLabel:
            return self._unscored(message, hits, INVALID_SCORE)
        except Exception:  # noqa: BLE001 - a foreign model may fail in any way; a person looks
            return self._unscored(message, hits, CLASSIFIER_ERROR)
        return self._scored(message, hits, language, levels, categories)

    def _meaning(
        self, probabilities: Mapping[str, float]
    ) -> tuple[dict[Severity, float], dict[Category, float]]:
        labels = self._mapping.labels
        if not probabilities or set(probabilities) - set(labels):
            raise UnmappedLabel("a label without a meaning")
        if not all(0.0 <= value <= 1.0 for value in probabilities.values()):
            raise UnmappedLabel("a probability outside [0, 1]")
        levels = {
            level: min(
                1.0,
                sum(
                    p for name, p in probabilities.items() if at_least(labels[name].severity, level)
                ),
            )
            for level in LEVELS
        }
        categories = {
            category: max(
                (p for name, p in probabilities.items() if labels[name].category is category),
                default=0.0,
            )
            for category in Category
        }
        return levels, categories

    def _scored(
        self,
        message: Message,
        hits: tuple[PhraseHit, ...],
        language: str,
        levels: dict[Severity, float],
        categories: dict[Category, float],
    ) -> RiskAssessment:
        reached = [level for level, p in levels.items() if p >= self._mapping.threshold]
        severity = combined_severity(
            reached[-1] if reached else Severity.L0, hits, restricting=False
        )
        chosen = {hit.category for hit in hits} | {
            category for category, p in categories.items() if p >= self._mapping.threshold
        }
        return RiskAssessment(
            id=message.id,
            role=message.role,
            scored=True,
            severity=severity,
            model_version=self.version,
            crisis_probability=max(categories[category] for category in CRISIS_CATEGORIES),
            severity_probabilities=levels,
            category_probabilities=categories,
            categories=tuple(category for category in Category if category in chosen),
            language=language,
            phrase_hits=tuple(hit.code for hit in hits),
            phrase_floor=phrase_floor(hits),
        )

    def _unscored(
        self, message: Message, hits: tuple[PhraseHit, ...], reason: str
    ) -> RiskAssessment:
        return RiskAssessment(
            id=message.id,
            role=message.role,
            scored=False,
            severity=Severity.LU,
            model_version=self.version,
            unscored_reason=reason,
            phrase_hits=tuple(hit.code for hit in hits),
            phrase_floor=phrase_floor(hits),
        )


class WithReplies:
    """A foreign model for what participants say, and another classifier for the bot's replies."""

    def __init__(self, foreign: Classifier, replies: Classifier) -> None:
        self._foreign = foreign
        self._replies = replies

    @property
    def version(self) -> str:
        return self._foreign.version

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        """Each answer carries the version of whichever gave it."""
        said = iter(self._foreign.assess([one for one in messages if one.role != "bot"]))
        answered = iter(self._replies.assess([one for one in messages if one.role == "bot"]))
        return [next(answered if one.role == "bot" else said) for one in messages]


def load_huggingface(mapping_file: Path) -> HuggingFaceClassifier:
    """The configured model on transformers' own pipeline, from this machine's files alone.

    Raises ImportError without torch. Weights are safetensors: a pickle could run anything.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when transformers is imported
    import torch
    from transformers import pipeline

    torch.set_num_threads(1)
    mapping = read_mapping(mapping_file)
    scored: Any = pipeline(
        "text-classification",
        model=str(model_folder(mapping, mapping_file) or mapping.model),
        top_k=None,
        device="cpu",
        model_kwargs={"use_safetensors": True},
    )

    def scorer(text: str) -> dict[str, float]:
        found = scored([text], truncation=True)[0]
        return {row["label"]: float(row["score"]) for row in found}

    return HuggingFaceClassifier(mapping, scorer)

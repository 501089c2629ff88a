"""The shipped classifier: phrase rules, encoder and heads, and the rules that combine them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classifiers import combination
from classifiers.certain import certain_flags
from classifiers.encoder import MODELS, Encoder, Window
from classifiers.heads import DEFAULT_THRESHOLDS, Head, Manifest, read_head, read_manifest
from classifiers.legibility import readable_language, unreadable_reason
from classifiers.outputs import HARM
from classifiers.phrases import PhraseHit, phrase_hits, restriction_goal
from classifiers.protocol import (
    CLASSIFIER_ERROR,
    INVALID_MESSAGE,
    INVALID_SCORE,
    Message,
    RiskAssessment,
)
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a message before the model: rules and language."""

    hits: tuple[PhraseHit, ...]
    language: str | None


class TransformerClassifier:
    """Assesses messages one by one on one thread. Holds no state between calls."""

    def __init__(
        self, folder: Path = MODELS, *, threads: int = 1, thresholds: str = DEFAULT_THRESHOLDS
    ) -> None:
        self._manifest: Manifest = read_manifest(folder).with_thresholds(thresholds)
        self._encoder = Encoder(folder, threads=threads)
        self._participant = read_head(folder, "participant", self._manifest.participant_outputs)
        self._reply = read_head(folder, "reply", self._manifest.reply_outputs)

    @property
    def version(self) -> str:
        return self._manifest.version

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def assess(self, messages: Sequence[Message]) -> list[RiskAssessment]:
        """One assessment a message, in order. A row that cannot be scored is LU, never an error."""
        return [self._assess_safely(message) for message in messages]

    def scores(self, message: Message) -> dict[str, float]:
        """Every calibrated output of the message's role, by name."""
        return self.window_scores(message, self._encoder.windows(message))

    def window_scores(self, message: Message, windows: Sequence[Window]) -> dict[str, float]:
        head = self._head(message)
        probabilities = head.probabilities(self._encoder.vectors(windows), message.text)
        return combination.merge_windows(head.names, probabilities)

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    @property
    def participant_head(self) -> Head:
        return self._participant

    def _head(self, message: Message) -> Head:
        return self._participant if message.role == "participant" else self._reply

    def _assess_safely(self, message: Message) -> RiskAssessment:
        reading = Reading((), None)
        try:
            if not _is_sound(message):
                return self._unscored(message, reading, INVALID_MESSAGE)
            reading = Reading(
                phrase_hits(message.text) if message.role == "participant" else (),
                readable_language(message.text, message.language),
            )
            reason = unreadable_reason(
                message.text, reading.language or "und", self._manifest.languages
            )
            if reason is not None:
                return self._unscored(message, reading, reason)
            scores = self.scores(message)
            if message.role == "bot":
                return self._reply_assessment(message, reading, scores)
            return self._participant_assessment(message, reading, scores)
        except combination.InvalidScore:
            return self._unscored(message, reading, INVALID_SCORE)
        except Exception:  # noqa: BLE001 - whatever breaks on one row, a person looks at that row
            return self._unscored(message, reading, CLASSIFIER_ERROR)

    def _participant_assessment(
        self, message: Message, reading: Reading, scores: dict[str, float]
    ) -> RiskAssessment:
        thresholds = self._manifest.thresholds
        levels = combination.severity_probabilities(scores)
        severity = combination.combined_severity(
            combination.decided_severity(levels, thresholds),
            reading.hits,
            restricting=message.underweight and restriction_goal(message.text),
        )
        categories = combination.category_probabilities(scores)
        decided = combination.decided_categories(categories, thresholds, severity, reading.hits)
        if message.underweight and severity is not Severity.L0 and restriction_goal(message.text):
            decided = tuple(c for c in Category if c in {*decided, Category.EATING_DISORDER})
        return RiskAssessment(
            id=message.id,
            role=message.role,
            scored=True,
            severity=severity,
            model_version=self.version,
            crisis_probability=combination.crisis_probability(scores),
            severity_probabilities=levels,
            category_probabilities=categories,
            categories=decided,
            language=reading.language,
            phrase_hits=tuple(hit.code for hit in reading.hits),
            phrase_floor=combination.phrase_floor(reading.hits),
        )

    def _reply_assessment(
        self, message: Message, reading: Reading, scores: dict[str, float]
    ) -> RiskAssessment:
        probabilities = combination.flag_probabilities(scores)
        decided = combination.decided_flags(probabilities, self._manifest.thresholds)
        certain = certain_flags(message)
        flags = tuple(flag for flag in Flag if flag in {*decided, *certain})
        harm = combination.reply_harm_probability(scores, decided)
        if certain:
            harm = max(harm, self._manifest.thresholds[HARM])
        return RiskAssessment(
            id=message.id,
            role=message.role,
            scored=True,
            severity=Severity.L0,
            model_version=self.version,
            reply_harm_probability=harm,
            flag_probabilities=probabilities,
            flags=flags,
            language=reading.language,
        )

    def _unscored(self, message: Message, reading: Reading, reason: str) -> RiskAssessment:
        return RiskAssessment(
            id=message.id,
            role=message.role,
            scored=False,
            severity=Severity.LU,
            model_version=self.version,
            unscored_reason=reason,
            language=reading.language,
            phrase_hits=tuple(hit.code for hit in reading.hits),
            phrase_floor=combination.phrase_floor(reading.hits),
        )


def _is_sound(message: Message) -> bool:
    """Types and roles as promised; a caller's mistake must not become a guess."""
    texts: list[object] = [message.text, *(turn.text for turn in message.context)]
    roles: list[object] = [message.role, *(turn.role for turn in message.context)]
    return all(isinstance(text, str) for text in texts) and all(
        role in ("participant", "bot") for role in roles
    )

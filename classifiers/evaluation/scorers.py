"""What is compared: the shipped model and three baselines trained on the same rows."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_union

from classifiers.combination import crisis_probability, severity_probabilities
from classifiers.encoder import Encoder, context_text
from classifiers.model import TransformerClassifier
from classifiers.outputs import CRISIS, PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.phrases import phrase_hits
from classifiers.protocol import Message
from classifiers.training.frozen import first_window_vectors
from classifiers.training.labels import Example

FloatArray = NDArray[np.float64]


class Scorer(Protocol):
    """Ranks examples for one output; higher is more."""

    name: str

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray: ...


class ShippedModel:
    """The model as deployed, without phrase rules (those are measured apart)."""

    name = "shipped model"

    def __init__(self, classifier: TransformerClassifier) -> None:
        self._classifier = classifier
        self._known: dict[Message, dict[str, float]] = {}

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray:
        return np.array([self._all(example)[output] for example in examples])

    def _all(self, example: Example) -> dict[str, float]:
        key = example.message
        if key not in self._known:
            scores = self._classifier.scores(example.message)
            if example.message.role == "participant":
                levels = severity_probabilities(scores)
                scores |= {f"severity:{level.value}": levels[level] for level in levels}
                scores[CRISIS] = crisis_probability(scores)
            self._known[key] = scores
        return self._known[key]


class PhraseRules:
    """The safety net alone: the rank of the worst rule that fired."""

    name = "phrase rules"

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray:
        if output not in PARTICIPANT_OUTPUTS:
            return np.zeros(len(examples))
        return np.array([float(_worst_rank(example)) for example in examples])


class WordCounts:
    """TF-IDF rows of one role, each text counted once however many outputs are fitted on it."""

    def __init__(self, training: Sequence[Example]) -> None:
        self._counter: FeatureUnion = make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=3),
        )
        self._rows = csr_matrix(self._counter.fit_transform([_words(e) for e in training]))
        self._place = {example.message: number for number, example in enumerate(training)}

    def of(self, examples: Sequence[Example]) -> csr_matrix:
        new = list({e.message: e for e in examples if e.message not in self._place}.values())
        if new:
            first = self._rows.shape[0]
            counted = self._counter.transform([_words(example) for example in new])
            self._rows = vstack([self._rows, counted], format="csr")
            self._place |= {example.message: first + n for n, example in enumerate(new)}
        return self._rows[[self._place[example.message] for example in examples]]


class WordModel:
    """TF-IDF of words and letter runs with logistic regression."""

    name = "TF-IDF + logistic"

    def __init__(self, training: Sequence[Example]) -> None:
        self._training = training
        self._counts: dict[str, WordCounts] = {}
        self._fitted: dict[str, LogisticRegression] = {}

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray:
        counts = self._counts_of(_role(output))
        if output not in self._fitted:
            rows, truth, weights = labelled(self._training, output)
            model = LogisticRegression(C=10, max_iter=300, solver="liblinear", random_state=0)
            self._fitted[output] = model.fit(counts.of(rows), truth, sample_weight=weights)
        read = counts.of(examples)
        return np.asarray(self._fitted[output].decision_function(read), dtype=np.float64)

    def _counts_of(self, role: str) -> WordCounts:
        if role not in self._counts:
            self._counts[role] = WordCounts([e for e in self._training if e.message.role == role])
        return self._counts[role]


class VectorStore:
    """The base encoder's vectors, each computed once however many models are fitted on them."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[Message, NDArray[np.float32]] = {}

    def of(self, examples: Sequence[Example]) -> NDArray[np.float32]:
        for example in examples:
            if example.message not in self._known:
                row = first_window_vectors(self._encoder, [example])[0]
                self._known[example.message] = row
        return np.stack([self._known[example.message] for example in examples])


class FrozenEmbedding:
    """The base encoder, not fine-tuned, with logistic regression on its vectors."""

    name = "frozen embedding + logistic"

    def __init__(self, vectors: VectorStore, training: Sequence[Example]) -> None:
        self._vectors = vectors
        self._training = training
        self._fitted: dict[str, LogisticRegression] = {}

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray:
        if output not in self._fitted:
            self._fitted[output] = self._fit(output)
        logits = self._fitted[output].decision_function(self._vectors.of(examples))
        return np.asarray(logits, dtype=np.float64)

    def _fit(self, output: str) -> LogisticRegression:
        rows, truth, weights = labelled(self._training, output)
        model = LogisticRegression(C=1.0, max_iter=300)
        return model.fit(self._vectors.of(rows), truth, sample_weight=weights)


class Together:
    """Embedding and words side by side, their log-odds added: the shipped head on an encoder
    that was not fine-tuned."""

    name = "frozen embedding + words"

    def __init__(self, *members: Scorer) -> None:
        self._members = members

    def scores(self, examples: Sequence[Example], output: str) -> FloatArray:
        read = [member.scores(examples, output) for member in self._members]
        return np.asarray(np.sum(read, axis=0), dtype=np.float64)


def labelled(
    training: Sequence[Example], output: str
) -> tuple[list[Example], list[int], list[float]]:
    """The rows of the output's role that carry its label, with labels and weights."""
    column = _names(output).index(output)
    rows = [
        example
        for example in training
        if example.message.role == _role(output) and not np.isnan(example.targets[column])
    ]
    truth = [int(example.targets[column]) for example in rows]
    return rows, truth, [example.weight for example in rows]


def _names(output: str) -> tuple[str, ...]:
    return PARTICIPANT_OUTPUTS if output in PARTICIPANT_OUTPUTS else REPLY_OUTPUTS


def _role(output: str) -> str:
    return "participant" if output in PARTICIPANT_OUTPUTS else "bot"


def _words(example: Example) -> str:
    return f"{context_text(example.message.context, 2)} {example.message.text}"


def _worst_rank(example: Example) -> int:
    return max((hit.floor.rank for hit in phrase_hits(example.message.text)), default=0)

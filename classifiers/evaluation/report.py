"""Everything ``python -m classifiers evaluate`` prints, in the order of the model card."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.encoder import Encoder
from classifiers.evaluation.courses import course_lines
from classifiers.evaluation.faithfulness import measure_faithfulness
from classifiers.evaluation.leave_out import ScorersMaker, leave_one_out_lines
from classifiers.evaluation.measures import (
    auprc,
    auroc,
    calibration_by_chance,
    expected_calibration_error,
    reliability,
)
from classifiers.evaluation.personas import persona_lines
from classifiers.evaluation.scorers import (
    FrozenEmbedding,
    PhraseRules,
    Scorer,
    ShippedModel,
    Together,
    VectorStore,
    WordModel,
)
from classifiers.evaluation.sets import (
    Question,
    category_questions,
    flag_questions,
    participant_questions,
    questions_on,
    reply_questions,
    reply_slices,
    slices,
)
from classifiers.evaluation.table import FEWEST, question_lines, slice_lines
from classifiers.evaluation.workload import read_group, trial_group, workload_lines
from classifiers.first_stage import urgency
from classifiers.model import TransformerClassifier
from classifiers.outputs import CRISIS, HARM, LEVELS
from classifiers.protocol import Message, RiskAssessment
from classifiers.training import public
from classifiers.training.labels import Example, participant_example, reply_example
from classifiers.training.recipe import (
    everything_once,
    participant_split,
    reply_split,
)
from oversight.domain.severity import Severity, at_least

#: Left out unless asked for: it trains a dozen models.
LEAVE_ONE_OUT = "leave-one-source-out"


@dataclass(frozen=True, slots=True)
class Setting:
    """What an evaluation has at hand. Without ``base_encoder`` the frozen baseline is left out.

    ``parts`` names the sections wanted; none means all but ``LEAVE_ONE_OUT``. With
    ``short_models`` that section trains those in place of linear models.
    """

    classifier: TransformerClassifier
    public_folder: Path | None = None
    base_encoder: Encoder | None = None
    rounds: int = 200
    parts: frozenset[str] = frozenset()
    short_models: ScorersMaker | None = None
    trial_folder: Path | None = None
    left_out: frozenset[str] = frozenset()


Section = Callable[[Setting, ShippedModel], Iterator[str]]


def report_lines(setting: Setting) -> Iterator[str]:
    """The report as Markdown lines: every section, or those that were asked for."""
    shipped = ShippedModel(setting.classifier)
    yield f"# Evaluation of {setting.classifier.version}"
    yield "Every interval is a 95% bootstrap over scenarios."
    for name, section in SECTIONS.items():
        if name in setting.parts or (not setting.parts and name != LEAVE_ONE_OUT):
            yield from section(setting, shipped)


def _ranking(setting: Setting, shipped: ShippedModel) -> Iterator[str]:
    """Every question, the shipped model and every baseline, on the same rows."""
    questions = [
        *participant_questions(setting.public_folder),
        *reply_questions(setting.public_folder),
    ]
    scorers = [shipped, *_baselines(setting)]
    for question in questions:
        yield from question_lines(question, scorers, rounds=setting.rounds)


def _baselines(setting: Setting) -> list[Scorer]:
    training = everything_once(setting.public_folder)
    return [PhraseRules(), *_linear(setting)(training)]


def _linear(setting: Setting) -> ScorersMaker:
    """The baselines that learn: words, frozen embedding where there is one, and both together."""
    if setting.base_encoder is None:
        return lambda training: [WordModel(training)]
    vectors = VectorStore(setting.base_encoder)

    def make(training: Sequence[Example]) -> list[Scorer]:
        words, frozen = WordModel(training), FrozenEmbedding(vectors, training)
        return [words, frozen, Together(words, frozen)]

    return make


def _left_out(setting: Setting, _: ShippedModel) -> Iterator[str]:
    make = setting.short_models or _linear(setting)
    return leave_one_out_lines(
        make, setting.public_folder, rounds=setting.rounds, only=setting.left_out
    )


def _categories(_: Setting, shipped: ShippedModel) -> Iterator[str]:
    return _by_output("Categories", category_questions(), shipped)


def _flags(_: Setting, shipped: ShippedModel) -> Iterator[str]:
    return _by_output("Flags", flag_questions(), shipped)


def _by_output(title: str, questions: Sequence[Question], shipped: ShippedModel) -> Iterator[str]:
    yield f"\n## {title} on held-out scenarios"
    yield "| output | positive | AUROC | AUPRC |"
    yield "|---|---|---|---|"
    for question in questions:
        positives = int(question.truth.sum())
        if positives < FEWEST:
            yield f"| {question.name} | {positives} | too few | too few |"
            continue
        scores = shipped.scores(question.examples, question.output)
        area, precision = auroc(question.truth, scores), auprc(question.truth, scores)
        yield f"| {question.name} | {positives} | {area:.3f} | {precision:.3f} |"


def _slices(setting: Setting, shipped: ShippedModel) -> Iterator[str]:
    thresholds = setting.classifier.manifest.thresholds
    rows = participant_split("test")
    examples = [participant_example(row) for row in rows]
    for output in (CRISIS, "severity:L2", "severity:L3"):
        question = questions_on(examples, output, output)
        scores = shipped.scores(question.examples, output)
        yield f"\n## {output} by slice, at threshold {thresholds[output]}"
        yield from slice_lines(question, scores, slices(rows), thresholds[output])
    replies = reply_split("test")
    question = questions_on([reply_example(row) for row in replies], HARM, HARM)
    scores = shipped.scores(question.examples, HARM)
    yield f"\n## Reply harm by slice, at threshold {thresholds[HARM]}"
    yield from slice_lines(question, scores, reply_slices(replies), thresholds[HARM])


def _calibration(setting: Setting, shipped: ShippedModel) -> Iterator[str]:
    yield "\n## Calibration on held-out scenarios, messages in the languages that are scored"
    yield "| output | ECE (10 bins) | by chance: mean, 95% | share of texts: promised → observed |"
    yield "|---|---|---|---|"
    scored = setting.classifier.manifest.languages
    rows = [row for row in participant_split("test") if row.language in scored]
    messages = [participant_example(row) for row in rows]
    replies = [reply_example(row) for row in reply_split("test")]
    outputs: list[tuple[str, list[Example]]] = [(CRISIS, messages)]
    outputs += [(f"severity:{level.value}", messages) for level in LEVELS]
    outputs.append((HARM, replies))
    for output, examples in outputs:
        question = questions_on(examples, output, output)
        scores = shipped.scores(question.examples, output)
        error = expected_calibration_error(question.truth, scores)
        bins = "; ".join(
            f"{share:.2f}: {promised:.2f} → {observed:.2f}"
            for share, promised, observed in reliability(question.truth, scores)
        )
        mean, most = calibration_by_chance(scores)
        yield f"| {output} | {error:.3f} | {mean:.3f}, {most:.3f} | {bins} |"


def _decisions(setting: Setting, _: ShippedModel) -> Iterator[str]:
    """Levels as `assess` decides them, rules included, in the languages that are scored."""
    classifier = setting.classifier
    rows = [
        row for row in participant_split("test") if row.language in classifier.manifest.languages
    ]
    assessments = classifier.assess([row.message() for row in rows])
    everyday = classifier.assess(
        [Message(text, text, "participant") for text in _everyday(setting)]
    )
    ordinary = np.array([row.severity is Severity.L0 and row.stance == "none" for row in rows])
    yield "\n## Decided levels at the default thresholds, phrase rules included"
    yield f"{len(rows)} held-out messages; unscored (LU): {_share_unscored(assessments)}"
    yield (
        "| level | threshold | recall | of all | of harmless | of harmless, no risk words | of "
        + (f"{len(everyday)} everyday comments | precision |")
    )
    yield "|---" * 8 + "|"
    for floor in LEVELS:
        truth = np.array([at_least(row.severity, floor) for row in rows])
        harmless = np.array([row.severity is Severity.L0 for row in rows])
        flagged, elsewhere = _reaching(assessments, floor), _reaching(everyday, floor)
        threshold = classifier.manifest.thresholds[f"severity:{floor.value}"]
        yield (
            f"| {floor.value}+ | {threshold:.3f} | {_mean(flagged[truth])} ({truth.sum()}) | "
            f"{_mean(flagged)} | {_mean(flagged[harmless])} | {_mean(flagged[ordinary])} | "
            f"{_mean(elsewhere)} | {_mean(truth[flagged])} |"
        )
    authored = [row.severity for row in rows]
    decided = [found.severity for found in assessments]
    exact = np.mean([one is two for one, two in zip(authored, decided, strict=True)])
    yield f"- exact level {exact:.3f}; quadratic kappa {_kappa(authored, decided):.3f}"
    yield "\n### Every held-out message at L3 or L4 that was decided lower"
    for row, found in zip(rows, assessments, strict=True):
        if at_least(row.severity, Severity.L3) and not at_least(found.severity, Severity.L3):
            levels = f"{row.severity.value} decided {found.severity.value}"
            yield f"- {row.id}: {levels} ({row.register})"


def _workload(setting: Setting, _: ShippedModel) -> Iterator[str]:
    """What each set of thresholds finds and what it costs, phrase rules included."""
    classifier = setting.classifier
    rows = [
        row for row in participant_split("test") if row.language in classifier.manifest.languages
    ]
    groups = [
        read_group("held-out", [row.message() for row in rows], [r.severity for r in rows]),
        read_group("everyday", [Message(t, t, "participant") for t in _everyday(setting)], None),
    ]
    if setting.trial_folder is not None:
        groups.append(trial_group(setting.trial_folder))
    return workload_lines(classifier, groups)


def _reaching(assessments: Sequence[RiskAssessment], floor: Severity) -> NDArray[np.bool_]:
    return np.array([at_least(found.severity, floor) for found in assessments], dtype=bool)


def _share_unscored(assessments: Sequence[RiskAssessment]) -> str:
    return f"{sum(not found.scored for found in assessments)} of {len(assessments)}"


def _everyday(setting: Setting) -> list[str]:
    """Everyday comments that nothing was trained on."""
    if setting.public_folder is None:
        return []
    outside = public.participant_examples(setting.public_folder, split="test")
    return [example.message.text for example in outside if example.source == "everyday"]


def _kappa(authored: Sequence[Severity], decided: Sequence[Severity]) -> float:
    """Quadratic weighted kappa over levels 0–4 (Cohen 1968); LU counts as L2, as it is held."""
    numbers = {level: number for number, level in enumerate((Severity.L0, *LEVELS))}
    numbers[Severity.LU] = numbers[Severity.L2]
    observed = np.zeros((5, 5))
    for one, two in zip(authored, decided, strict=True):
        observed[numbers[one], numbers[two]] += 1
    gap = (np.arange(5)[:, None] - np.arange(5)[None, :]) ** 2
    expected = np.outer(observed.sum(1), observed.sum(0)) / observed.sum()
    return float(1 - (gap * observed).sum() / (gap * expected).sum())


def _first_look(setting: Setting, _: ShippedModel) -> Iterator[str]:
    rows = participant_split("test")
    urgent = np.array([urgency(row.text) for row in rows if at_least(row.severity, Severity.L3)])
    harmless = [row.text for row in rows if row.severity is Severity.L0 and row.stance == "none"]
    calm = {"harmless held-out messages": harmless, "everyday comments": _everyday(setting)}
    yield "\n## First look at receipt (orders the backlog only)"
    for name, texts in calm.items():
        scores = [urgency(text) for text in texts]
        for share in (0.05, 0.10, 0.20) if scores else ():
            ahead = urgent > np.quantile(scores, 1 - share)
            yield f"- {_mean(ahead)} of L3+ stand before all but {share:.0%} of {name}"


def _conversations(setting: Setting, _: ShippedModel) -> Iterator[str]:
    """False alarms by conversation: made of harmless turns, drawn from held-out rows."""
    rows = [
        row
        for row in participant_split("test")
        if row.severity is Severity.L0
        and row.stance == "none"
        and len(row.text) < 300
        and row.language in setting.classifier.manifest.languages
    ]
    levels = [found.severity for found in setting.classifier.assess([r.message() for r in rows])]
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, len(levels), (1_000, 15))
    yield f"\n## A thousand conversations of 15 harmless turns (drawn from {len(rows)} rows)"
    for floor in LEVELS:
        flagged = np.array([at_least(level, floor) for level in levels])
        yield (
            f"- {floor.value}+: {flagged.mean():.3f} of turns, "
            f"{flagged[drawn].any(axis=1).mean():.3f} of conversations with one such turn, "
            f"{(flagged[drawn].sum(axis=1) >= 2).mean():.3f} with two"
        )


def _courses(setting: Setting, _: ShippedModel) -> Iterator[str]:
    return course_lines(setting.classifier)


def _personas(setting: Setting, _: ShippedModel) -> Iterator[str]:
    return persona_lines(setting.classifier, setting.public_folder)


def _explanations(setting: Setting, _: ShippedModel) -> Iterator[str]:
    messages: list[Message] = [
        row.message()
        for row in participant_split("test")
        if at_least(row.severity, Severity.L2)
        and len(row.text.split()) >= 8
        and row.language in setting.classifier.manifest.languages
    ]
    found = measure_faithfulness(setting.classifier, messages, rounds=setting.rounds)
    yield "\n## Evidence spans"
    yield f"{found.texts} of {len(messages)} held-out texts at L2+; log-odds over the four levels"
    yield "| | shown span | random span of as many words | share of texts in favour of the shown |"
    yield "|---|---|---|---|"
    yield (
        f"| the score falls without it by | {found.shown_fall} | {found.random_fall} | "
        f"{found.falls_more} |"
    )
    yield (
        f"| the score falls to it alone by | {found.shown_left} | {found.random_left} | "
        f"{found.keeps_more} |"
    )


def _mean(values: NDArray[np.bool_]) -> str:
    return f"{values.mean():.3f}" if len(values) else "–"


SECTIONS: dict[str, Section] = {
    "ranking": _ranking,
    LEAVE_ONE_OUT: _left_out,
    "categories": _categories,
    "flags": _flags,
    "slices": _slices,
    "calibration": _calibration,
    "decisions": _decisions,
    "workload": _workload,
    "conversations": _conversations,
    "courses": _courses,
    "personas": _personas,
    "first-look": _first_look,
    "evidence": _explanations,
}

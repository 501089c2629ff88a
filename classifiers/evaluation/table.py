"""The table of the model card: every question, every scorer, with intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifiers.evaluation.measures import (
    BoolArray,
    Measure,
    Rows,
    auprc,
    auroc,
    bootstrapped,
    recall_at_specificity,
    resamples,
    workload_at_recall,
)
from classifiers.evaluation.scorers import Scorer
from classifiers.evaluation.sets import Question

MEASURES: dict[str, Measure] = {
    "AUROC": auroc,
    "AUPRC": auprc,
    "recall at 90% specificity": recall_at_specificity(0.90),
    "recall at 95% specificity": recall_at_specificity(0.95),
    "recall at 99% specificity": recall_at_specificity(0.99),
    "workload at 95% recall": workload_at_recall(0.95),
    "workload at 99% recall": workload_at_recall(0.99),
}
#: Fewer positives or negatives than this make a figure that misleads.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Threshold:
    """A decision level and what it is chosen for."""

    output: str
    value: float
    aim: str


def question_lines(question: Question, scorers: Sequence[Scorer], *, rounds: int) -> Iterator[str]:
    """One block: the question, its size, then one line a scorer and measure."""
    positives = int(question.truth.sum())
    yield f"\n## {question.name} (n {len(question.truth)}, positive {positives})"
    if min(positives, len(question.truth) - positives) < FEWEST:
        yield f"too few to say anything ({positives} positive)"
        return
    yield "| scorer | " + " | ".join(MEASURES) + " |"
    yield "|---" * (len(MEASURES) + 1) + "|"
    drawn = resamples(question.groups, rounds=rounds)
    for scorer in scorers:
        scores = scorer.scores(question.examples, question.output)
        cells = [_cell(measure, question.truth, scores, drawn) for measure in MEASURES.values()]
        yield f"| {scorer.name} | " + " | ".join(cells) + " |"


def _cell(
    measure: Measure, truth: BoolArray, scores: NDArray[np.float64], drawn: Sequence[Rows]
) -> str:
    return str(bootstrapped(lambda rows: measure(truth[rows], scores[rows]), len(truth), drawn))


def slice_lines(
    question: Question, scores: NDArray[np.float64], rows: dict[str, list[int]], threshold: float
) -> Iterator[str]:
    """AUROC, recall and false alarms by slice, at the default threshold."""
    yield "| slice | n | positive | AUROC | recall | flagged without risk |"
    yield "|---|---|---|---|---|---|"
    for name, numbers in rows.items():
        truth, mine = question.truth[numbers], scores[numbers]
        flagged = mine >= threshold
        recall = _share(flagged[truth])
        alarms = _share(flagged[~truth])
        ranked = f"{auroc(truth, mine):.3f}" if 0 < truth.sum() < len(truth) else "–"
        yield f"| {name} | {len(truth)} | {int(truth.sum())} | {ranked} | {recall} | {alarms} |"


def _share(flagged: NDArray[np.bool_]) -> str:
    return f"{flagged.mean():.3f} ({len(flagged)})" if len(flagged) else "–"

"""Leave one source out: does a model trained on all other sources rank this one?

A source is one family of the corpus's files (``en_risk``, ``en_safe``, ``es`` …) or one public
set. Run with linear models (word
features, and the frozen base encoder), which train in seconds: it shows how far the *data* carry
from one source to another, which is what no split by scenario can show.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from classifiers.evaluation.measures import auprc, auroc, recall_at_specificity
from classifiers.evaluation.scorers import Scorer
from classifiers.evaluation.sets import questions_on
from classifiers.outputs import CRISIS
from classifiers.training import public
from classifiers.training.corpus import participant_rows
from classifiers.training.labels import Example, participant_example

#: Builds a scorer from training examples.
ScorerMaker = Callable[[Sequence[Example]], Scorer]
_FEWEST = 15
#: Rows read of one source, so that no source outweighs the rest.
_MOST = 2_500
PUBLIC_SPLITS: tuple[public.PublicSplit, ...] = ("train", "test")


def leave_one_out_lines(makers: Sequence[ScorerMaker], public_folder: Path | None) -> Iterator[str]:
    """A Markdown table: one row a source and scorer, for suicide or self-harm at L1+."""
    by_source = _examples_by_source(public_folder)
    yield "\n## Leave one source out: suicide or self-harm, L1+"
    yield "| source left out | n | positive | scorer | AUROC | AUPRC | recall at 95% spec. |"
    yield "|---|---|---|---|---|---|---|"
    for source, examples in by_source.items():
        question = questions_on(examples, CRISIS, source)
        positives = int(question.truth.sum())
        if min(positives, len(question.truth) - positives) < _FEWEST:
            continue
        others = [e for name, rows in by_source.items() if name != source for e in rows]
        for make in makers:
            scorer = make(others)
            scores = scorer.scores(question.examples, CRISIS)
            figures = " | ".join(
                f"{measure(question.truth, scores):.3f}"
                for measure in (auroc, auprc, recall_at_specificity(0.95))
            )
            yield f"| {source} | {len(question.truth)} | {positives} | {scorer.name} | {figures} |"


def _examples_by_source(public_folder: Path | None) -> dict[str, list[Example]]:
    examples = [participant_example(row) for row in participant_rows()]
    if public_folder is not None:
        examples += [
            replace(example, weight=0.5)
            for split in PUBLIC_SPLITS
            for example in public.participant_examples(public_folder, split=split)
        ]
    by_source: dict[str, list[Example]] = {}
    for example in examples:
        mine = by_source.setdefault(_family(example.source), [])
        if len(mine) < _MOST:
            mine.append(example)
    return dict(sorted(by_source.items()))


def _family(source: str) -> str:
    """``en_risk_01_imminent`` and ``en_risk_02_high`` are one: ``en_risk``."""
    language, _, rest = source.partition("_")
    if len(language) > 2:
        return source
    kind = rest.split("_")[0]
    return language if not kind or kind.isdigit() else f"{language}_{kind}"

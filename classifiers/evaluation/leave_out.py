"""Leave one source out: how much worse is a source ranked by a model that never saw it?

A source is one family of the corpus's files (``en_risk``, ``en_safe``, ``es`` …) or one public
set. Each scorer is trained twice by the same recipe: on the training rows of every source, and
on those of every source but one. Both rank the held-out rows of that one (calibration and test
scenarios, or the public set's test part), so that the difference is what never having seen the
source costs. That is what no split by scenario can show.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.evaluation.measures import (
    Interval,
    auroc,
    bootstrapped,
    recall_at_specificity,
    resamples,
)
from classifiers.evaluation.scorers import Scorer
from classifiers.evaluation.sets import Question, questions_on
from classifiers.outputs import CRISIS, HARM
from classifiers.training import public
from classifiers.training.corpus import participant_rows, reply_rows, split_of
from classifiers.training.labels import Example, participant_example, reply_example

#: Builds scorers from training examples.
ScorersMaker = Callable[[Sequence[Example]], Sequence[Scorer]]
FloatArray = NDArray[np.float64]
_FEWEST = 15
#: Rows read of one public source, so that none outweighs the rest.
_MOST_PUBLIC = 500
_PUBLIC_WEIGHT = 0.5


@dataclass(slots=True)
class Source:
    """One source's rows to learn from and its rows to be measured on."""

    training: list[Example]
    held: list[Example]


def leave_one_out_lines(
    make: ScorersMaker,
    public_folder: Path | None,
    *,
    rounds: int,
    only: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Two Markdown tables: messages (suicide or self-harm at L1+), then replies (H2+).

    ``only`` names the sources to leave out, each in its turn; none means every source.
    """
    yield "\n## Leave one source out"
    for title, output, sources in (
        ("messages: suicide or self-harm, L1+", CRISIS, message_sources(public_folder)),
        ("replies: H2+", HARM, reply_sources(public_folder)),
    ):
        if only and not only & sources.keys():
            continue
        yield f"\n### {title}"
        yield (
            "| source left out | n | positive | scorer | AUROC, all sources | without this one | "
            "lost | recall at 95% specificity, all | without |"
        )
        yield "|---" * 9 + "|"
        yield from _source_lines(make, sources, output, rounds, only)


def _source_lines(
    make: ScorersMaker,
    sources: dict[str, Source],
    output: str,
    rounds: int,
    only: frozenset[str],
) -> Iterator[str]:
    everything = make([e for source in sources.values() for e in source.training])
    for name, source in sources.items():
        if only and name not in only:
            continue
        question = questions_on(source.held, output, name)
        positives = int(question.truth.sum())
        if min(positives, len(question.truth) - positives) < _FEWEST:
            continue
        others = make([e for other, s in sources.items() if other != name for e in s.training])
        for whole, without in zip(everything, others, strict=True):
            seen = whole.scores(question.examples, output)
            unseen = without.scores(question.examples, output)
            yield (
                f"| {name} | {len(question.truth)} | {positives} | {whole.name} | "
                + " | ".join(_cells(question, seen, unseen, rounds))
                + " |"
            )


def _cells(question: Question, seen: FloatArray, unseen: FloatArray, rounds: int) -> Iterator[str]:
    truth, recall = question.truth, recall_at_specificity(0.95)
    yield f"{auroc(truth, seen):.3f}"
    yield f"{auroc(truth, unseen):.3f}"
    yield str(lost(question, seen, unseen, rounds=rounds))
    yield f"{recall(truth, seen):.3f}"
    yield f"{recall(truth, unseen):.3f}"


def lost(question: Question, seen: FloatArray, unseen: FloatArray, *, rounds: int) -> Interval:
    """How much AUROC falls, with its interval over scenarios drawn for both alike."""
    truth = question.truth

    def fall(rows: NDArray[np.intp]) -> float:
        return auroc(truth[rows], seen[rows]) - auroc(truth[rows], unseen[rows])

    return bootstrapped(fall, len(truth), resamples(question.groups, rounds=rounds))


def message_sources(public_folder: Path | None) -> dict[str, Source]:
    """The corpus's families of files and, where there is a folder, the public sets."""
    found: dict[str, Source] = {}
    for row in participant_rows():
        _add(found, family(row.source), participant_example(row))
    if public_folder is not None:
        for split in _PUBLIC_SPLITS:
            read = public.participant_examples(public_folder, split=split)
            _add_public(found, read, split)
    return dict(sorted(found.items()))


def reply_sources(public_folder: Path | None) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for row in reply_rows():
        _add(found, family(row.source), reply_example(row))
    if public_folder is not None:
        for split in _PUBLIC_SPLITS:
            _add_public(found, public.reply_examples(public_folder, split=split), split)
    return dict(sorted(found.items()))


_PUBLIC_SPLITS: tuple[public.PublicSplit, ...] = ("train", "test")
#: Small or one-sided sources that are one kind of text and are left out together.
_TOGETHER = {
    "en_chat": "en_chat, en_talk",
    "en_talk": "en_chat, en_talk",
    "chat_pairs": "chat_pairs, talk_pairs",
    "talk_pairs": "chat_pairs, talk_pairs",
    "de": "other languages",
    "fr": "other languages",
    "pt": "other languages",
    "everyday": "public: requests for means, everyday comments",
    "means_requests": "public: requests for means, everyday comments",
    "rallypoint": "public: forum posts",
    "diasafety": "public: short bot replies",
}


def family(source: str) -> str:
    """``en_risk_01_imminent`` and ``en_risk_02_high`` are one: ``en_risk``."""
    first, _, rest = source.partition("_")
    kind = rest.split("_")[0]
    name = first if not kind or kind.isdigit() else f"{first}_{kind}"
    return _TOGETHER.get(source, _TOGETHER.get(name, name))


def _add(found: dict[str, Source], name: str, example: Example) -> None:
    source = found.setdefault(name, Source([], []))
    training = split_of(example.scenario) == "train"
    (source.training if training else source.held).append(example)


def _add_public(
    found: dict[str, Source], examples: Sequence[Example], split: public.PublicSplit
) -> None:
    taken: dict[str, int] = {}
    for example in examples:
        if taken.get(example.source, 0) >= _MOST_PUBLIC:
            continue
        taken[example.source] = taken.get(example.source, 0) + 1
        source = found.setdefault(family(example.source), Source([], []))
        rows = source.training if split == "train" else source.held
        rows.append(replace(example, weight=_PUBLIC_WEIGHT))

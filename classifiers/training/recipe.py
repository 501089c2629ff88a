"""What the model is shown in each epoch: the corpus, variations of it, and public data."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from classifiers.outputs import CRISIS, PARTICIPANT_OUTPUTS
from classifiers.protocol import Turn
from classifiers.training import public
from classifiers.training.augment import longer, misspelt, with_harmless_context
from classifiers.training.corpus import (
    ParticipantRow,
    ReplyRow,
    Split,
    participant_rows,
    reply_rows,
    split_of,
)
from classifiers.training.labels import Example, participant_example, reply_example
from oversight.domain.severity import Severity

#: Characters from which a text costs several short ones to train on.
_LONG = 450
_CLOSING = 99
_CRISIS_COLUMN = PARTICIPANT_OUTPUTS.index(CRISIS)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Shares and amounts an epoch. ``public_folder`` None means the corpus alone."""

    public_folder: Path | None = None
    everyday: int = 200
    forum_positives: int = 75
    forum_negatives: int = 75
    public_replies: int = 100
    longer_share: float = 0.08
    long_texts_share: float = 0.4
    replies_share: float = 0.4
    context_share: float = 0.15
    misspelt_share: float = 0.2
    #: Files of the corpus whose names hold the first join in at the pass that follows it.
    joining: tuple[tuple[str, int], ...] = (("chat_", 3), ("talk_", 5))
    #: Passes that show more public data and more replies (``_early``).
    early_passes: int = 3


def participant_split(split: Split) -> list[ParticipantRow]:
    return [row for row in participant_rows() if split_of(row.scenario) == split]


def reply_split(split: Split) -> list[ReplyRow]:
    return [row for row in reply_rows() if split_of(row.scenario) == split]


def epochs_of(recipe: Recipe) -> Callable[[int], Sequence[Example]]:
    """A function from epoch to its examples, the same for the same epoch."""
    rows = participant_split("train")
    harmless = [
        row.text
        for row in rows
        if row.severity is Severity.L0
        and row.stance == "none"
        and not any(name in row.source for name, _ in recipe.joining)
    ]
    everything = [participant_example(row) for row in rows]
    all_replies = [reply_example(row) for row in reply_split("train")]
    outside, outside_replies = _public(recipe)

    def examples(epoch: int) -> list[Example]:
        shares = _early(recipe) if epoch < recipe.early_passes else recipe
        generator = random.Random(1_000 + epoch)  # noqa: S311 - order of training, nothing secret
        authored = _present(everything, recipe, epoch)
        replies = _present(all_replies, recipe, epoch)
        chosen = _public_sample(outside, shares, generator)
        shown = [
            example
            for example in authored
            if len(example.message.text) < _LONG or generator.random() < shares.long_texts_share
        ]
        varied = [_varied(example, authored, harmless, shares, generator) for example in shown]
        answered = _scenario_sample(replies, shares.replies_share, generator)
        sampled = generator.sample(
            outside_replies, min(shares.public_replies, len(outside_replies))
        )
        return [*varied, *chosen, *answered, *sampled]

    return examples


def _early(recipe: Recipe) -> Recipe:
    return replace(
        recipe,
        everyday=400,
        forum_positives=150,
        forum_negatives=150,
        public_replies=150,
        long_texts_share=0.5,
        replies_share=0.5,
    )


def closing_examples(recipe: Recipe) -> list[Example]:
    """The last, short pass: much everyday talk beside two thirds of the corpus's scenarios."""
    shares = replace(
        recipe, everyday=2_400, forum_negatives=150, public_replies=50, long_texts_share=0.2,
        misspelt_share=0.1, joining=(), early_passes=0,
    )  # fmt: skip
    examples = epochs_of(shares)(_CLOSING)
    generator = random.Random(_CLOSING)  # noqa: S311 - order of training, nothing secret
    outside = [e for e in examples if e.source in public.PARTICIPANT_FILES]
    messages = [
        e
        for e in examples
        if e.message.role == "participant" and e.source not in public.PARTICIPANT_FILES
    ]
    replies = [e for e in examples if e.message.role == "bot"]
    return [
        *outside,
        *_scenario_sample(messages, 0.67, generator),
        *_scenario_sample(replies, 0.5, generator),
    ]


def everything_once(public_folder: Path | None) -> list[Example]:
    """Every authored row as it stands and a large share of the public ones, for linear models."""
    recipe = Recipe(
        public_folder=public_folder,
        everyday=1_000,
        forum_positives=441,
        forum_negatives=1_000,
        public_replies=1_000,
        longer_share=0.0,
        context_share=0.0,
        misspelt_share=0.0,
        long_texts_share=1.0,
        replies_share=1.0,
        joining=(),
        early_passes=0,
    )
    return list(epochs_of(recipe)(0))


def _present(examples: Sequence[Example], recipe: Recipe, epoch: int) -> list[Example]:
    absent = [name for name, first_pass in recipe.joining if epoch < first_pass]
    return [e for e in examples if not any(name in e.source for name in absent)]


def _public(recipe: Recipe) -> tuple[list[Example], list[Example]]:
    if recipe.public_folder is None:
        return [], []
    participants = public.participant_examples(recipe.public_folder, split="train")
    replies = public.reply_examples(recipe.public_folder, split="train")
    return (
        [replace(example, weight=0.5) for example in participants],
        [replace(example, weight=0.3) for example in replies],
    )


def _public_sample(
    examples: Sequence[Example], recipe: Recipe, generator: random.Random
) -> list[Example]:
    means = [example for example in examples if example.source == "means_requests"]
    posts = [
        example
        for example in examples
        if example.source == "rallypoint" and example.targets[_CRISIS_COLUMN] == 1
    ]
    everyday = [example for example in examples if example.source == "everyday"]
    forum = [
        example
        for example in examples
        if example.source == "rallypoint" and example.targets[_CRISIS_COLUMN] == 0
    ]
    return [
        *means,
        *generator.sample(posts, min(recipe.forum_positives, len(posts))),
        *generator.sample(everyday, min(recipe.everyday, len(everyday))),
        *generator.sample(forum, min(recipe.forum_negatives, len(forum))),
    ]


def _scenario_sample(
    examples: Sequence[Example], share: float, generator: random.Random
) -> list[Example]:
    """A share of the scenarios, each with all its rows, so that pairs stay together."""
    names = sorted({example.scenario for example in examples})
    kept = {name for name in names if generator.random() < share}
    return [example for example in examples if example.scenario in kept]


def _varied(
    example: Example,
    authored: Sequence[Example],
    harmless: Sequence[str],
    recipe: Recipe,
    generator: random.Random,
) -> Example:
    draw = generator.random()
    if draw < recipe.longer_share:
        return longer(example, generator.choice(authored), generator)
    draw -= recipe.longer_share
    if draw < recipe.context_share and not example.message.context and harmless:
        turns = (
            Turn("participant", generator.choice(harmless)),
            Turn("bot", "Thank you for telling me. What has the week been like?"),
        )
        return with_harmless_context(example, turns)
    draw -= recipe.context_share
    if draw < recipe.misspelt_share:
        return misspelt(example, generator)
    return example

"""Examples to batches of one role and similar length, scenarios kept together. Needs torch."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from classifiers.encoder import WINDOW_TOKENS, Tokens, Window
from classifiers.training.labels import Example

_TOKENS_A_BATCH = 1_600
_Row = tuple[Example, Window]


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs are ids, mask and segments; ``scenarios`` numbers the scenario of each row."""

    role: str
    inputs: tuple[torch.Tensor, ...]
    targets: torch.Tensor
    weights: torch.Tensor
    scenarios: torch.Tensor


def batches(
    examples: Sequence[Example], tokens: Tokens, epoch: int, *, message_tokens: int
) -> Iterator[Batch]:
    """All examples once, in an order fixed by ``epoch``; of a message its first tokens."""
    most = {"participant": message_tokens, "bot": WINDOW_TOKENS["bot"]}
    generator = random.Random(epoch)  # noqa: S311 - order of training, nothing secret
    groups: dict[tuple[str, str], list[_Row]] = {}
    for example in examples:
        key = (example.message.role, example.scenario)
        window = tokens.opening(example.message, most[example.message.role])
        groups.setdefault(key, []).append((example, window))
    packed: list[list[_Row]] = []
    for role in ("participant", "bot"):
        mine = [rows for (its_role, _), rows in groups.items() if its_role == role]
        generator.shuffle(mine)
        mine.sort(key=lambda rows: _longest(rows) // 4)
        packed += _packed(mine)
    generator.shuffle(packed)
    for rows in packed:
        yield _batch(rows)


def _longest(rows: Sequence[_Row]) -> int:
    return max(len(window.ids) for _, window in rows)


def _packed(groups: list[list[_Row]]) -> list[list[_Row]]:
    found: list[list[_Row]] = []
    current: list[_Row] = []
    for rows in groups:
        together = [*current, *rows]
        if current and len(together) * _longest(together) > _TOKENS_A_BATCH:
            found.append(current)
            together = rows
        current = together
    return [*found, current] if current else found


def _batch(rows: list[_Row]) -> Batch:
    longest = _longest(rows)
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    segments, mask = np.zeros_like(ids), np.zeros_like(ids)
    for number, (_, window) in enumerate(rows):
        ids[number, : len(window.ids)] = window.ids
        segments[number, : len(window.ids)] = window.segments
        mask[number, : len(window.ids)] = 1
    names = {example.scenario: number for number, (example, _) in enumerate(rows)}
    return Batch(
        role=rows[0][0].message.role,
        inputs=tuple(torch.from_numpy(array) for array in (ids, mask, segments)),
        targets=torch.from_numpy(np.stack([example.targets for example, _ in rows])),
        weights=torch.tensor([example.weight for example, _ in rows]),
        scenarios=torch.tensor([names[example.scenario] for example, _ in rows]),
    )

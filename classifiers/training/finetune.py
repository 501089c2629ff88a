"""Fine-tunes the shared encoder on both tasks at once. Needs torch.

Binary cross-entropy on every labelled output of either role; unlabelled outputs (NaN) are left
out. Rows of one scenario share a batch, so that a minimal pair differs in what decides and in
nothing else. Weights are averaged over the last
quarter of the run.
"""

import copy
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from classifiers.encoder import Tokens, Window
from classifiers.heads import Head
from classifiers.outputs import PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.training.export import PooledEncoder, base_encoder, base_folder
from classifiers.training.labels import Example

OUTPUTS = {"participant": PARTICIPANT_OUTPUTS, "bot": REPLY_OUTPUTS}
WIDTH = 768
_TOKENS_A_BATCH = 1_800


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to train."""

    epochs: int = 7
    encoder_rate: float = 3e-4
    head_rate: float = 2e-3
    dropout: float = 0.1
    warm_up: float = 0.06
    seed: int = 7
    threads: int = 2
    frozen_layers: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """A fine-tuned encoder with one uncalibrated head a role."""

    encoder: PooledEncoder
    participant: Head
    reply: Head


class _Network(torch.nn.Module):  # type: ignore[misc]  # torch is no dependency here
    def __init__(self, dropout: float, frozen_layers: int) -> None:
        super().__init__()
        self.encoder = base_encoder()
        self.dropout = torch.nn.Dropout(dropout)
        self.heads = torch.nn.ModuleDict(
            {role: torch.nn.Linear(WIDTH, len(names)) for role, names in OUTPUTS.items()}
        )
        model = self.encoder.encoder
        frozen = [model.embeddings, *model.encoder.layer[:frozen_layers]] if frozen_layers else []
        for part in frozen:
            for parameter in part.parameters():
                parameter.requires_grad_(requires_grad=False)

    def forward(self, role: str, *inputs: torch.Tensor) -> torch.Tensor:
        return self.heads[role](self.dropout(self.encoder(*inputs)))


def fine_tune(
    epoch_examples: Callable[[int], Sequence[Example]],
    schedule: Schedule,
    *,
    report: Callable[[str], None],
) -> Trained:
    """Train on what ``epoch_examples(epoch)`` returns, epoch by epoch."""
    torch.manual_seed(schedule.seed)
    torch.set_num_threads(schedule.threads)
    tokens = Tokens(base_folder() / "tokenizer.json")
    network = _Network(schedule.dropout, schedule.frozen_layers)
    average, averaged = copy.deepcopy(network), 0
    optimiser = _optimiser(network, schedule)
    total = sum(1 for _ in _batches(epoch_examples(0), tokens, 0)) * schedule.epochs
    step, started = 0, time.monotonic()
    for epoch in range(schedule.epochs):
        losses: list[float] = []
        for role, inputs, targets, weights in _batches(epoch_examples(epoch), tokens, epoch):
            _set_rate(optimiser, _rate(step / max(total, 1), schedule.warm_up))
            losses.append(_step(network, optimiser, role, inputs, targets, weights))
            step += 1
            if step * 4 > total * 3 and step % 10 == 0:
                averaged += 1
                _average_in(average, network, averaged)
        minutes = (time.monotonic() - started) / 60
        report(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {minutes:.1f} min")
    return _trained(average)


def _optimiser(network: _Network, schedule: Schedule) -> torch.optim.Optimizer:
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    groups = [
        {"params": encoder, "lr": schedule.encoder_rate, "base": schedule.encoder_rate},
        {
            "params": list(network.heads.parameters()),
            "lr": schedule.head_rate,
            "base": schedule.head_rate,
        },
    ]
    return torch.optim.AdamW(groups, weight_decay=0.01)


def _rate(progress: float, warm_up: float) -> float:
    """Share of the full rate: a linear rise, then a linear fall."""
    if progress < warm_up:
        return progress / warm_up
    return max(0.02, (1.0 - progress) / (1.0 - warm_up))


def _set_rate(optimiser: torch.optim.Optimizer, share: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = group["base"] * share


def _step(
    network: _Network,
    optimiser: torch.optim.Optimizer,
    role: str,
    inputs: tuple[torch.Tensor, ...],
    targets: torch.Tensor,
    weights: torch.Tensor,
) -> float:
    network.train()
    known = ~torch.isnan(targets)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        network(role, *inputs), torch.nan_to_num(targets), reduction="none"
    )
    share = known * weights.unsqueeze(1)
    # Summed over outputs, not averaged: each output learns as fast as if it were alone.
    mean = (loss * share).sum() / len(targets) / 6.0
    optimiser.zero_grad()
    mean.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(mean.detach())


def _average_in(average: _Network, network: _Network, count: int) -> None:
    with torch.no_grad():
        for mean, current in zip(average.parameters(), network.parameters(), strict=True):
            if count == 1:
                mean.copy_(current)
            else:
                mean += (current - mean) / count


def _batches(
    examples: Sequence[Example], tokens: Tokens, epoch: int
) -> Iterator[tuple[str, tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]]:
    """Batches of one role and similar length, scenarios kept together, in random order."""
    generator = random.Random(epoch)  # noqa: S311 - order of training, nothing secret
    groups: dict[tuple[str, str], list[tuple[Example, Window]]] = {}
    for example in examples:
        window = tokens.windows(example.message)[0]
        key = (example.message.role, example.scenario)
        groups.setdefault(key, []).append((example, window))
    batches: list[list[tuple[Example, Window]]] = []
    for role in OUTPUTS:
        mine = [rows for (group_role, _), rows in groups.items() if group_role == role]
        generator.shuffle(mine)
        mine.sort(key=lambda rows: round(max(len(window.ids) for _, window in rows), -1))
        batches += _packed(mine)
    generator.shuffle(batches)
    for batch in batches:
        yield _tensors(batch)


def _packed(groups: list[list[tuple[Example, Window]]]) -> list[list[tuple[Example, Window]]]:
    batches: list[list[tuple[Example, Window]]] = []
    current: list[tuple[Example, Window]] = []
    for rows in groups:
        longest = max(len(window.ids) for _, window in [*current, *rows])
        if current and (len(current) + len(rows)) * longest > _TOKENS_A_BATCH:
            batches.append(current)
            current = []
        current = current + rows
    return [*batches, current] if current else batches


def _tensors(
    batch: list[tuple[Example, Window]],
) -> tuple[str, tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]:
    longest = max(len(window.ids) for _, window in batch)
    ids = np.zeros((len(batch), longest), dtype=np.int64)
    segments, mask = np.zeros_like(ids), np.zeros_like(ids)
    for row, (_, window) in enumerate(batch):
        ids[row, : len(window.ids)] = window.ids
        segments[row, : len(window.ids)] = window.segments
        mask[row, : len(window.ids)] = 1
    inputs = tuple(torch.from_numpy(array) for array in (ids, mask, segments))
    targets = torch.from_numpy(np.stack([example.targets for example, _ in batch]))
    weights = torch.tensor([example.weight for example, _ in batch])
    return batch[0][0].message.role, inputs, targets, weights


def _trained(network: _Network) -> Trained:
    return Trained(
        encoder=network.encoder,
        participant=_head(network.heads["participant"], PARTICIPANT_OUTPUTS),
        reply=_head(network.heads["bot"], REPLY_OUTPUTS),
    )


def _head(linear: Any, names: Sequence[str]) -> Head:  # torch.nn.Linear without torch's types
    weights: NDArray[np.float32] = linear.weight.detach().numpy().copy()
    ones = np.ones(len(names), dtype=np.float32)
    return Head(tuple(names), weights, linear.bias.detach().numpy().copy(), ones, ones * 0)


def save_torch(trained: Trained, path: Path) -> None:
    """Keep the encoder's full-precision weights outside the repository."""
    torch.save(trained.encoder.state_dict(), path)

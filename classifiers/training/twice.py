"""``python -m classifiers.training.twice``: two short runs with one seed make the same weights.

The recipe itself, cut to two passes over a few hundred authored texts. Exit status 1 when the
weights differ in any bit. Needs torch (requirements-train.txt); minutes on one core.
"""

import hashlib
import sys

import torch

from classifiers.training.finetune import Schedule, Trained, fine_tune
from classifiers.training.labels import Example
from classifiers.training.recipe import Recipe, closing_examples, epochs_of

_EVERY = 12
_SCHEDULE = Schedule(passes=2, falling=1, rising_steps=5)


def main() -> int:
    """Train twice, print both digests, compare."""
    first, second = _digest(_short_run()), _digest(_short_run())
    sys.stdout.write(f"first  {first}\nsecond {second}\n")
    return 0 if first == second else 1


def _short_run() -> Trained:
    recipe = Recipe()
    examples_of = epochs_of(recipe)

    def some(number: int) -> list[Example]:
        return list(examples_of(number))[::_EVERY]

    closing = closing_examples(recipe)[::_EVERY]
    return fine_tune(some, closing, _SCHEDULE, report=_say)


def _digest(made: Trained) -> str:
    """SHA-256 over every weight of the encoder and both heads."""
    digest = hashlib.sha256()
    for name, values in sorted(made.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.to(torch.float32).numpy().tobytes())
    for head in (made.participant, made.reply):
        digest.update(head.weights.tobytes())
        digest.update(head.bias.tobytes())
    return digest.hexdigest()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main())

"""``python -m benchmarks.classifier``: one message, a drain, and memory, on one thread.

The last line is one JSON object: ``p50_ms`` (one message of 40 tokens, assessed whole: rules,
language, encoder, heads, combination), ``drain_ratio`` (messages a second of ``assess`` over
those of tokenizer and encoder alone on the same texts (CPU time, median of interleaved rounds)
and ``rss_mb`` (resident memory of a process that has loaded and warmed the classifier).
"""

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from classifiers.load import load_classifier
from classifiers.model import TransformerClassifier
from classifiers.protocol import Message

_ROUNDS = 7
_MESSAGES = 120
_SENTENCES = (
    "i have been feeling low since we talked work is too much and sleep does not come my sister "
    "called again today the garden helps a bit but the evenings are long what should we try next"
)
_WORDS = tuple(_SENTENCES.split())
_MEMORY_PROBE = (
    "import psutil; from classifiers.load import load_classifier; load_classifier(); "
    "print(psutil.Process().memory_info().rss)"
)


def texts_of(lengths: list[int], *, seed: int) -> list[str]:
    generator = random.Random(seed)
    return [" ".join(generator.choices(_WORDS, k=length)) for length in lengths]


def one_message_ms(classifier: TransformerClassifier) -> float:
    """Median time to assess one message of about 40 tokens, wall clock."""
    message = Message("m", " ".join((_WORDS * 2)[:38]))
    return 1_000 * statistics.median(
        timed(lambda: classifier.assess([message]), time.perf_counter) for _ in range(100)
    )


def drain_ratios(classifier: TransformerClassifier) -> list[float]:
    """``assess`` against the bare encoder, same texts in the same order, round by round."""
    generator = random.Random(1)
    lengths = sorted(generator.choices([4, 9, 16, 30, 60], k=_MESSAGES))
    batch = [Message(str(n), text) for n, text in enumerate(texts_of(lengths, seed=2))]
    ratios = []
    for _ in range(_ROUNDS):
        bare = timed(lambda: bare_encoder(classifier, batch), time.process_time)
        whole = timed(lambda: classifier.assess(batch), time.process_time)
        ratios.append(bare / whole)
    return ratios


def bare_encoder(classifier: TransformerClassifier, batch: list[Message]) -> None:
    """Tokens and vectors, nothing else: what no scorer on this encoder can beat."""
    for message in batch:
        classifier.encoder.vectors(classifier.encoder.windows(message))


def timed(action: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    action()
    return clock() - started


def resident_mb() -> float:
    """Memory of a fresh process holding one warm classifier."""
    shown = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROBE], check=True, capture_output=True, text=True
    )
    return int(shown.stdout) / 1e6


def main() -> None:
    classifier = load_classifier()
    assert isinstance(classifier, TransformerClassifier)
    ratios = drain_ratios(classifier)
    result = {
        "p50_ms": round(one_message_ms(classifier), 2),
        "drain_ratio": round(statistics.median(ratios), 3),
        "drain_ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "rss_mb": round(resident_mb(), 1),
        "rounds": _ROUNDS,
        "model_version": classifier.version,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

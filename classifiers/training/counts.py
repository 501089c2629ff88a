"""What the corpus holds, counted for the datasheet and the model card."""

from collections import Counter
from collections.abc import Iterable, Iterator

from classifiers.training.corpus import corpus_digest, participant_rows, reply_rows, split_of


def count_lines() -> Iterator[str]:
    """Counts as Markdown lines."""
    messages, replies = participant_rows(), reply_rows()
    yield f"Corpus digest {corpus_digest()[:16]}"
    scenarios = len({row.scenario for row in messages})
    yield f"- participant messages: {len(messages)} in {scenarios} scenarios"
    yield _counts("severity", (row.severity.value for row in messages))
    yield _counts("stance", (row.stance for row in messages))
    yield _counts("category", (c.value for row in messages for c in row.categories))
    yield _counts("subject", (row.subject for row in messages))
    yield _counts("register", (row.register for row in messages))
    yield _counts("language", (row.language for row in messages))
    yield _counts("context", ("with" if row.context else "without" for row in messages))
    yield _counts("split", (split_of(row.scenario) for row in messages))
    scenarios = len({row.scenario for row in replies})
    yield f"- replies: {len(replies)} in {scenarios} scenarios"
    yield _counts("flag", (f.value for row in replies for f in row.flags or ()))
    yield f"  - good replies: {sum(not row.flags for row in replies)}"
    yield _counts("language", (row.language for row in replies))
    yield _counts("split", (split_of(row.scenario) for row in replies))


def _counts(title: str, values: Iterable[str]) -> str:
    counted = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    return f"  - {title}: " + ", ".join(f"{name} {count}" for name, count in counted)

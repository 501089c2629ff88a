"""Public data, read from a folder outside the repository; none of it is ever committed.

Each file's digest is checked, so that a rebuilt model is built from what the card names.
Unlabelled rows (null) are never read as negatives.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from classifiers.outputs import CRISIS, HARM, PARTICIPANT_OUTPUTS, REPLY_OUTPUTS
from classifiers.protocol import Message, Turn
from classifiers.training.labels import Example, partial_targets
from oversight.domain.severity import Category

DIGESTS_FILE = Path(__file__).with_name("public_digests.json")
#: What each participant file says about its positives; see the model card for its noise.
PARTICIPANT_FILES = {
    "rallypoint": ("participant/rallypoint_train.jsonl.gz", "participant/rallypoint_test.jsonl.gz"),
    "everyday": ("participant/goemotions_everyday.jsonl.gz",),
    "means_requests": (
        "participant/ailuminate_self_harm.jsonl.gz",
        "participant/simplesafetytests_self_harm.jsonl.gz",
    ),
}
#: Trained on: only the two kinds of harm that our flags know. Measured on: its own test split.
DIASAFETY = "reply/diasafety.jsonl.gz"
DIASAFETY_CATEGORIES = frozenset({"Risk Ignorance", "Unauthorized Expertise"})
#: Measured on, never trained on.
OUTSIDE_REPLY_FILES = {
    "llms_as_therapists": "reply/llms_as_therapists.jsonl.gz",
    "spiral": "reply/spiral_bench.jsonl.gz",
    "schizobench": "reply/schizobench_sample.jsonl.gz",
}
#: Simulated conversations whose turns nobody labelled: a persona's risk is all that is known.
CONVERSATIONS_FILE = "conversations/vera_mh.jsonl.gz"

#: Read for their words alone: the fine-tuned model, not a person, says how urgent they are.
UNLABELLED_FILES = (
    "participant/dreaddit_stress.jsonl.gz",
    "participant/counselchat_questions.jsonl.gz",
)
_CHARACTERS_READ = 600

#: ``spiral:BOT-ec05-0-1`` and ``schizobench:BOT-v3_20t_healing-14``: the script in the middle.
_SCRIPT = re.compile(r"^(?:spiral|schizobench):.*-((?:v\d+_\d+t_\w+)|(?:[a-z]+\d+))-[\d-]+$")

PublicSplit = Literal["train", "test"]


class PublicDataChanged(Exception):
    """A public file is not the one the model card names."""


def participant_examples(folder: Path, *, split: PublicSplit) -> list[Example]:
    """Crisis labels of forum posts, everyday comments and requests for means.

    Only labelled rows. The forum's own test file and a fixed fifth of the others are never
    trained on.
    """
    return [
        _participant(source, row)
        for source, files in PARTICIPANT_FILES.items()
        for name in files
        for row in _rows(folder, name)
        if row["crisis"] is not None and _public_split(source, row["id"]) == split
    ]


def reply_examples(folder: Path, *, split: PublicSplit) -> list[Example]:
    """Harmful-or-not labels of short bot replies in context."""
    return [
        _reply("diasafety", row)
        for row in _rows(folder, DIASAFETY)
        if row["category"] in DIASAFETY_CATEGORIES and row["split"] == split
    ]


def outside_reply_examples(folder: Path) -> list[Example]:
    """Labelled replies of sources that no model of ours was trained on."""
    return [
        _reply(source, row)
        for source, name in OUTSIDE_REPLY_FILES.items()
        for row in _rows(folder, name)
        if row["harmful"] is not None
    ]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One simulated conversation: the persona's name and its exchanges (message, reply)."""

    persona: str
    exchanges: tuple[tuple[str, str], ...]


def conversations(folder: Path) -> list[Conversation]:
    """Simulated conversations, in the order of the file."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(folder, CONVERSATIONS_FILE):
        found.setdefault(row["conversation_id"], []).append(row)
    return [
        Conversation(rows[0]["persona"], tuple((row["message"], row["reply"]) for row in rows))
        for rows in found.values()
    ]


def _public_split(source: str, identity: str) -> PublicSplit:
    if source == "rallypoint":
        return "test" if identity.startswith("rallypoint_test") else "train"
    bucket = int(hashlib.sha256(identity.encode()).hexdigest()[:8], 16) % 5
    return "test" if bucket == 0 else "train"


def everyday_texts(folder: Path) -> list[str]:
    """Everyday comments that may be trained on."""
    return [
        row["text"]
        for name in PARTICIPANT_FILES["everyday"]
        for row in _rows(folder, name)
        if _public_split("everyday", row["id"]) == "train"
    ]


def unlabelled_texts(folder: Path) -> list[str]:
    """Everyday comments that may be trained on, stressed posts and questions to counsellors."""
    others = [row["text"] for name in UNLABELLED_FILES for row in _rows(folder, name)]
    return [text[:_CHARACTERS_READ] for text in [*everyday_texts(folder), *others]]


def _participant(source: str, row: dict[str, Any]) -> Example:
    crisis = float(row["crisis"])
    known = {CRISIS: crisis, "severity:L1": crisis}
    if not crisis:
        known |= {"severity:L2": 0.0, "severity:L3": 0.0, "severity:L4": 0.0}
        known |= {
            f"category:{name.value}": 0.0 for name in (Category.SUICIDE, Category.SELF_INJURY)
        }
    if source == "everyday":
        known |= {name: 0.0 for name in PARTICIPANT_OUTPUTS if name.startswith("category:")}
    message = Message(row["id"], row["text"], "participant")
    targets = partial_targets(PARTICIPANT_OUTPUTS, known)
    return Example(message, targets, 1.0, source, row["id"])


def _reply(source: str, row: dict[str, Any]) -> Example:
    context = tuple(
        Turn("participant" if turn["role"] == "user" else "bot", turn["text"])
        for turn in row["context"]
    )
    message = Message(row["id"], row["text"], "bot", context)
    targets = partial_targets(REPLY_OUTPUTS, {HARM: float(row["harmful"])})
    return Example(message, targets, 1.0, source, script_of(row["id"]) or _first_text(row))


def script_of(identity: str) -> str | None:
    """The script of a chat that many bots were led through: its rows stand or fall together."""
    found = _SCRIPT.search(identity)
    return found.group(1) if found else None


def _first_text(row: dict[str, Any]) -> str:
    return str(row["context"][0]["text"] if row["context"] else row["id"])


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = folder / name
    check_digest(path, name)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def check_digest(path: Path, name: str) -> None:
    """Refuse a file that differs from the one the card names."""
    expected: dict[str, str] = json.loads(DIGESTS_FILE.read_text("utf-8"))
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected.get(name) != actual:
        raise PublicDataChanged(f"{name}: digest {actual} is not the one the model card names")

"""The authored corpus: reading it, checking it, splitting it by scenario."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from classifiers.outputs import STANCES
from classifiers.protocol import Message, Role, Turn
from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity

CORPUS = Path(__file__).parents[1] / "corpus"
SUBJECTS = frozenset({"self", "other", "none"})
Split = Literal["train", "calibrate", "test"]


class CorpusError(ValueError):
    """A row that does not say what the datasheet says rows say; names file and line."""


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One authored participant message with the level a clinician would give it."""

    id: str
    scenario: str
    text: str
    context: tuple[Turn, ...]
    severity: Severity
    categories: tuple[Category, ...]
    stance: str
    subject: str
    register: str
    language: str
    source: str

    def message(self) -> Message:
        return Message(self.id, self.text, "participant", self.context, self.language)


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One authored bot reply to a conversation, with its flags; none means a good reply."""

    id: str
    scenario: str
    text: str
    context: tuple[Turn, ...]
    flags: tuple[Flag, ...]
    language: str
    source: str

    def message(self) -> Message:
        return Message(self.id, self.text, "bot", self.context, self.language)


def participant_rows(folder: Path = CORPUS) -> list[ParticipantRow]:
    """All participant rows, in file and line order."""
    return [_participant(row, where) for where, row in _rows(folder / "participant")]


def reply_rows(folder: Path = CORPUS) -> list[ReplyRow]:
    return [_reply(row, where) for where, row in _rows(folder / "replies")]


def split_of(scenario: str) -> Split:
    """Where a scenario belongs: 70% train, 15% calibrate, 15% test, fixed by its name for ever."""
    bucket = int(hashlib.sha256(scenario.encode()).hexdigest()[:8], 16) % 100
    if bucket < 70:
        return "train"
    return "calibrate" if bucket < 85 else "test"


def corpus_digest(folder: Path = CORPUS) -> str:
    """SHA-256 over every corpus file, in order of path."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.jsonl")):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def duplicate_texts(rows: Iterable[ParticipantRow]) -> list[tuple[str, str]]:
    """Pairs of row ids with the same text and context but in different scenarios."""
    seen: dict[tuple[str, tuple[Turn, ...]], ParticipantRow] = {}
    pairs: list[tuple[str, str]] = []
    for row in rows:
        key = (" ".join(row.text.lower().split()), row.context)
        first = seen.setdefault(key, row)
        if first is not row and first.scenario != row.scenario:
            pairs.append((first.id, row.id))
    return pairs


def repeated_ids(rows: Iterable[ParticipantRow | ReplyRow]) -> list[str]:
    seen: set[str] = set()
    repeated = []
    for row in rows:
        if row.id in seen:
            repeated.append(row.id)
        seen.add(row.id)
    return repeated


def _rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            where = f"{path.name}:{number}"
            if not line.strip():
                continue
            try:
                yield where, json.loads(line)
            except json.JSONDecodeError as error:
                raise CorpusError(f"{where}: not JSON ({error.msg})") from error


def _participant(row: dict[str, Any], where: str) -> ParticipantRow:
    try:
        if row["stance"] not in STANCES or row["subject"] not in SUBJECTS:
            raise CorpusError(f"{where}: unknown stance or subject")
        return ParticipantRow(
            id=row["id"],
            scenario=row["scenario"],
            text=row["text"],
            context=_turns(row["context"] or []),
            severity=Severity(row["severity"]),
            categories=tuple(Category(name) for name in row["categories"]),
            stance=row["stance"],
            subject=row["subject"],
            register=row["register"],
            language=row["language"],
            source=where.split(":")[0].removesuffix(".jsonl"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where}: {error}") from error


def _reply(row: dict[str, Any], where: str) -> ReplyRow:
    try:
        return ReplyRow(
            id=row["id"],
            scenario=row["scenario"],
            text=row["reply"],
            context=_turns(row["context"] or []),
            flags=tuple(Flag(name) for name in row["flags"]),
            language=row["language"],
            source=where.split(":")[0].removesuffix(".jsonl"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where}: {error}") from error


def _turns(turns: list[dict[str, str]]) -> tuple[Turn, ...]:
    return tuple(Turn(_role(turn["role"]), turn["text"]) for turn in turns)


def _role(name: str) -> Role:
    if name == "participant":
        return "participant"
    if name == "bot":
        return "bot"
    raise ValueError(f"unknown role {name!r}")

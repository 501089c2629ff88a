"""Reads replay files: JSON lines, plain or gzip, told apart by their first bytes.

A line is `{conversation_id, turn, participant:{id,…}, message, reply|null}`; further fields are
ignored. A line that cannot be played is kept with its number and the reason, and the rest is played
without it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from oversight.client import Participant

_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_EXTERNAL_ID = 128
_PARTICIPANT_FIELDS = ("language", "jurisdiction", "arm", "timezone")


class BadLineError(ValueError):
    """Says, fit for an operator, why one line cannot be played; never quotes what was written."""


@dataclass(frozen=True)
class ReplayTurn:
    """One line of the file. `line` counts from 1; without a reply the bot stayed silent."""

    line: int
    conversation_id: str
    turn: int
    participant: Participant
    message: str
    reply: str | None

    @property
    def has_draft(self) -> bool:
        """An empty reply is a silent bot: the gateway would refuse it, and with it the message."""
        return self.reply is not None and self.reply.strip() != ""

    def external_ids(self, file_digest: str) -> tuple[str, str]:
        """Of message and reply; the same file played again gives the same ones."""
        conversation = self.conversation_id
        if len(conversation) > _LONGEST_EXTERNAL_ID - 48:
            conversation = hashlib.sha256(conversation.encode("utf-8", "replace")).hexdigest()[:32]
        stem = f"replay:{file_digest[:12]}:{conversation}:{self.turn}"
        return f"{stem}:message", f"{stem}:reply"


@dataclass
class ReplayFile:
    """`digest` is of the unpacked lines, so a file and its gzip are one replay."""

    digest: str
    lines: int
    turns: list[ReplayTurn] = field(default_factory=list)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)

    def by_conversation(self) -> dict[str, list[ReplayTurn]]:
        conversations: dict[str, list[ReplayTurn]] = {}
        for turn in self.turns:
            conversations.setdefault(turn.conversation_id, []).append(turn)
        return conversations


def read_replay_file(path: Path) -> ReplayFile:
    """Raises OSError when the file cannot be opened at all."""
    digest = hashlib.sha256()
    file = ReplayFile(digest="", lines=0)
    last_turns: dict[str, int] = {}
    with path.open("rb") as packed:
        for raw in _lines(packed, file):
            file.lines += 1
            digest.update(raw)
            if not raw.strip():
                continue
            try:
                turn = _turn(raw, file.lines)
                _check_order(turn, last_turns)
            except BadLineError as error:
                file.bad_lines.append((file.lines, str(error)))
                continue
            last_turns[turn.conversation_id] = turn.turn
            file.turns.append(turn)
    file.digest = digest.hexdigest()
    return file


def _lines(packed: IO[bytes], file: ReplayFile) -> Iterator[bytes]:
    is_gzip = packed.read(2) == _GZIP_MAGIC
    packed.seek(0)
    try:
        yield from gzip.GzipFile(fileobj=packed) if is_gzip else packed
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        file.bad_lines.append((file.lines + 1, f"the file cannot be read further: {error}"))


def _turn(raw: bytes, line: int) -> ReplayTurn:
    try:
        row = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadLineError("is not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise BadLineError("is not JSON") from None
    if not isinstance(row, dict):
        raise BadLineError("is not a JSON object")
    reply = row.get("reply")
    return ReplayTurn(
        line=line,
        conversation_id=_text(row, "conversation_id"),
        turn=_turn_number(row),
        participant=_participant(row.get("participant")),
        message=_text(row, "message"),
        reply=None if reply is None else _text(row, "reply"),
    )


def _check_order(turn: ReplayTurn, last_turns: dict[str, int]) -> None:
    last = last_turns.get(turn.conversation_id)
    if last is not None and turn.turn <= last:
        raise BadLineError(f"turn {turn.turn} comes after turn {last} of the same conversation")


def _turn_number(row: dict[str, Any]) -> int:
    number = row.get("turn")
    if not isinstance(number, int) or isinstance(number, bool):
        raise BadLineError("turn is not a whole number")
    return number


def _participant(value: object) -> Participant:
    if not isinstance(value, dict):
        raise BadLineError("participant is not an object with an id")
    known = {name: _text(value, name) for name in _PARTICIPANT_FIELDS if value.get(name)}
    return Participant(id=_text(value, "id", of="participant."), **known)


def _text(row: dict[str, Any], name: str, *, of: str = "") -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise BadLineError(f"{of}{name} is not a text")
    return value

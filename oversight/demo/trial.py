"""Reads the synthetic trial's files; README.md beside this module says what is in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from oversight.domain.flags import Flag
from oversight.domain.severity import Category, Severity

FOLDER = Path(__file__).parent
PARTICIPANTS_FILE = FOLDER / "participants.jsonl"
CONVERSATIONS_FOLDER = FOLDER / "conversations"


@dataclass(frozen=True)
class TrialTurn:
    """One message, with the bot's draft reply unless the bot stayed silent.

    `at_seconds` counts from the start of the demonstration at speed 1. `severity`, `categories` and
    `flags` are what the author had in mind, not a clinician's reading.
    """

    conversation_id: str
    turn: int
    day: int
    quiet: bool
    at_seconds: float
    participant_id: str
    message: str
    reply: str | None
    severity: Severity
    categories: tuple[Category, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class TrialParticipant:
    """A made-up person: a life for the reader (`profile`), a card for the gateway (`card`)."""

    id: str
    profile: dict[str, Any]
    card: dict[str, Any]

    def card_on(self, today: date) -> dict[str, Any]:
        """The card as PUT /v1/participants takes it, its dates counted back from `today`."""
        return {name: _dated(value, today) for name, value in self.card.items()}


def trial_turns() -> tuple[TrialTurn, ...]:
    """Every turn of the trial in the order in which it is played."""
    files = sorted(CONVERSATIONS_FOLDER.glob("*.jsonl"))
    turns = [_turn(row) for file in files for row in _rows(file)]
    return tuple(sorted(turns, key=lambda turn: (turn.at_seconds, turn.participant_id, turn.turn)))


def trial_participants() -> tuple[TrialParticipant, ...]:
    """Everybody in the trial, each with the card that their study would send."""
    return tuple(
        TrialParticipant(row["profile"]["id"], row["profile"], row["card"])
        for row in _rows(PARTICIPANTS_FILE)
    )


def trial_digest() -> str:
    """Changes whenever any turn does, so that a place kept in an older trial is not taken up."""
    digest = hashlib.sha256()
    for file in sorted(CONVERSATIONS_FOLDER.glob("*.jsonl")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _turn(row: dict[str, Any]) -> TrialTurn:
    label = row["author_label"]
    return TrialTurn(
        conversation_id=row["conversation_id"],
        turn=row["turn"],
        day=row["day"],
        quiet=row["quiet"],
        at_seconds=row["at_seconds"],
        participant_id=row["participant"]["id"],
        message=row["message"],
        reply=row["reply"],
        severity=Severity(label["severity"]),
        categories=tuple(Category(name) for name in label["categories"]),
        flags=tuple(Flag(code) for code in label["flags"]),
    )


def _dated(value: Any, today: date) -> Any:
    """Replaces each `days_ago` by the date it means; a card written once never grows old."""
    if isinstance(value, list):
        return [_dated(entry, today) for entry in value]
    if not isinstance(value, dict):
        return value
    dated = {name: _dated(entry, today) for name, entry in value.items() if name != "days_ago"}
    if "days_ago" in value:
        dated["date"] = (today - timedelta(days=value["days_ago"])).isoformat()
    return dated

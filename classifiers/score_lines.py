"""Scores a file of JSON lines: one row in, one row out, bad rows named and passed over."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from classifiers.protocol import Classifier, Message, RiskAssessment, Role, Turn

_BATCH = 64
_ROLES: dict[str, Role] = {"participant": "participant", "bot": "bot"}
#: Names other systems use for the two sides of a conversation, accepted in ``context`` only.
_CONTEXT_ROLES: dict[str, Role] = {**_ROLES, "user": "participant", "assistant": "bot"}


class BadRow(ValueError):
    """A line that is not a row to score; the message says what is wrong with it."""


def score_file(source: Path, target: Path, classifier: Classifier, *, complaints: TextIO) -> int:
    """Score every sound row of ``source`` into ``target``; the number of bad rows comes back.

    Each bad row is named by line number on ``complaints``; never with its text.
    """
    bad_rows = 0
    batch: list[Message] = []
    with source.open("rb") as lines, target.open("w", encoding="utf-8") as out:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                batch.append(parse_row(line))
            except BadRow as problem:
                bad_rows += 1
                complaints.write(f"line {number}: {problem}\n")
            if len(batch) == _BATCH:
                _write(out, classifier.assess(batch))
                batch = []
        _write(out, classifier.assess(batch))
    return bad_rows


def parse_row(line: bytes) -> Message:
    """One line as a message.

    Raises
    ------
    BadRow
        When the line is not UTF-8, not a JSON object, or a field is missing or of the wrong kind.
    """
    row = _json_object(line)
    identity, text, role = row.get("id"), row.get("text"), row.get("role", "participant")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        raise BadRow("id is missing or not a string")
    if not isinstance(text, str):
        raise BadRow("text is missing or not a string")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadRow("role is neither 'participant' nor 'bot'")
    language = row.get("language")
    if language is not None and not isinstance(language, str):
        raise BadRow("language is not a string")
    context = tuple(_turns(row.get("context")))
    return Message(str(identity), text, _ROLES[role], context, language)


def output_row(assessment: RiskAssessment) -> dict[str, Any]:
    """The row written for an assessment; keys are stable."""
    return {
        "id": assessment.id,
        "crisis_probability": assessment.crisis_probability,
        "severity": assessment.severity.value,
        "category_probabilities": {
            category.value: value for category, value in assessment.category_probabilities.items()
        },
        "reply_harm_probability": assessment.reply_harm_probability,
        "flag_probabilities": {
            flag.value: value for flag, value in assessment.flag_probabilities.items()
        },
        "language": assessment.language,
        "scored": assessment.scored,
        "model_version": assessment.model_version,
        "unscored_reason": assessment.unscored_reason,
        "severity_probabilities": {
            level.value: value for level, value in assessment.severity_probabilities.items()
        },
        "categories": [category.value for category in assessment.categories],
        "flags": [flag.value for flag in assessment.flags],
        "phrase_hits": list(assessment.phrase_hits),
    }


def _write(out: TextIO, assessments: list[RiskAssessment]) -> None:
    for assessment in assessments:
        out.write(json.dumps(output_row(assessment), ensure_ascii=False, allow_nan=False) + "\n")


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRow("not UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadRow("not JSON") from error
    if not isinstance(row, dict):
        raise BadRow("not a JSON object")
    return row


def _turns(context: object) -> Iterator[Turn]:
    if context is None:
        return
    if not isinstance(context, list):
        raise BadRow("context is not a list")
    for turn in context:
        if not isinstance(turn, dict) or not isinstance(turn.get("text"), str):
            raise BadRow("a context turn has no text")
        role = turn.get("role")
        if not isinstance(role, str) or role not in _CONTEXT_ROLES:
            raise BadRow("a context turn has an unknown role")
        yield Turn(_CONTEXT_ROLES[role], turn["text"])

"""The record is read by people: no event and no reason shows as a code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oversight.domain import lifecycle, pages
from oversight.domain.flags import FLAG_TEXT, Flag
from oversight.domain.release import REASONS
from oversight.domain.words import DecisionKind
from oversight.queries.record import RecordLine
from oversight.ui.record_words import WORDS, detail_words, event_words

SERVICES = Path(__file__).parents[2] / "oversight" / "services"
NAMED = re.compile(
    r'\b(?:Event|_event|_changed|_record|note)\(\s*(?:session,\s*)?(?:kind=)?"([a-z_]+\.[a-z_]+)"'
)
MOVES = {
    "item": lifecycle.ITEM,
    "draft": lifecycle.DRAFT,
    "delivery": lifecycle.DELIVERY,
    "escalation": lifecycle.ESCALATION,
    "page": pages.PAGE,
}


def kinds() -> set[str]:
    """Every kind of event that the services write."""
    written = {kind for file in SERVICES.glob("*.py") for kind in NAMED.findall(file.read_text())}
    moved = {f"{name}.{event}" for name, moves in MOVES.items() for _, event in moves}
    return written | moved | {f"decision.{kind}" for kind in DecisionKind}


def test_every_event_has_its_sentence() -> None:
    found = kinds()
    assert len(found) > 60
    # A level is lowered, and a release recalled, by an event of its own.
    assert found - set(WORDS) == {"decision.lower", "decision.recall"}


def line(kind: str, **detail: object) -> RecordLine:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return RecordLine(1, at, kind, "policy", None, None, None, detail)


@pytest.mark.parametrize("reason", [*REASONS, "unhandled", "flagged", "sampled", "received"])
def test_a_reason_is_told_in_words(reason: str) -> None:
    for told in (line("item.open", why=reason), line("draft.hold", reasons=[reason])):
        assert re.search(r"because: \w+ \w+", detail_words(told))
        assert "_" not in detail_words(told)


def test_a_flag_and_a_failure_are_told_in_words() -> None:
    scored = line("draft.score", flags=["F09"], unscored_reason="classifier_error")
    assert FLAG_TEXT[Flag.F09] in detail_words(scored)
    assert "the classifier failed" in detail_words(scored)
    assert event_words(scored) == WORDS["draft.score"]

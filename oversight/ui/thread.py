"""Drawing a conversation: every turn with its time, its level and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from oversight.domain.flags import FLAG_TEXT
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.severity import Severity, at_least
from oversight.domain.words import Scoring
from oversight.queries.conversation import ShownTurn
from oversight.queries.evidence import EvidenceView
from oversight.ui.evidence import legend, marked
from oversight.ui.words import (
    DELIVERY_WORDS,
    DRAFT_WORDS,
    KIND_WORDS,
    badge,
    length,
    moment,
    safe,
    zone,
)

GAP = timedelta(minutes=30)
"""A silence as long as this is shown between two turns."""
NEVER_SENT = (DraftStatus.WITHHELD, DraftStatus.SUPERSEDED, DraftStatus.RECALLED)


def thread(
    turns: Sequence[ShownTurn],
    *,
    zone: str | None,
    read_sequence: int | None = None,
    show_levels: bool = True,
    leave_out_held: bool = False,
    whole_page: bool = False,
    evidence: Mapping[int, EvidenceView] | None = None,
) -> str:
    """The turns as HTML; what came after ``read_sequence`` stands under a mark "new".

    Levels and flags of what was read already stand in place; those of what is new only with
    ``show_levels``.
    ``evidence`` marks the words that moved scores, by turn.
    """
    shown = [
        turn for turn in turns if not (leave_out_held and turn.draft_status is DraftStatus.HELD)
    ]
    parts = []
    marked = read_sequence is None
    before: ShownTurn | None = None
    for turn in shown:
        if before is not None and turn.at - before.at >= GAP:
            parts.append(_gap(before, turn, zone))
        before = turn
        if not marked and turn.role == "participant" and turn.sequence > (read_sequence or 0):
            parts.append('<div class="ov-fresh-mark" data-fresh="1">New, not read yet</div>')
            marked = True
        known = (evidence or {}).get(turn.sequence)
        levels = show_levels or turn.sequence <= (read_sequence or 0)
        parts.append(_turn(turn, zone=zone, show_levels=levels, evidence=known))
    newest = f"{len(shown)}-{shown[-1].sequence if shown else 0}"
    classes = "ov-thread ov-whole" if whole_page else "ov-thread"
    return (
        f'<div class="{classes}" role="log" aria-label="Conversation" tabindex="0"'
        f' data-newest="{newest}">{"".join(parts) or "<p>Nothing was said yet.</p>"}</div>'
    )


def _gap(before: ShownTurn, after: ShownTurn, zone_name: str | None) -> str:
    """How long nobody wrote, and the new day where one began."""
    words = f"{length((after.at - before.at).total_seconds())} later"
    day = after.at.astimezone(zone(zone_name))
    if before.at.astimezone(zone(zone_name)).date() != day.date():
        words += f" · {day:%A}, {day.day} {day:%B}"
    return f'<div class="ov-gap">{words}</div>'


def _turn(
    turn: ShownTurn, *, zone: str | None, show_levels: bool, evidence: EvidenceView | None
) -> str:
    if turn.draft_text is not None:  # the words shown are a person's, not those that were scored
        evidence = None
    unsent = turn.draft_status in NEVER_SENT or turn.draft_status is DraftStatus.HELD
    classes = f"ov-turn ov-{turn.role}{' ov-unsent' if unsent else ''}"
    line = [f"<b>{_speaker(turn)}</b>", f"<span>{moment(turn.at, zone)}</span>"]
    if turn.sent_at is not None and abs((turn.at - turn.sent_at).total_seconds()) > 60:
        line.append(f"<span>sent {moment(turn.sent_at, zone)} by its own clock</span>")
    if turn.role == "participant" and show_levels:
        line.append(_level(turn))
    if turn.flags and show_levels and turn.draft_status is not DraftStatus.HELD:
        line.append(f"<span>{safe('; '.join(FLAG_TEXT[flag] for flag in turn.flags))}</span>")
    if turn.draft_status is not None and unsent:
        line.append(f"<span>{DRAFT_WORDS[turn.draft_status]}</span>")
    elif turn.delivery_status is not None:
        line.append(f"<span>{DELIVERY_WORDS[turn.delivery_status]}</span>")
        if turn.read_at is not None:
            line.append(f"<span>read {moment(turn.read_at, zone)}</span>")
    return (
        f'<article class="{classes}"><div class="ov-line">{"".join(line)}</div>'
        f'<p class="ov-words" dir="auto">{marked(turn.text, evidence)}</p>'
        f"{legend(evidence)}</article>"
    )


def _speaker(turn: ShownTurn) -> str:
    if turn.role == "participant":
        return "Participant"
    if turn.delivery_kind is not None:
        who = KIND_WORDS[turn.delivery_kind]
        return f"{who}, {safe(turn.decided_by)}" if turn.decided_by else who
    return "Bot, draft"


def _level(turn: ShownTurn) -> str:
    severity = turn.severity or Severity.LU
    if severity is Severity.LU and turn.scoring is Scoring.PENDING:
        return "<span>being scored…</span>"
    return badge(severity) if at_least(severity, Severity.L1) else ""

"""The list beside the card: what waits, who has it, how long it may still wait."""

import uuid

from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity
from oversight.queries.triage import Queue, QueueLine
from oversight.ui.components import LevelMark, ListedCount, ListedLine, QueueBox, queue_box
from oversight.ui.desk import Desk
from oversight.ui.words import OWN_FIRST_WORDS, language, length, level

ORDER = sorted(Severity, key=lambda severity: -severity.rank)
SHOWN = 12
OWN_FIRST_MARK = LevelMark("l0", OWN_FIRST_WORDS)
"""Instead of a level, while its reader has not given their own."""
LIST = "triage-list"


def queue_list(waiting: Queue, hand: Desk) -> None:
    """Counts by level, then the worst lines; each can be opened."""
    item = uuid.UUID(hand.item) if hand.item else None
    rest = waiting.total - min(len(waiting.lines), SHOWN)
    box = QueueBox(
        newer=_newer(next((line for line in waiting.lines if line.item_id == item), None), hand),
        head=f"{waiting.total} open",
        counts=_counts(waiting, hand.judging),
        overdue=f"{waiting.overdue} late" if waiting.overdue else "",
        lines=[
            _line(line, waiting, hand.judging, mine=line.item_id == item)
            for line in waiting.lines[:SHOWN]
        ],
        rest=f"and {rest} more, less urgent" if rest > 0 else "",
    )
    queue_box(box, key=LIST)


def _counts(waiting: Queue, judging: uuid.UUID | None) -> list[ListedCount]:
    """How many there are by level; one whose reader judges first is told apart from all levels."""
    unseen = next((line for line in waiting.lines if line.item_id == judging), None)
    counts = dict(waiting.counts)
    if unseen is not None and counts.get(unseen.severity):
        counts[unseen.severity] -= 1
    shown = [ListedCount(_mark(one), counts[one]) for one in ORDER if counts.get(one)]
    return [*shown, ListedCount(OWN_FIRST_MARK, 1)] if unseen is not None else shown


def _mark(severity: Severity) -> LevelMark:
    return LevelMark(severity.value.lower(), level(severity))


def _newer(line: QueueLine | None, hand: Desk) -> str:
    """The open card as drawn, where it has moved on: offered, never redrawn under its reader."""
    if line is None or hand.shown_at in (None, f"{line.version}"):
        return ""
    return f"{hand.item}:{hand.shown_at}"


def _line(line: QueueLine, waiting: Queue, judging: uuid.UUID | None, *, mine: bool) -> ListedLine:
    facts = [language(line.language)] if line.language and line.language != "en" else []
    if line.status is ItemStatus.SNOOZED:
        facts.append("set aside")
    if line.undelivered:
        facts.append("a text may not have arrived")
    if line.holder:
        facts.append("you have it open" if mine else f"{line.holder} has it open")
    if line.owner:
        facts.append(f"escalation: {line.owner}")
    elif line.status is ItemStatus.ESCALATED:
        facts.append("escalated, nobody has it")
    seconds = (line.deadline_at - waiting.at).total_seconds()
    return ListedLine(
        item=str(line.item_id),
        level=OWN_FIRST_MARK if line.item_id == judging else _mark(line.severity),
        who=line.participant,
        deadline=round(line.deadline_at.timestamp()),
        clock=f"{length(abs(seconds))} {'left' if seconds >= 0 else 'late'}",
        late=seconds < 0,
        facts=" · ".join(facts),
        mine=mine,
        open=not mine and not line.holder,
    )

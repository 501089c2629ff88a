"""The list beside the card: what waits, who has it, how long it may still wait."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.session import Session
from oversight.domain.errors import Incomplete
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind
from oversight.queries.people import readers
from oversight.queries.queue import Choices, FilteredQueue, ListedItem, choices, filtered_queue
from oversight.queries.queue_filter import QueueFilter, Show, read_filter
from oversight.queries.triage import version_of
from oversight.services.people import Person
from oversight.ui.components import (
    FilterChoice,
    FilterGroup,
    LevelMark,
    ListedCount,
    ListedLine,
    QueueBox,
    filter_chosen,
    queue_box,
)
from oversight.ui.desk import DESKS, Desk, desk
from oversight.ui.words import OWN_FIRST_WORDS, language, length, level, moment

ORDER = sorted(Severity, key=lambda severity: -severity.rank)
SHOWN = 12
OWN_FIRST_MARK = LevelMark("l0", OWN_FIRST_WORDS)
"""Instead of a level, while its reader has not given their own."""
LIST = "triage-list"
ON_DUTY_SECONDS = 5.0
_known_on_duty: list[tuple[float, Sequence[str]]] = []
SHOW_WORDS = {
    Show.MINE: "Mine",
    Show.HELD: "A reply waits",
    Show.AUDIT: "To be read afterwards",
    Show.SNOOZED: "Set aside",
}


@dataclass(frozen=True)
class Waiting:
    """What the list shows: open items under a filter, and what else can be chosen."""

    queue: FilteredQueue
    chosen: QueueFilter
    choices: Choices | None
    in_hand: int | None
    on_duty: Sequence[str] = ()
    trouble: str = ""


def read_list(session: Session, person: Person, hand: Desk) -> Waiting:
    """Everything open that fits the filter; a filter that is not known shows all and says so."""
    trouble, item = "", uuid.UUID(hand.item) if hand.item else None
    try:
        chosen = read_filter(hand.filter)
        found = filtered_queue(session, person.id, chosen, limit=SHOWN)
    except Incomplete as refusal:
        trouble = f"This filter does not work: {refusal.message}. Everything open is shown."
        chosen = QueueFilter()
        found = filtered_queue(session, person.id, chosen, limit=SHOWN)
    offered = choices(session, person.id) if hand.filtering else None
    in_hand = version_of(session, item) if item else None
    return Waiting(found, chosen, offered, in_hand, _on_duty(session), trouble)


def _on_duty(session: Session) -> Sequence[str]:
    """Who is on duty, as known within the last seconds: reading the rota takes the longest."""
    kept = _known_on_duty
    if not kept or kept[0][0] < time.monotonic():
        names = tuple(one.name for one in readers(session) if one.on_duty)
        kept[:] = [(time.monotonic() + ON_DUTY_SECONDS, names)]
    return kept[0][1]


def queue_list(waiting: Waiting, hand: Desk) -> None:
    """Counts by level, then the worst lines; each can be opened."""
    found = waiting.queue
    rest = found.counts.total - len(found.lines)
    box = QueueBox(
        newer=_newer(waiting.in_hand, hand),
        head=f"{found.counts.total} {'open' if waiting.chosen.everything else 'of this kind'}",
        counts=_counts(found, hand.judging),
        overdue=f"{found.counts.overdue} late" if found.counts.overdue else "",
        lines=[_line(line, found.at, hand) for line in found.lines],
        rest=f"and {rest} more, less urgent" if rest > 0 else "",
        filtered=not waiting.chosen.everything,
        filtering=hand.filtering,
        filters=_filters(waiting),
        trouble=waiting.trouble,
        on_duty=", ".join(waiting.on_duty) or "nobody",
        looking=", ".join(DESKS.others_at(hand)),
    )
    queue_box(box, on_filter=_filter, key=LIST)


def _filter() -> None:
    """The page's script has put the filter into the address already."""
    chosen, hand = filter_chosen(LIST), desk()
    hand.filter = str(chosen.get("query") or "")[:2000]
    hand.filtering = bool(chosen.get("open"))


def _filters(waiting: Waiting) -> list[FilterGroup]:
    chosen, found = waiting.chosen, waiting.choices
    if found is None:
        return []
    levels = [
        FilterChoice(one.value, level(one), found.severities[one], one in chosen.severities)
        for one in ORDER
    ]
    shows = [
        FilterChoice(one.value, SHOW_WORDS[one], found.show[one], one in chosen.show)
        for one in Show
    ]
    spoken = [
        FilterChoice(one, language(one), count, one in chosen.languages)
        for one, count in found.languages.items()
    ]
    arms = [FilterChoice(one, one, count, one in chosen.arms) for one, count in found.arms.items()]
    groups = [
        FilterGroup("show", "Only", shows),
        FilterGroup("severity", "Level", levels),
        FilterGroup("language", "Language", spoken),
        FilterGroup("arm", "Arm of the study", arms),
    ]
    return [one for one in groups if one.choices]


def _counts(found: FilteredQueue, judging: uuid.UUID | None) -> list[ListedCount]:
    """How many there are by level; one whose reader judges first is told apart from all levels."""
    unseen = next((line for line in found.lines if line.item_id == judging), None)
    counts = dict(found.counts.by_severity)
    if unseen is not None and counts.get(unseen.severity):
        counts[unseen.severity] -= 1
    shown = [ListedCount(_mark(one), counts[one]) for one in ORDER if counts.get(one)]
    return [*shown, ListedCount(OWN_FIRST_MARK, 1)] if unseen is not None else shown


def _mark(severity: Severity) -> LevelMark:
    return LevelMark(severity.value.lower(), level(severity))


def _newer(version: int | None, hand: Desk) -> str:
    """The open card as drawn, where it has moved on: offered, never redrawn under its reader."""
    if version is None or hand.shown_at in (None, f"{version}"):
        return ""
    return f"{hand.item}:{hand.shown_at}"


def _line(line: ListedItem, at: datetime, hand: Desk) -> ListedLine:
    open_here = f"{line.item_id}" == hand.item
    facts = []
    if line.language and line.language != "en":
        facts.append(language(line.language) + ("" if line.for_me else ", not one you read"))
    if line.kind is ItemKind.AUDIT:
        facts.append("sent already: to be read")
    if line.set_aside_by and line.back_at:
        facts.append(f"set aside by {line.set_aside_by} until {moment(line.back_at)}")
    if line.undelivered:
        facts.append("a text may not have arrived")
    if line.holder:
        facts.append("you have it open" if open_here else f"{line.holder} has it open")
    if line.owner:
        facts.append(f"escalation: {line.owner}")
    elif line.status is ItemStatus.ESCALATED:
        facts.append("escalated, nobody has it")
    seconds = (line.deadline_at - at).total_seconds()
    return ListedLine(
        item=str(line.item_id),
        level=OWN_FIRST_MARK if line.item_id == hand.judging else _mark(line.severity),
        who=line.participant,
        deadline=round(line.deadline_at.timestamp()),
        clock=f"{length(abs(seconds))} {'left' if seconds >= 0 else 'late'}",
        late=seconds < 0,
        facts=" · ".join(facts),
        mine=open_here,
        open=not open_here and not line.holder,
    )

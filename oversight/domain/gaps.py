"""Hours in which nobody who can be reached is on call, and when they are announced ahead."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oversight.domain.rota import Stretch
from oversight.domain.words import ShiftPosition

ANNOUNCED_HOURS_AHEAD = (48, 24, 2)
"""How long before it begins a gap is announced, once each (protocol, section 3)."""

LOOKED_AHEAD = timedelta(hours=ANNOUNCED_HOURS_AHEAD[0])


class GapReason(StrEnum):
    """Why nobody can be called: nobody is on, or nobody who is on has a pager that works."""

    NOBODY = "nobody"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Gap:
    """A stretch of a required position in which nobody can be reached."""

    position: ShiftPosition
    starts_at: datetime
    ends_at: datetime
    reason: GapReason
    people: tuple[uuid.UUID, ...] = ()


def gaps(
    stretches: Iterable[Stretch],
    *,
    required: Collection[ShiftPosition],
    reachable: Collection[uuid.UUID],
) -> tuple[Gap, ...]:
    """The gaps of the required positions, in order of time; neighbours of one reason are one."""
    found: list[Gap] = []
    for stretch in stretches:
        if stretch.position not in required or any(one in reachable for one in stretch.people):
            continue
        reason = GapReason.UNREACHABLE if stretch.people else GapReason.NOBODY
        gap = Gap(stretch.position, stretch.starts_at, stretch.ends_at, reason, stretch.people)
        if found and _continues(found[-1], gap):
            gap = _joined(found.pop(), gap)
        found.append(gap)
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.position)))


def due_notice(gap: Gap, *, now: datetime, announced: Collection[int]) -> int | None:
    """The announcement that is due now, as hours ahead; None where none is.

    A gap found late is announced at once, under the mark it is nearest to: three messages in one
    minute would say no more than one.
    """
    left = gap.starts_at - now
    if left <= timedelta(0):
        return None
    marks = [hours for hours in ANNOUNCED_HOURS_AHEAD if left <= timedelta(hours=hours)]
    return min(marks) if marks and min(marks) not in announced else None


def _continues(before: Gap, after: Gap) -> bool:
    same = before.position is after.position and before.reason is after.reason
    return same and before.ends_at == after.starts_at


def _joined(before: Gap, after: Gap) -> Gap:
    people = tuple(dict.fromkeys([*before.people, *after.people]))
    return Gap(after.position, before.starts_at, after.ends_at, after.reason, people)

"""Who is on call, in words: now and next, day by day, gaps, and whose pager does not work."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from oversight.domain.gaps import Gap
from oversight.domain.rota import NowAndNext, Stretch
from oversight.domain.words import ShiftPosition
from oversight.queries.pages import PagerState
from oversight.queries.rota import TeamRota
from oversight.ui.duty_words import (
    CHANNEL_WORDS,
    GAP_WORDS,
    POSITION_WORDS,
    away,
    names_of,
    zone_here,
)
from oversight.ui.words import moment, safe, zone

Names = Mapping[uuid.UUID, str]
DAYS = 7


def now_html(found: Mapping[str, Sequence[NowAndNext]], names: Names) -> str:
    """Each team's positions: who is on now, until when, and who follows (HTML)."""
    rows = "".join(
        f"<tr><td>{safe(team)}</td><td>{POSITION_WORDS[one.position]}</td>"
        f"<td><b>{safe(names_of(one.people, names))}</b></td><td>{_until(one)}</td>"
        f"<td>{_next(one, names)}</td></tr>"
        for team, positions in found.items()
        for one in positions
        if one.people or one.until is not None or one.position is ShiftPosition.PRIMARY
    )
    return _table("On call now", ("Team", "Position", "Now", "Until", "Then"), rows)


def days_html(found: Mapping[str, Sequence[Stretch]], names: Names, *, now: datetime) -> str:
    """The coming days, each with who is on from when to when (HTML)."""
    first = now.astimezone(zone(zone_here())).replace(hour=0, minute=0, second=0, microsecond=0)
    parts = []
    for number in range(DAYS):
        # Midnight of the wall clock, also through a night of daylight saving.
        start = first + timedelta(days=number)
        lines = "".join(
            _day_line(team, one, names, start, start + timedelta(days=1))
            for team, stretches in found.items()
            for one in stretches
            if (one.people or one.position is ShiftPosition.PRIMARY)
            and one.starts_at < start + timedelta(days=1)
            and one.ends_at > start
        )
        parts.append(f"<h3>{start:%A}, {start.day} {start:%b}</h3><ul>{lines}</ul>")
    return f'<div class="ov-days">{"".join(parts)}</div>'


def gaps_html(found: Sequence[tuple[TeamRota, Gap]], names: Names, *, now: datetime) -> str:
    """Hours ahead in which nobody can be reached (HTML)."""
    lines = "".join(
        f"<li><b>{safe(team.name)}, {POSITION_WORDS[gap.position].lower()}</b>:"
        f" {moment(gap.starts_at, zone_here())} to {moment(gap.ends_at, zone_here())}"
        f" ({safe(away(gap.starts_at, now))}): {GAP_WORDS[gap.reason]}"
        + (f" ({safe(names_of(gap.people, names))})" if gap.people else "")
        + "</li>"
        for team, gap in found
    )
    return f"<ul>{lines}</ul>"


def pager_words(state: PagerState, *, now: datetime) -> str:
    """The last test of somebody's pager and its answer, in one line."""
    if not state.methods:
        return "No contact method: you cannot be called."
    if state.tested_at is None:
        return "Never tested."
    told = f"Last test {away(state.tested_at, now)}"
    if state.answered_at is not None:
        return f"{told}: answered {away(state.answered_at, now)}."
    if state.given_up_at is not None:
        return f"{told}: not answered in time."
    return f"{told}: waits for your answer."


def methods_html(state: PagerState) -> str:
    """One's contact methods in the order in which they are tried (HTML)."""
    lines = "".join(
        f"<li>{safe(CHANNEL_WORDS[one.channel])}: {safe(one.address)}: "
        + ("works" if one.works else "failed" if one.failed_at else "not tested yet")
        + "</li>"
        for one in state.methods
    )
    return f"<ol>{lines}</ol>" if lines else "<p>None.</p>"


def _until(one: NowAndNext) -> str:
    return moment(one.until, zone_here()) if one.until else "over two weeks from now"


def _next(one: NowAndNext, names: Names) -> str:
    return safe(names_of(one.next_people, names)) if one.until else ""


def _day_line(team: str, one: Stretch, names: Names, start: datetime, end: datetime) -> str:
    begins, ends = max(one.starts_at, start), min(one.ends_at, end)
    zoned = zone(zone_here())
    until = "24:00" if ends >= end else f"{ends.astimezone(zoned):%H:%M}"
    who = safe(names_of(one.people, names))
    return (
        f"<li>{begins.astimezone(zoned):%H:%M} to {until} {POSITION_WORDS[one.position]}"
        f' <span class="ov-soft">({safe(team)})</span>: '
        + (who if one.people else f"<b>{who}</b>")
        + "</li>"
    )


def _table(label: str, heads: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{one}</th>" for one in heads)
    return (
        f'<div class="ov-table" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )

"""Pages that were sent, in words: to whom, by which channel, what became of them."""

import re
import uuid
from collections.abc import Mapping, Sequence

from oversight.queries.pages import KeptPage, PageLine
from oversight.ui.duty_words import (
    CHANNEL_WORDS,
    NOT_TOLD_WORDS,
    PAGE_WORDS,
    STATUS_WORDS,
    clock,
    zone_here,
)
from oversight.ui.words import badge, moment, safe

_LINK = re.compile(r"https?://[^\s]+/page/[^\s]+")


def inbox_html(lines: Sequence[PageLine], links: Mapping[uuid.UUID, str]) -> str:
    """One row a page, newest first (HTML). ``links``: of one's own pages alone."""
    rows = "".join(_row(line, links.get(line.id)) for line in lines)
    return (
        '<div class="ov-table" tabindex="0" role="region" aria-label="Pages"><table><thead><tr>'
        "<th>When</th><th>To</th><th>What</th><th>Level</th><th>How it stands</th><th>Link</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def link_of(kept: KeptPage) -> str | None:
    """The link in a page as it was kept."""
    found = _LINK.search(kept.body)
    return found.group() if found else None


def _row(line: PageLine, link: str | None) -> str:
    level = badge(line.severity) if line.severity else ""
    step = f", step {line.step + 1}" if line.step is not None else ""
    what = f"{PAGE_WORDS[line.kind]}{step} ({line.reference})"
    return (
        f"<tr><td>{safe(moment(line.queued_at, zone_here()))}</td><td>{safe(line.person)}</td>"
        f"<td>{safe(what)}</td><td>{level}</td><td>{safe(_standing(line))}</td>"
        f"<td>{_links(line, link)}</td></tr>"
    )


def _standing(line: PageLine) -> str:
    parts = [STATUS_WORDS[line.status]]
    if line.channel is not None:
        parts.append(f"by {CHANNEL_WORDS[line.channel]}")
    if line.confirmed_at is not None:
        parts.append(f"confirmed at {clock(line.confirmed_at)}")
    elif line.sent_at is not None:
        parts.append(f"sent at {clock(line.sent_at)}")
    if line.attempts > 1:
        parts.append(f"{line.attempts} attempts")
    if line.why:
        parts.append(NOT_TOLD_WORDS.get(line.why, line.why.replace("_", " ")))
    return "; ".join(dict.fromkeys(parts))


def _links(line: PageLine, link: str | None) -> str:
    found = []
    if link:
        found.append(f'<a href="{safe(link)}" target="_blank" rel="noopener">Open the page</a>')
    if line.escalation_id is not None:
        found.append(f'<a href="/case?escalation={line.escalation_id}" target="_self">Case</a>')
    return "<br>".join(found)

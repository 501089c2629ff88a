"""Figures as people can check them: each with its cases, its interval, or "not enough yet"."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from oversight.domain.agreement import Estimate
from oversight.domain.proportions import Share
from oversight.ui.components import STATIC
from oversight.ui.words import safe

NOT_ENOUGH = "not enough yet"
UNITS = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, its value, and the cases behind it, in words."""

    name: str
    value: str
    cases: str


def style() -> None:
    """The look of figures, tables and word differences; once a page."""
    st.html(f"<style>{(STATIC / 'figures.css').read_text(encoding='utf-8')}</style>")


def figures(shown: Sequence[Figure], *, across: int) -> None:
    """Figures side by side, ``across`` in a row where there is room."""
    inner = "".join(_figure(one) for one in shown)
    st.html(f'<div class="ov-figures" style="--across: {across}">{inner}</div>')


def _figure(one: Figure) -> str:
    small = " ov-not-yet" if one.value == NOT_ENOUGH else ""
    return (
        f'<section class="ov-figure" aria-label="{safe(one.name)}"><h3>{safe(one.name)}</h3>'
        f'<div class="ov-value{small}">{safe(one.value)}</div>'
        f'<div class="ov-cases">{safe(one.cases)}</div></section>'
    )


def share_figure(name: str, share: Share, of: str) -> Figure:
    """A share as a figure: "12 of 340 decided drafts", with its interval or what is missing."""
    cases = f"{share.part:,} of {share.whole:,} {of}"
    if share.short_of or share.value is None or share.interval is None:
        return Figure(name, NOT_ENOUGH, f"{cases}; {share.short_of} more needed")
    return Figure(name, percent(share.value), f"{cases}; 95% interval {span(share.interval)}")


def share_words(share: Share, of: str) -> str:
    """The same in one line, for a table."""
    one = share_figure("", share, of)
    return f"{one.value}: {one.cases}" if one.value == NOT_ENOUGH else f"{one.value} ({one.cases})"


def percent(value: float) -> str:
    """A share in percent; a decimal where whole percents would hide the difference."""
    shown = 100 * value
    close = 0 < shown < 1 or 99 < shown < 100
    return f"{shown:.1f}%" if close else f"{shown:.0f}%"


def span(interval: tuple[float, float]) -> str:
    """An interval of shares in percent."""
    return f"{percent(interval[0])} to {percent(interval[1])}"


def estimate_words(found: Estimate | None) -> str:
    """A coefficient with its interval, or why there is none."""
    if found is None:
        return "cannot be worked out: only one answer was ever given"
    if found.interval is None:
        return f"{found.value:.2f} (no interval: no disagreement yet)"
    return f"{found.value:.2f} ({found.interval[0]:.2f} to {found.interval[1]:.2f})"


def wait_words(seconds: float | None) -> str:
    """A waiting time with its units, or that the data do not reach it yet."""
    if seconds is None:
        return "not reached yet"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    large, words, small, less = next(unit for unit in UNITS if whole >= unit[0])
    rest = whole % large // small
    return f"{whole // large} {words}" + (f" {rest} {less}" if rest else "")


def plain_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; with many columns it becomes one block a row on a phone.

    The roles are spelled out because browsers drop them from a table drawn as blocks.
    """
    stacked = " ov-stacked" if len(heads) > 3 else ""
    head = "".join(f'<th scope="col" role="columnheader">{safe(one)}</th>' for one in heads)
    body = "".join(f'<tr role="row">{_cells(heads, row)}</tr>' for row in rows)
    st.html(
        f'<div class="ov-plain-table{stacked}" tabindex="0" role="region"'
        f' aria-label="{safe(caption)}"><table role="table"><caption>{safe(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>'
    )


def _cells(heads: Sequence[str], row: Sequence[object]) -> str:
    return "".join(
        f'<td role="cell" data-head="{safe(head)}">{safe(cell)}</td>'
        for head, cell in zip(heads, row, strict=True)
    )

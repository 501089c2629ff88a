"""The charts of the Metrics page. Each says what its table says, and never by colour alone."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from oversight.domain.proportions import ENOUGH
from oversight.domain.severity import Severity
from oversight.queries.metrics import Bucket, Wait
from oversight.ui.words import LEVEL_WORDS

# Middle tones: at least 3 to 1 on the light and on the dark background (tests/ui measure it).
MESSAGES = "#2b8089"
REPLIES = "#b8681f"
LEVEL_LINES: dict[Severity, tuple[str, str]] = {
    Severity.L4: ("#d0443b", "solid"),
    Severity.L3: ("#b8681f", "dash"),
    Severity.LU: ("#8d6cc7", "dot"),
    Severity.L2: ("#9a7c0a", "dashdot"),
    Severity.L1: ("#3f8f55", "longdash"),
    Severity.L0: ("#5d7f8a", "longdashdot"),
}
"""A colour and a kind of line for each level."""

AXIS_INK = {"light": "#4d5a60", "dark": "#aebbc2"}
"""Streamlit's own grey for axes is too faint on the light background (4.5 to 1 is wanted)."""

TICKS = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36_000: "10 h"}
LONG_TICKS = {86_400: "1 d", 604_800: "7 d"}


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Show a chart at the page's width, in the page's colours, without a tool bar."""
    ink = AXIS_INK["dark" if st.context.theme.type == "dark" else "light"]
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickfont={"color": ink}, title={"font": {"color": ink}})
    figure.update_traces(textfont={"color": ink}, selector={"type": "bar"})
    st.plotly_chart(
        figure,
        theme="streamlit",
        width="stretch",
        key=key,
        alt=alt,
        config={"displayModeBar": False, "responsive": True, "scrollZoom": False},
    )


def volume_chart(buckets: Sequence[Bucket], *, unit: str) -> go.Figure:
    """Messages and replies side by side in each hour or day."""
    at = [bucket.at for bucket in buckets]
    whole = 3_600_000 if unit == "hour" else 86_400_000
    share = 0.38 * whole  # said, because a lone bar would else be a millisecond wide
    figure = go.Figure(
        [
            go.Bar(
                x=at,
                width=share,
                offset=-share,
                y=[bucket.messages for bucket in buckets],
                name="Messages",
                marker={"color": MESSAGES},
            ),
            go.Bar(
                x=at,
                width=share,
                offset=0,
                y=[bucket.replies for bucket in buckets],
                name="Bot's drafts",
                marker={"color": REPLIES, "pattern": {"shape": "/", "solidity": 0.35}},
            ),
        ]
    )
    if len(buckets) == 1:
        middle = buckets[0].at.timestamp() * 1000
        figure.update_xaxes(range=[middle - 3 * whole, middle + 3 * whole])
    return _laid_out(
        figure,
        title=f"Messages and drafts by {unit}",
        across=f"{unit.capitalize()} (UTC)",
        up=f"Number in the {unit}",
    )


def counted_chart(
    title: str, names: Sequence[str], numbers: Sequence[int], *, across: str
) -> go.Figure:
    """Counts by name as bars, each with its number written on it."""
    figure = go.Figure(
        go.Bar(
            x=list(numbers),
            y=list(names),
            orientation="h",
            text=[f"{number:,}" for number in numbers],
            textposition="outside",
            cliponaxis=False,
            marker={"color": MESSAGES},
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(range=[0, 1.18 * max([*numbers, 1])])
    return _laid_out(figure, title=title, across=across, up="", height=110 + 42 * len(names))


def waiting_chart(waits: Sequence[Wait], *, title: str, up: str) -> go.Figure:
    """Share read (or decided) by the time since receipt; levels with enough messages only."""
    figure = go.Figure()
    shortest, longest = 60.0, 60.0
    for wait in waits:
        if wait.curve.cases < ENOUGH:
            continue
        colour, dash = LEVEL_LINES[wait.severity]
        longest = max(longest, wait.curve.longest_seconds)
        across, share = _steps(wait)
        shortest = min(shortest, *across[1:])
        figure.add_scatter(
            x=across,
            y=share,
            name=LEVEL_WORDS[wait.severity],
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5, "shape": "hv"},
        )
    ticks = {**TICKS, **LONG_TICKS}
    figure.update_xaxes(
        type="log",
        range=[math.log10(max(1.0, shortest / 2)), math.log10(1.2 * longest)],
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
    )
    figure.update_yaxes(range=[0, 101], ticksuffix="%")
    return _laid_out(figure, title=title, across="Time since we received it (log scale)", up=up)


def _steps(wait: Wait) -> tuple[list[float], list[float]]:
    """The curve from one second to the longest wait; a log axis has no zero."""
    steps = wait.curve.steps
    across = [1.0, *(max(1.0, step.seconds) for step in steps)]
    share = [0.0, *(100 * (1 - step.still_waiting) for step in steps)]
    return [*across, max(1.0, wait.curve.longest_seconds)], [*share, share[-1]]


def _laid_out(
    figure: go.Figure, *, title: str, across: str, up: str, height: int = 360
) -> go.Figure:
    """One look for all: a short title, named axes, a legend below that fits a phone."""
    axis: dict[str, Any] = {"fixedrange": True, "automargin": True}  # Any: plotly's own options
    figure.update_layout(
        title={"text": title, "font": {"size": 15}, "x": 0, "xanchor": "left"},
        height=height,
        margin={"l": 8, "r": 12, "t": 44, "b": 8},
        legend={"orientation": "h", "yanchor": "top", "y": -0.28, "x": 0},
        dragmode=False,
        font={"size": 13},
    )
    figure.update_xaxes(title={"text": across, "standoff": 8}, **axis)
    figure.update_yaxes(title={"text": up, "standoff": 8} if up else None, **axis)
    return figure

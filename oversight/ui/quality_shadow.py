"""Drawing a candidate beside the live classifier: where they differ, and who was right."""

from collections.abc import Mapping

import streamlit as st

from oversight.domain.agreement import Agreement
from oversight.domain.flags import Grade
from oversight.domain.permissions import Page
from oversight.domain.proportions import Share
from oversight.domain.severity import Severity
from oversight.domain.shadow import against_people
from oversight.queries.shadow import LISTED, MOST_TEXTS, Comparison, Difference, InShadow
from oversight.ui.metrics_figures import (
    NOT_ENOUGH,
    Figure,
    estimate_words,
    figures,
    plain_table,
    share_words,
    span,
)
from oversight.ui.words import LEVEL_WORDS, level, moment, safe

ORDER = (Severity.L4, Severity.L3, Severity.L2, Severity.L1, Severity.L0, Severity.LU)
FLOORS = (Severity.L2, Severity.L3)
PEOPLE = (
    "People give their own level before they see the live one: always from moderate up, and in a"
    " share of the rest. So risk that both classifiers missed is rare here, and a recall is of what"
    " came before a person. A text without a score counts as found: a person reads it."
)


def shadow_section(found: Comparison) -> None:
    """Counts, agreement by level, people's own levels, and what differs at high or imminent."""
    st.subheader("A candidate beside the live classifier", anchor=False)
    _who(found.candidate)
    if not found.levels.texts:
        st.write("It has read nothing yet. It reads what live has read, when nobody waits.")
        return
    _counts(found)
    _differences(found)
    with st.expander("Level by level, and against people's own levels"):
        _levels(found)
        _people(found)
        _grades(found.grades)


def _who(candidate: InShadow) -> None:
    card = f" · card: {candidate.card}" if candidate.card else ""
    st.html(
        f'<p class="ov-soft">{safe(candidate.version)}, in shadow since'
        f" {moment(candidate.since)}{safe(card)}. It decides nothing.</p>"
    )
    if candidate.trouble:
        st.warning(f"It cannot be loaded: {candidate.trouble}", icon=":material/report:")


def _counts(found: Comparison) -> None:
    table = found.levels
    texts = f"of {table.texts:,} messages"
    figures(
        [
            _same(table.agreement()),
            Figure("Candidate sees more", f"{table.raised:,}", texts),
            Figure("Candidate sees less", f"{table.lowered:,}", texts),
            Figure("Candidate could not score", f"{table.unscored:,}", texts),
        ],
        across=4,
    )


def _same(found: Agreement) -> Figure:
    cases = f"{found.same:,} of {found.n:,} messages that both scored"
    if found.short_of or found.percent is None or found.percent.interval is None:
        return Figure("Same level", NOT_ENOUGH, f"{cases}; {found.short_of} more needed")
    words = f"{cases}; 95% interval {span(found.percent.interval)}"
    return Figure("Same level", f"{100 * found.percent.value:.0f}%", words)


def _differences(found: Comparison) -> None:
    if not found.differences:
        st.write("No message is high or imminent to one of them and not to the other.")
        return
    rows = "".join(_difference(one) for one in found.differences)
    more = f" The newest {LISTED}." if len(found.differences) == LISTED else ""
    st.html(
        f"<h3>High or imminent to one of them only</h3>"
        f'<p class="ov-soft">Read them before you decide: each is a person that one of the two'
        f" would not have called anybody for.{more}</p>"
        f'<ul class="ov-queue">{rows}</ul>'
    )


def _difference(one: Difference) -> str:
    where = f"/{Page.CONVERSATION.value}?conversation={one.conversation_id}"
    return (
        f'<li><div class="ov-head"><span class="ov-who">{safe(one.participant)}</span>'
        f"<span>live: {level(one.live)}</span><span>candidate: {level(one.candidate)}</span>"
        f'<span class="ov-soft">{moment(one.at)}</span>'
        f'<a href="{where}" target="_self">Read the conversation</a></div></li>'
    )


def _levels(found: Comparison) -> None:
    pairs = found.levels.pairs
    seen = [one for one in ORDER if any(one in pair for pair in pairs)]
    rows = [
        [level(live), *(f"{pairs.get((live, new), 0):,}" for new in seen)]
        for live in seen
        if any(pair[0] is live for pair in pairs)
    ]
    heads = ["Live", *(f"Candidate: {LEVEL_WORDS[new].lower()}" for new in seen)]
    plain_table(f"Messages by level, at most the newest {MOST_TEXTS:,} texts", heads, rows)
    both = found.levels.agreement()
    if not both.short_of:
        st.html(
            f"<p class=\"ov-soft\">Beyond chance: Gwet's AC1 {estimate_words(both.ac1)}, Cohen's"
            f" kappa {estimate_words(both.kappa)}.</p>"
        )


def _people(found: Comparison) -> None:
    for floor in FLOORS:
        one = against_people(found.judged, floor=floor)
        word = LEVEL_WORDS[floor].lower()
        plain_table(
            f"Against people's own levels: {word} or worse",
            ["", "Live", "Candidate"],
            [
                _row(
                    f"People call it {word} or worse: found", one.live_recall, one.candidate_recall
                ),
                _row("The rest: false alarms", one.live_false_alarms, one.candidate_false_alarms),
            ],
        )
    st.html(f'<p class="ov-soft">{safe(PEOPLE)}</p>')


def _row(name: str, live: Share, candidate: Share) -> list[str]:
    return [name, share_words(live, "stretches"), share_words(candidate, "stretches")]


def _grades(grades: Mapping[tuple[Grade, Grade], int]) -> None:
    if not grades:
        return
    seen = [one for one in reversed(Grade) if any(one in pair for pair in grades)]
    rows = [
        [one.value, *(f"{grades.get((one, new), 0):,}" for new in seen)]
        for one in seen
        if any(pair[0] is one for pair in grades)
    ]
    heads = ["Live", *(f"Candidate: {new.value}" for new in seen)]
    plain_table("Draft replies by worst grade (H3: never send)", heads, rows)

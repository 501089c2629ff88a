"""Drawing what the ratings amount to, and the lowered levels that wait for a second person."""

import uuid
from collections.abc import Sequence

import streamlit as st

from db.session import RECORD_ERRORS
from oversight.domain.agreement import Agreement
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page, reads_items
from oversight.domain.rubric import ANSWERS, QUESTION_TEXT, Question
from oversight.queries.quality import LoweredLevel, RatingSummary
from oversight.services import undoing
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.metrics_figures import (
    NOT_ENOUGH,
    Figure,
    estimate_words,
    figures,
    plain_table,
    share_figure,
    span,
)
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting
from oversight.ui.words import badge, moment, safe

ANSWER_WORDS = {2: "Yes", 1: "Partly", 0: "No", None: "Not applicable"}
LOWERED_SHOWN = 4
LEVELS_WORDS = (
    "A level is compared only where the first reader gave one before seeing the classifier's:"
    " always from moderate up, and in a share of the rest. AC1 and kappa are agreement beyond"
    " chance: 1 is perfect, 0 is what chance gives. Kappa alone misleads where risk is rare, so"
    " the others stand beside it. Clinicians who rated such conversations agreed at 0.77 (VERA-MH)."
)


def agreement_summary(found: RatingSummary) -> None:
    """Agreement with the first readers, every figure with its cases."""
    st.subheader("Agreement with the first reader", anchor=False)
    figures(
        [
            share_figure("Supervisor agrees with the decision", found.agrees, "ratings"),
            _same("Same answer: moderate or above?", found.risky),
            _same("Same level exactly", found.levels),
            share_figure("Items that pass questions 1 to 3", found.passed, "ratings"),
        ],
        across=4,
    )
    with st.expander("Beyond chance, and the answers to the seven questions"):
        _beyond_chance(found)
        _answers(found)


def _same(name: str, found: Agreement) -> Figure:
    cases = f"{found.same:,} of {found.n:,} pairs of levels"
    if found.short_of or found.percent is None or found.percent.interval is None:
        return Figure(name, NOT_ENOUGH, f"{cases}; {found.short_of} more needed")
    words = f"{cases}; 95% interval {span(found.percent.interval)}"
    return Figure(name, f"{100 * found.percent.value:.0f}%", words)


def _beyond_chance(found: RatingSummary) -> None:
    rows = []
    for name, one in (("Moderate or above?", found.risky), ("Exact level", found.levels)):
        if one.short_of:
            words = f"{NOT_ENOUGH}: {one.short_of} more pairs"
            rows.append([name, one.n, words, words, words if one is found.risky else "–"])
            continue
        both = "no such item yet" if found.positive is None else estimate_words(found.positive)
        positive = both if one is found.risky else "–"
        rows.append([name, one.n, estimate_words(one.ac1), estimate_words(one.kappa), positive])
    plain_table(
        "Beyond chance (95% interval)",
        ["Compared", "Pairs", "Gwet's AC1", "Cohen's kappa", "Agreement on moderate or above"],
        rows,
    )
    st.html(f'<p class="ov-soft">{safe(LEVELS_WORDS)}</p>')


def _answers(found: RatingSummary) -> None:
    rows = [
        [
            f"{question.value}. {QUESTION_TEXT[question]}",
            *(found.answers[question].get(answer, 0) for answer in ANSWERS),
        ]
        for question in Question
    ]
    heads = ["Question", *(ANSWER_WORDS[answer] for answer in ANSWERS)]
    plain_table(f"Answers in {found.ratings:,} ratings", heads, rows)


def lowered_list(lowered: Sequence[LoweredLevel], person: Person) -> None:
    """Each with its reason and when it is due; whoever lowered it cannot confirm it."""
    if not lowered:
        return
    st.subheader("Lowered from high or imminent: waiting for a second person", anchor=False)
    said = st.session_state.pop("lowered-said", "")
    if said:
        st.info(said, icon=":material/info:")
    for one in lowered[:LOWERED_SHOWN]:
        _lowered_row(one, person)
    rest = lowered[LOWERED_SHOWN:]
    if rest:
        late = sum(one.overdue for one in rest)
        overdue = f", {late} of them overdue" if late else ""
        with st.expander(f"{len(rest)} more{overdue}"):
            for one in rest:
                _lowered_row(one, person)


def _lowered_row(one: LoweredLevel, person: Person) -> None:
    words, button = st.columns([5, 1.3], vertical_alignment="center")
    words.html(_lowered(one))
    if one.by_id == person.id:
        button.caption("You lowered it: somebody else confirms.")
    elif reads_items(person.role):
        button.button(
            "I agree",
            key=f"confirm-{one.change_id}",
            on_click=_confirm,
            args=(one.change_id,),
            help="If you do not agree, open the conversation and escalate it from Triage.",
        )


def _lowered(one: LoweredLevel) -> str:
    due = f"due {moment(one.due_at)}"
    if one.overdue:
        due = f'<b class="ov-late">overdue: was due {moment(one.due_at)}</b>'
    where = f"/{Page.CONVERSATION.value}?conversation={one.conversation_id}"
    return (
        f'<div class="ov-head"><span class="ov-who">{safe(one.participant)}</span>'
        f"{badge(one.before)} to {badge(one.after)} <span>{due}</span>"
        f'<a href="{where}" target="_self">Read the conversation</a></div>'
        f"<div>Reason: {safe(one.reason)}</div>"
        f'<div class="ov-soft">{safe(one.by)}, {moment(one.at)}</div>'
    )


def _confirm(change_id: uuid.UUID) -> None:
    try:
        person = acting(Page.QUALITY)
        with runtime.database().transaction() as session:
            undoing.confirm_lowering(session, change_id, person.id)
        st.session_state["lowered-said"] = "Confirmed: the lower level stands."
    except Refusal as refusal:
        words = refusal.message
        st.session_state["lowered-said"] = f"{words[:1].upper()}{words[1:]}."
    except RECORD_ERRORS:
        st.session_state["lowered-said"] = AWAY

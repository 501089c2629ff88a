"""The refresher drill: one made-up moment at a time, one's own answer first, then what it was."""

import uuid

import streamlit as st

from db.session import Session
from oversight.domain.drill import DrillItem, Feedback
from oversight.domain.severity import Severity
from oversight.queries.drill import DrillState, drill_items
from oversight.services.drilling import answer_drill, begin_drill, leave_drill
from oversight.services.people import Person
from oversight.ui.shift import heading, press, tell
from oversight.ui.shift_words import drill_html, feedback_words, score_words
from oversight.ui.words import level

HEARD = "drill-heard"
LEVELS = (Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4)


def drill_part(latest: DrillState | None) -> None:
    """Begin, go on, hear how it was, leave."""
    heading("A refresher before you read")
    tell("drill")
    heard: tuple[Feedback, Severity | None] | None = st.session_state.get(HEARD)
    if heard is not None:
        _hear(*heard)
    elif latest is not None and latest.item is not None:
        _ask(latest, latest.item)
    else:
        st.write(
            "Forty made-up moments, half of which need a person: rare things are seen better after"
            " some practice. How you do is kept for you alone, and is not in the Record."
        )
        st.button("Begin a refresher", key="drill-begin", on_click=_begin)
    if latest is not None and (latest.item is not None or latest.finished_at is not None):
        st.caption(score_words(latest.score))


def _ask(drill: DrillState, item: DrillItem) -> None:
    st.html(drill_html(item))
    with st.form("drill", border=False):
        st.radio(
            "Your level",
            LEVELS,
            index=None,
            format_func=level,
            horizontal=True,
            key=_key(item.id),
            help="For yourself: only whether you raise it counts.",
        )
        with st.container(horizontal=True):
            for words, act in (("Raise it", _raise), ("Leave it", _leave_be)):
                st.form_submit_button(words, on_click=act, args=(drill.drill_id, item.id))
    st.button("Stop here", key="drill-stop", on_click=_leave, args=(drill.drill_id,))


def _hear(told: Feedback, own: Severity | None) -> None:
    item = next((one for one in drill_items() if one.id == told.item_id), None)
    if item is not None:
        st.html(drill_html(item))
    st.info(feedback_words(told, own))
    st.button("Next", key="drill-next", on_click=_next)


def _key(item_id: str) -> str:
    return f"drill-level-{item_id}"


def _begin() -> None:
    def act(session: Session, person: Person) -> str:
        begin_drill(session, person.id)
        return ""

    press("drill", act)


def _raise(drill_id: uuid.UUID, item_id: str) -> None:
    _answer(drill_id, item_id, raised=True)


def _leave_be(drill_id: uuid.UUID, item_id: str) -> None:
    _answer(drill_id, item_id, raised=False)


def _answer(drill_id: uuid.UUID, item_id: str, *, raised: bool) -> None:
    own = st.session_state.get(_key(item_id))

    def act(session: Session, person: Person) -> str:
        told = answer_drill(session, drill_id, person.id, item_id, raised=raised)
        st.session_state[HEARD] = (told, Severity(own) if own else None)
        return ""

    press("drill", act)


def _leave(drill_id: uuid.UUID) -> None:
    def act(session: Session, person: Person) -> str:
        leave_drill(session, drill_id, person.id)
        return "You stopped here. Begin anew whenever you like."

    press("drill", act)


def _next() -> None:
    st.session_state.pop(HEARD, None)

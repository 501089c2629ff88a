"""Calm ones: harmless conversations read one after another and decided with one key."""

import uuid
from collections.abc import Sequence

import streamlit as st

from db.session import RECORD_ERRORS
from oversight.domain.bulk import Band
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Page
from oversight.queries.bulk import BulkLine, bulk_lines
from oversight.services.bulk import Shown, decide_together, undo_together
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.said import sentence
from oversight.ui.together import line_html, told_decided, told_undone
from oversight.ui.trouble import AWAY
from oversight.ui.who import acting, guard

AT_ONCE = 20
HIGHEST = 10
"""Scores up to this, of 100, are offered first; the reader may widen it."""


def render() -> None:
    """What may be decided together, nothing chosen beforehand."""
    person = guard(Page.TOGETHER)
    st.title("Calm ones", anchor=False)
    st.write(
        "Conversations at *No risk seen* and *Low* whose replies nothing was found against. Read"
        " each, choose those whose reply may go out as it is, and decide them together. Everything"
        " else stays in Triage."
    )
    _tell()
    low, high = st.slider(
        "Likeliest risk, of 100", 0, 100, (0, HIGHEST), key="band", help="As the classifier scored"
    )
    lines = _lines(person, Band(low / 100, high / 100))
    if not lines:
        st.info("Nothing like this waits now.", icon=":material/done_all:")
        st.button("Look again", icon=":material/refresh:")
        return
    _choose(lines)


def _lines(person: Person, band: Band) -> Sequence[BulkLine]:
    named = st.query_params.get("conversation")
    with runtime.database().reading() as session:
        try:
            only = uuid.UUID(named) if named else None
            return bulk_lines(session, person.id, band=band, conversation_id=only, limit=AT_ONCE)
        except (Refusal, ValueError) as refusal:
            st.warning(getattr(refusal, "message", "There is no such conversation."))
            return ()


def _choose(lines: Sequence[BulkLine]) -> None:
    st.checkbox(f"Choose all {len(lines)} shown", key="all", on_change=_choose_all, args=(lines,))
    with st.form("together", border=False):
        for line in lines:
            chosen = "may go out as it is" if line.reply is not None else "I have read this"
            st.checkbox(f"{line.participant}: {chosen}", key=_key(line))
            st.html(line_html(line))
        st.form_submit_button(
            "Decide the chosen ones", type="primary", on_click=_decide, args=(lines,)
        )


def _choose_all(lines: Sequence[BulkLine]) -> None:
    for line in lines:
        st.session_state[_key(line)] = st.session_state["all"]


def _key(line: BulkLine) -> str:
    """Of a line as it stands: what is new in it is not chosen."""
    return f"choose-{line.item_id}-{line.version}"


def _decide(lines: Sequence[BulkLine]) -> None:
    chosen = [line for line in lines if st.session_state.get(_key(line))]
    batch = uuid.uuid4()
    try:
        with runtime.database().transaction() as session:
            person = acting(Page.TOGETHER, session)
            shown = [Shown(line.item_id, line.version) for line in chosen]
            done = decide_together(session, batch, person.id, shown)
    except Refusal as refusal:
        st.session_state.together = ("warning", f"{sentence(refusal.message)}.", None)
        return
    except RECORD_ERRORS:
        st.session_state.together = ("warning", AWAY, None)
        return
    st.session_state["all"] = False
    names = {line.item_id: line.participant for line in chosen}
    st.session_state.together = ("success", told_decided(done, names), str(batch))


def _tell() -> None:
    kind, words, batch = st.session_state.get("together", ("", "", None))
    if not words:
        return
    (st.success if kind == "success" else st.warning)(words)
    if batch:
        st.button(
            "Take them back", key="back", icon=":material/undo:", on_click=_undo, args=(batch,)
        )


def _undo(batch: str) -> None:
    try:
        with runtime.database().transaction() as session:
            undone = undo_together(session, uuid.UUID(batch), acting(Page.TOGETHER, session).id)
    except Refusal as refusal:
        st.session_state.together = ("warning", f"{sentence(refusal.message)}.", None)
        return
    except RECORD_ERRORS:
        st.session_state.together = ("warning", AWAY, None)
        return
    st.session_state.together = ("success", told_undone(undone), None)

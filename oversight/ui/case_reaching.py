"""On the page Case: trying to reach somebody, a welfare check, handing over, follow-ups."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from oversight.domain.permissions import Page
from oversight.queries.case_records import CaseView, FollowUpLine
from oversight.queries.people import Reader
from oversight.services import attempts, follow_ups, handing_off
from oversight.services.people import Person
from oversight.ui.case_words import (
    CHANNEL_WORDS,
    OUTCOME_WORDS,
    attempts_html,
    follow_up_words,
    welfare_words,
)
from oversight.ui.said import doing


def reaching(case: CaseView, *, now: datetime, acts: bool) -> None:
    """Attempts with their timers, and the welfare check."""
    st.subheader("Reaching them", anchor=False)
    st.html(attempts_html(case, now=now))
    if acts and case.signed_by is None:
        with st.expander("Note an attempt"), st.form("attempt", border=False):
            left, right = st.columns(2)
            left.selectbox(
                "How", list(CHANNEL_WORDS), format_func=lambda one: CHANNEL_WORDS[one], key="how"
            )
            right.selectbox(
                "What came of it",
                list(OUTCOME_WORDS),
                index=None,
                format_func=lambda one: OUTCOME_WORDS[one],
                key="came",
            )
            st.text_input("Words left for them (if any)", key="left")
            st.form_submit_button("Note it", on_click=_attempt, args=(case.escalation_id,))
    st.write(welfare_words(case))
    if acts:
        _welfare(case)


def _welfare(case: CaseView) -> None:
    if case.welfare is None:
        with st.expander("Ask for a welfare check"), st.form("welfare", border=False):
            st.text_area("Why should somebody look after them?", key="welfare-why")
            st.checkbox("An attempt is in progress (one person may decide)", key="welfare-now")
            st.form_submit_button("Ask for it", on_click=_propose, args=(case.escalation_id,))
    elif case.welfare.confirmed_by is None:
        st.button("I agree to the welfare check", on_click=_agree, args=(case.escalation_id,))


def following(
    case: CaseView, team: Sequence[Reader], person: Person, *, now: datetime, acts: bool
) -> None:
    """Follow-ups with their owners; handing the case over by name."""
    st.subheader("Follow-ups", anchor=False)
    follow_up_list(case.follow_ups, now=now, acts=acts)
    if not case.follow_ups:
        st.write("None is planned.")
    if not acts:
        return
    with st.expander("Plan the follow-ups of this level"), st.form("plan", border=False):
        _who("Owner", team, "follow-owner")
        st.form_submit_button("Plan them", on_click=_plan, args=(case.escalation_id,))
    others = [one for one in team if one.id != person.id]
    with st.expander("Ask a colleague to take over the case"), st.form("handoff", border=False):
        _who("Colleague", others, "handoff-to")
        st.text_area("What they must know", key="handoff-note")
        st.form_submit_button("Ask", on_click=_hand_off, args=(case.escalation_id,))


def follow_up_list(found: Sequence[FollowUpLine], *, now: datetime, acts: bool) -> None:
    """Each follow-up; whoever did it says what came of it."""
    for one in found:
        st.markdown(f"- {one.reference}: {follow_up_words(one, now=now)}")
    waiting = [one for one in found if one.done_at is None]
    if acts and waiting:
        with st.expander("A follow-up was done"), st.form("follow-up", border=False):
            st.selectbox(
                "Which",
                waiting,
                format_func=lambda one: f"{one.reference}: {follow_up_words(one, now=now)}",
                key="follow-which",
            )
            st.text_input("What came of it", key="follow-outcome")
            st.form_submit_button("Note it", key="follow-done", on_click=_finish)


def _who(label: str, team: Sequence[Reader], key: str) -> None:
    st.selectbox(label, team, format_func=lambda one: one.name, key=key)


def _attempt(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    if state.get("came") is None:
        state.told = (False, "Say what came of the attempt.")
        return
    with doing(Page.CASE, "Noted.") as act:
        attempts.record_attempt(
            act.session,
            escalation_id,
            act.person.id,
            channel=state["how"],
            outcome=state["came"],
            words_left=state["left"],
            now=act.now,
        )


def _propose(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    with doing(Page.CASE) as act:
        ordered = attempts.propose_welfare_check(
            act.session,
            escalation_id,
            act.person.id,
            reason=state["welfare-why"],
            attempt_in_progress=state["welfare-now"],
            now=act.now,
        )
        act.done = (
            "It is ordered: call the emergency number." if ordered else "A second must agree."
        )


def _agree(escalation_id: uuid.UUID) -> None:
    with doing(Page.CASE, "It is ordered: call the emergency number.") as act:
        attempts.confirm_welfare_check(act.session, escalation_id, act.person.id, now=act.now)


def _plan(escalation_id: uuid.UUID) -> None:
    owner: Reader = st.session_state["follow-owner"]
    with doing(Page.CASE) as act:
        planned = follow_ups.plan_follow_ups(act.session, escalation_id, act.person.id, owner.id)
        act.done = f"{planned} planned, with {owner.name}."


def _finish() -> None:
    state = st.session_state
    with doing(Page.CASE, "Noted.") as act:
        follow_ups.finish_follow_up(
            act.session, state["follow-which"].id, act.person.id, outcome=state["follow-outcome"]
        )


def _hand_off(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    if state.get("handoff-to") is None:
        return
    with doing(Page.CASE, "Asked. Until they accept, the case stays with you.") as act:
        handing_off.ask_handoff(
            act.session,
            escalation_id,
            act.person.id,
            state["handoff-to"].id,
            note=state["handoff-note"],
            now=act.now,
        )

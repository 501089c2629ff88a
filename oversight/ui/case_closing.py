"""On the page Case: the clinical forms, the closure record, and its two signatures."""

import uuid
from datetime import datetime

import streamlit as st

from oversight.domain.closure import FIELDS, MEANINGS, SignatureMeaning
from oversight.domain.forms import PLAN_STEPS, QUESTIONS, Answer, Asked, PlanState
from oversight.domain.permissions import Page, Role
from oversight.domain.severity import Severity
from oversight.queries.case_records import CaseView
from oversight.services import case_forms, case_records
from oversight.services.people import Person
from oversight.ui.case_words import (
    ASKED_WORDS,
    FORM_WORDS,
    PLAN_WORDS,
    WHEN_WORDS,
    reports_html,
)
from oversight.ui.said import doing
from oversight.ui.words import LEVEL_WORDS

LEVELS = (Severity.L4, Severity.L3, Severity.L2, Severity.L1, Severity.L0)
DIFFERS = "level_differs_because"


def closing(case: CaseView, person: Person, *, now: datetime, acts: bool) -> None:
    """Forms and record; nothing can be changed once it is signed."""
    st.subheader("Forms and closing", anchor=False)
    for kind, words in FORM_WORDS.items():
        st.markdown(f"- {words}: {'filled in' if kind in case.forms else 'not filled in'}")
    st.html(reports_html(case.reports, now=now) or "<p>No report is owed.</p>")
    if case.signed_by is not None:
        _cosigning(case, person)
    elif acts and case.record is None:
        st.button("Begin the record", on_click=_begin, args=(case.escalation_id,))
    elif acts:
        _screener(case.escalation_id)
        _plan(case.escalation_id)
        _adverse(case.escalation_id)
        _record(case)
        _signing(case)


def _screener(escalation_id: uuid.UUID) -> None:
    with st.expander("Fill in the C-SSRS screener"), st.form("screener", border=False):
        st.caption("Ask in the instrument's own words. Questions 3 to 5 only after a yes to 2.")
        for number, words in QUESTIONS.items():
            st.radio(
                f"{number}. {words}",
                list(ASKED_WORDS),
                index=None,
                format_func=lambda one: ASKED_WORDS[one],
                horizontal=True,
                key=f"asked-{number}",
            )
            if number in (5, 6):
                st.selectbox(
                    f"When, for question {number}",
                    list(WHEN_WORDS),
                    index=None,
                    format_func=lambda one: WHEN_WORDS[one],
                    key=f"when-{number}",
                )
        st.text_input("Not asked, because", key="not-asked")
        st.form_submit_button("Keep the screener", on_click=_keep_screener, args=(escalation_id,))


def _plan(escalation_id: uuid.UUID) -> None:
    with st.expander("Fill in the safety plan"), st.form("safety-plan", border=False):
        st.radio(
            "The plan",
            list(PLAN_WORDS),
            index=None,
            format_func=lambda one: PLAN_WORDS[one],
            horizontal=True,
            key="plan-state",
        )
        for name, words in PLAN_STEPS.items():
            st.text_area(words, key=f"plan-{name}", height=68)
        st.text_input("If declined, why", key="plan-because")
        st.form_submit_button("Keep the safety plan", on_click=_keep_plan, args=(escalation_id,))


def _adverse(escalation_id: uuid.UUID) -> None:
    with st.expander("Assess as an adverse event"), st.form("adverse", border=False):
        st.checkbox("Serious", key="ae-serious")
        st.checkbox("Life-threatening or fatal", key="ae-life")
        st.checkbox("Related to the study", key="ae-related")
        st.checkbox("Expected", key="ae-expected")
        st.form_submit_button("Keep the assessment", on_click=_keep_adverse, args=(escalation_id,))


def _record(case: CaseView) -> None:
    assert case.record is not None
    kept, version = case.record.fields, case.record.version
    with st.expander("Write the record"), st.form("record", border=False):
        st.caption("Where something is not known, write “not known, because …”.")
        for name, words in FIELDS.items():
            st.text_area(
                words.capitalize(), kept.get(name, ""), key=f"field-{name}-{version}", height=68
            )
        st.selectbox(
            "The level that you give it",
            LEVELS,
            index=LEVELS.index(Severity(case.record.assigned)) if case.record.assigned else None,
            format_func=lambda one: LEVEL_WORDS[one],
            key=f"assigned-{version}",
        )
        st.text_input(
            "Why it differs from the classifier's level (if it does)",
            kept.get(DIFFERS, ""),
            key=f"field-{DIFFERS}-{version}",
        )
        st.form_submit_button("Save", on_click=_save, args=(case.escalation_id, version))
    st.button("What is still missing?", on_click=_missing, args=(case.escalation_id,))


def _signing(case: CaseView) -> None:
    assert case.record is not None
    with st.expander("Sign and close"), st.form("sign", border=False, clear_on_submit=True):
        st.write(f"Your signature says: “{MEANINGS[SignatureMeaning.AUTHOR]}”")
        st.text_input("Your password, again", type="password", key="sign-password")
        args = (case.escalation_id, case.record.version)
        st.form_submit_button("Sign and close the case", on_click=_sign, args=args)


def _cosigning(case: CaseView, person: Person) -> None:
    if case.cosigned_by is not None:
        st.write("Signed by two people: this record is final.")
        return
    st.write(f"Signed by {case.signed_by}; it waits for a supervisor who did not write it.")
    if person.role is Role.SUPERVISOR:
        with st.form("cosign", clear_on_submit=True):
            st.write(f"Your signature says: “{MEANINGS[SignatureMeaning.REVIEW]}”")
            st.text_input("Your password, again", type="password", key="cosign-password")
            st.form_submit_button("Co-sign", on_click=_cosign, args=(case.escalation_id,))


def _begin(escalation_id: uuid.UUID) -> None:
    with doing(Page.CASE, "The record is begun.") as act:
        case_records.open_record(act.session, escalation_id)


def _keep_screener(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    screener = {
        number: Answer(
            asked,
            state.get(f"when-{number}"),
            state["not-asked"] if asked is Asked.NOT_ASKED else "",
        )
        for number in QUESTIONS
        if (asked := state.get(f"asked-{number}")) is not None
    }
    with doing(Page.CASE) as act:
        level = case_forms.fill_screener(
            act.session, escalation_id, act.person.id, screener, now=act.now
        )
        act.done = f"Kept. By the answers alone: {LEVEL_WORDS[level]}. You decide the level."


def _keep_plan(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    chosen: PlanState | None = state.get("plan-state")
    if chosen is None:
        state.told = (False, "Say whether the plan was made, exists, or was declined.")
        return
    with doing(Page.CASE, "The safety plan is kept.") as act:
        case_forms.fill_safety_plan(
            act.session,
            escalation_id,
            act.person.id,
            state=chosen,
            steps={name: state[f"plan-{name}"] for name in PLAN_STEPS},
            because=state["plan-because"],
            now=act.now,
        )


def _keep_adverse(escalation_id: uuid.UUID) -> None:
    state = st.session_state
    with doing(Page.CASE) as act:
        owed = case_forms.assess_adverse_event(
            act.session,
            escalation_id,
            act.person.id,
            serious=state["ae-serious"],
            life_threatening=state["ae-life"],
            related=state["ae-related"],
            expected=state["ae-expected"],
            now=act.now,
        )
        act.done = f"Kept. Reports owed: {len(owed)}."


def _save(escalation_id: uuid.UUID, version: int) -> None:
    state = st.session_state
    with doing(Page.CASE, "Saved.") as act:
        case_records.save_record(
            act.session,
            escalation_id,
            act.person.id,
            fields={name: state[f"field-{name}-{version}"] for name in (*FIELDS, DIFFERS)},
            assigned=state[f"assigned-{version}"],
            version=version,
        )


def _missing(escalation_id: uuid.UUID) -> None:
    with doing(Page.CASE) as act:
        missing = case_records.still_missing(act.session, escalation_id)
        told = "; ".join(missing)
        act.done = f"Still missing: {told}." if missing else "Nothing: it can be signed."


def _sign(escalation_id: uuid.UUID, version: int) -> None:
    password = st.session_state.get("sign-password", "")
    with doing(Page.CASE, "Signed; the case is closed.") as act:
        case_records.sign_and_close(
            act.session,
            escalation_id,
            act.person.id,
            password=password,
            version=version,
            now=act.now,
        )


def _cosign(escalation_id: uuid.UUID) -> None:
    password = st.session_state.get("cosign-password", "")
    with doing(Page.CASE, "Co-signed.") as act:
        case_records.cosign(
            act.session, escalation_id, act.person.id, password=password, now=act.now
        )

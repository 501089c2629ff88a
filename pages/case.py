"""Case: from the first attempt to reach somebody to the second signature."""

import uuid

import streamlit as st

from oversight.domain.errors import NotFound
from oversight.domain.permissions import Page, reads_items
from oversight.queries.case_records import (
    HandoffLine,
    case_view,
    cosignatures_due,
    follow_ups,
    handoffs_asked,
)
from oversight.queries.ladders import open_escalations
from oversight.queries.people import readers
from oversight.services import handing_off
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.case_closing import closing
from oversight.ui.case_reaching import follow_up_list, following, reaching
from oversight.ui.case_words import head_html, timeline_html
from oversight.ui.duty_words import zone_here
from oversight.ui.said import doing, tell
from oversight.ui.who import guard
from oversight.ui.words import badge, moment, safe

SHOWN = 30


def render() -> None:
    """The case that the address names, else what waits for somebody in any."""
    person = guard(Page.CASE)
    st.title("Case", anchor=False)
    tell()
    chosen = st.query_params.get("escalation") or st.query_params.get("case")
    if chosen:
        _show(chosen, person)
    else:
        _waiting(person)


def _show(chosen: str, person: Person) -> None:
    try:
        with runtime.database().reading() as session:
            case = case_view(session, uuid.UUID(chosen))
            team = readers(session)
            now = runtime.now(session)
    except (NotFound, ValueError):
        st.error("There is no such case. It may have been mistyped in the address.")
        return
    acts = reads_items(person.role)
    st.html(head_html(case))
    reaching(case, now=now, acts=acts)
    closing(case, person, now=now, acts=acts)
    following(case, team, person, now=now, acts=acts)
    with st.expander("Timeline, filled in by the system"):
        st.html(timeline_html(case))


def _waiting(person: Person) -> None:
    with runtime.database().reading() as session:
        now = runtime.now(session)
        running = open_escalations(session, now=now)
        due = follow_ups(session, open_only=True)
        unsigned = cosignatures_due(session)
        asked = handoffs_asked(session, person.id)
    for one in asked:
        _handoff(one, person)
    st.subheader("Follow-ups that are due", anchor=False)
    mine = sorted(due, key=lambda one: one.owner_id != person.id)
    follow_up_list(mine[:SHOWN], now=now, acts=reads_items(person.role))
    if not due:
        st.write("None.")
    st.subheader("Waiting for a supervisor's signature", anchor=False)
    lines = "".join(
        f"<li>{_link(escalation_id, f'signed by {who}')} {moment(at, zone_here())}</li>"
        for escalation_id, who, at in unsigned
    )
    st.html(f"<ul>{lines}</ul>" if lines else "<p>None.</p>")
    st.subheader("Open cases", anchor=False)
    lines = "".join(
        f"<li>{badge(one.severity)} {_link(one.id, f'{one.participant}, {one.reference}')}</li>"
        for one in running[:SHOWN]
    )
    st.html(f"<ul>{lines}</ul>" if lines else "<p>None.</p>")
    if len(running) > SHOWN:
        st.write(f"{len(running) - SHOWN} more.")


def _link(escalation_id: uuid.UUID, words: str) -> str:
    return f'<a target="_self" href="/case?escalation={escalation_id}">{safe(words)}</a>'


def _handoff(one: HandoffLine, person: Person) -> None:
    st.markdown(f"**{one.from_name} asks {one.to_name} to take over {one.reference}:** {one.note}")
    with st.container(horizontal=True):
        if one.to_id == person.id:
            st.button("I take it", key=f"take-{one.id}", on_click=_answer, args=(one.id, True))
            st.button("I cannot", key=f"not-{one.id}", on_click=_answer, args=(one.id, False))
        else:
            st.button("Take it back", key=f"back-{one.id}", on_click=_withdraw, args=(one.id,))


def _answer(handoff_id: uuid.UUID, accepts: bool) -> None:  # noqa: FBT001 (an argument of a button)
    with doing(Page.CASE, "You have it." if accepts else "Declined.") as act:
        handing_off.answer_handoff(
            act.session, handoff_id, act.person.id, accepts=accepts, now=act.now
        )


def _withdraw(handoff_id: uuid.UUID) -> None:
    with doing(Page.CASE, "Taken back.") as act:
        handing_off.withdraw_handoff(act.session, handoff_id, act.person.id, now=act.now)

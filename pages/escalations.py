"""Escalations: mine, open, breached; the ladder of each, minute by minute, and what to press."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from oversight.domain.ladder import Seen
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Page, reads_items
from oversight.queries.ladders import Ladder, OpenEscalation, ladder, open_escalations
from oversight.services import escalating
from oversight.services.people import Person
from oversight.ui import runtime
from oversight.ui.duty_words import clock, zone_here
from oversight.ui.ladders import escalation_html, ladder_html
from oversight.ui.said import doing, tell
from oversight.ui.who import guard

SHOWN = 20
"""The gravest are drawn with their ladders; the rest are counted."""

LISTS = ("Open", "Mine", "Breached")


def render() -> None:
    """Everything that calls people now, the worst and those that nobody has first."""
    person = guard(Page.ESCALATIONS)
    st.title("Escalations", anchor=False)
    tell()
    with runtime.database().reading() as session:
        now = runtime.now(session)
        found = open_escalations(session, now=now)
        lists = {name: [one for one in found if _in(name, one, person)] for name in LISTS}
        chosen = st.radio(
            "Which",
            LISTS,
            format_func=lambda name: f"{name} ({len(lists[name])})",
            horizontal=True,
            key="which-escalations",
        )
        shown = lists[chosen or LISTS[0]]
        drawn = [(one, ladder(session, one.id)) for one in shown[:SHOWN]]
    st.button(f"As of {clock(now)} ({zone_here()}). Look again", icon=":material/refresh:")
    if not shown:
        st.info("None now.", icon=":material/done_all:")
    _draw(drawn, person, now=now)
    if len(shown) > SHOWN:
        st.write(f"{len(shown) - SHOWN} more are open below these.")


def _in(name: str, one: OpenEscalation, person: Person) -> bool:
    if name == "Mine":
        return one.owner_id == person.id
    return name == "Open" or bool(one.breaches)


def _draw(drawn: Sequence[tuple[OpenEscalation, Ladder]], person: Person, *, now: datetime) -> None:
    for one, steps in drawn:
        with st.container(border=True):
            st.html(escalation_html(one, steps, now=now))
            if reads_items(person.role):
                _buttons(one, person)
            with st.expander(
                f"Ladder of {one.reference}, minute by minute", expanded=len(drawn) < 4
            ):
                st.html(ladder_html(one, steps, now=now))
            if one.owner_id is not None and reads_items(person.role):
                _resolving(one)


def _buttons(one: OpenEscalation, person: Person) -> None:
    with st.container(horizontal=True):
        if one.owner_id != person.id:
            st.button(
                "I have it" if one.owner_id is None else "I have it, too",
                key=f"have-{one.id}",
                type="primary",
                on_click=_have,
                args=(one.id,),
            )
        if one.status is EscalationStatus.OPEN:
            st.button(
                "Call the next step now", key=f"call-{one.id}", on_click=_call, args=(one.seen,)
            )


def _resolving(one: OpenEscalation) -> None:
    with st.expander("Say how it ended"), st.form(f"resolve-{one.id}", border=False):
        st.text_area("How did it end?", key=f"ended-{one.id}")
        st.form_submit_button("Resolve the escalation", on_click=_resolve, args=(one.id,))


def _have(escalation_id: uuid.UUID) -> None:
    with doing(Page.ESCALATIONS, "You have it.") as act:
        escalating.acknowledge(act.session, escalation_id, act.person.id, now=act.now)


def _call(seen: Seen) -> None:
    with doing(Page.ESCALATIONS, "The next step was called.") as act:
        escalating.call_next(act.session, seen, act.person.id, now=act.now)


def _resolve(escalation_id: uuid.UUID) -> None:
    words = str(st.session_state.get(f"ended-{escalation_id}", ""))
    with doing(Page.ESCALATIONS, "The escalation is resolved.") as act:
        escalating.resolve(act.session, escalation_id, act.person.id, resolution=words, now=act.now)

"""Quality: what was decided is read again by a supervisor, blind first, and compared."""

import uuid

import streamlit as st

from oversight.domain.errors import NotFound
from oversight.domain.permissions import Page, Role
from oversight.queries.quality import (
    SAMPLE_A_DAY,
    SAMPLE_DAYS,
    DecidedCase,
    Sample,
    decided_case,
    lowered_levels,
    rating_summary,
    sample,
)
from oversight.queries.shadow import comparison
from oversight.services.people import Person
from oversight.ui import quality_case as draw
from oversight.ui import quality_desk, runtime
from oversight.ui.metrics_figures import style
from oversight.ui.quality_agreement import agreement_summary, lowered_list
from oversight.ui.quality_shadow import shadow_section
from oversight.ui.who import guard

RULE = (
    f"The sample: of each of the last {SAMPLE_DAYS} days (UTC), {SAMPLE_A_DAY} decisions by a"
    " person, drawn by a fixed rule. Nobody chooses, every supervisor draws the same, and your own"
    " decisions are left out."
)


def render() -> None:
    """Agreement, lowered levels, and for supervisors the next decision to rate."""
    person = guard(Page.QUALITY)
    style()
    st.title("Quality", anchor=False)
    with runtime.database().reading() as session:
        summary = rating_summary(session)
        lowered = lowered_levels(session)
        # Levels in a list would spoil a supervisor's blind reading; leads do not rate.
        candidate = comparison(session) if person.role is Role.STUDY_LEAD else None
    agreement_summary(summary)
    lowered_list(lowered, person)
    if candidate is not None:
        shadow_section(candidate)
    st.subheader("A decision to read again", anchor=False)
    if person.role is Role.SUPERVISOR:
        _rate(person)
    else:
        st.write("Supervisors rate; here you see what comes of it.")
    st.caption(RULE)


def _rate(person: Person) -> None:
    desk = quality_desk.rating_desk()
    with runtime.database().reading() as session:
        drawn = sample(session, person.id)
    if desk.decision is None and drawn.next_id is not None:
        desk = quality_desk.begin(drawn.next_id)
    found = _read(desk.decision)
    if found is None:
        _nothing_left(drawn)
        return
    st.caption(f"{drawn.rated} of {drawn.drawn} in your sample are rated.")
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        draw.conversation(found)
        draw.draft(found)
        if desk.level is not None:
            draw.decision(found)
    with right:
        _ask(found, desk)


def _ask(found: DecidedCase, desk: quality_desk.RatingDesk) -> None:
    """First the level, blind; then the questions; then what was kept back."""
    if desk.level is None:
        draw.own_level()
    elif desk.saved:
        draw.reveal(found, desk)
    else:
        draw.form(found, desk)


def _read(decision: str | None) -> DecidedCase | None:
    if decision is None:
        return None
    try:
        with runtime.database().reading() as session:
            return decided_case(session, uuid.UUID(decision))
    except (NotFound, ValueError):
        quality_desk.next_one()
        return None


def _nothing_left(drawn: Sample) -> None:
    if drawn.drawn:
        st.write(f"You have rated all {drawn.drawn} decisions of your sample. Thank you.")
    else:
        st.write("Nothing has been decided yet that you could rate.")

"""My shift: duty, what one carries, questions, handing over, practice. Ranks nobody."""

import streamlit as st

from oversight.domain.permissions import Page, Role
from oversight.queries.drill import own_drills
from oversight.queries.exposure import team_load
from oversight.queries.handover import brief, offered_handovers
from oversight.queries.people import readers
from oversight.queries.questions import asked_by, asked_of
from oversight.queries.shift import answered_handovers, own_duty, raised_by
from oversight.ui import runtime
from oversight.ui.shift_drill import drill_part
from oversight.ui.shift_handover import handover_part
from oversight.ui.shift_load import duty_part, load_part, team_part
from oversight.ui.shift_questions import questions_part, raised_part
from oversight.ui.who import guard


def render() -> None:
    """The parts of one's shift, each with its own words and presses."""
    person = guard(Page.SHIFT)
    with runtime.database().reading() as session:
        duty = own_duty(session, person.id)
        asked_of_me = asked_of(session, person.id)
        asked_by_me = asked_by(session, person.id)
        own = brief(session, person.id)
        offered = offered_handovers(session, person.id)
        answered = answered_handovers(session, person.id)
        colleagues = readers(session)
        raised = raised_by(session, person.id)
        team = team_load(session, person.id) if person.role is Role.SUPERVISOR else None
        drills = own_drills(session, person.id, limit=1)
    st.title("My shift", anchor=False)
    duty_part(person, duty)
    left, right = st.columns(2, gap="large")
    with left:
        load_part()
        questions_part(asked_of_me, asked_by_me)
        raised_part(raised)
        if team is not None:
            team_part(team)
    with right:
        handover_part(person, own, offered, answered, colleagues)
        drill_part(drills[0] if drills else None)

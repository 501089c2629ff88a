"""On call: who is on, where nobody is, one's own pager, and planning by those who may."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.session import now
from db.tables import Clinician, ContactMethod, Leave, PagingTest, Shift
from oversight.domain.pages import ChannelKind
from oversight.domain.permissions import Role
from oversight.domain.words import ShiftPosition
from oversight.services import rota
from oversight.services.reaching import add_contact_method
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words


@pytest.fixture
def team(clinic: Clinic) -> uuid.UUID:
    return rota.create_team(
        clinic.session, clinic.person(Role.STUDY_LEAD), name="North", timezone="Europe/Berlin"
    )


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_it_names_who_is_on_and_says_where_nobody_is(
    clinic: Clinic, team: uuid.UUID, see: See
) -> None:
    lead, at = clinic.person(Role.STUDY_LEAD), now(clinic.session)
    on, after = clinic.person(), clinic.person()
    for who, start, end in ((on, -1, 5), (after, 5, 30)):
        rota.plan_shift(
            clinic.session,
            lead,
            team,
            who,
            position=ShiftPosition.PRIMARY,
            starts_at=at + timedelta(hours=start),
            ends_at=at + timedelta(hours=end),
        )
    told = words(see("on_call", Role.CLINICIAN))
    assert "<b>Person 3</b>" in told
    assert "<td>Person 4</td>" in told
    assert "North, primary</b>" in told
    assert "nobody who is on has a working contact method (Person 3, Person 4)" in told
    assert "nobody is on" in told
    assert "Person 3" in told.split("Without a contact method that works:")[1]


def test_my_pager_is_tested_and_answered(clinic: Clinic, see: See, session: Session) -> None:
    page = see("on_call", Role.CLINICIAN)
    assert "you cannot be called" in words(page)
    page.text_input(key="new-address").input("not an address")
    page.selectbox(key="new-channel").select(ChannelKind.EMAIL)
    page = press(page, "Add")
    assert "not an e-mail address" in page.warning[0].value
    page.text_input(key="new-address").input("ines@clinic.example")
    page = press(page, "Add")
    assert session.scalars(select(ContactMethod)).one().channel == ChannelKind.EMAIL
    page = press(page, "Test my pager")
    assert "waits for your answer" in words(page)
    page = press(page, "The test reached me")
    assert "answered" in words(page)
    assert session.scalars(select(PagingTest)).one().answered_at is not None


def test_leave_and_swaps_are_ones_own(clinic: Clinic, see: See, session: Session) -> None:
    other = clinic.person()
    page = press(see("on_call", Role.CLINICIAN), "Take leave")
    leave = session.scalars(select(Leave)).one()
    me = session.scalars(select(Clinician.id).where(Clinician.name == "Ines Halloran")).one()
    assert (leave.clinician_id, leave.created_by) == (me, me)
    at = now(session)
    rota.ask_swap(session, other, me, starts_at=at, ends_at=at + timedelta(hours=4))
    page = press(page.run(), "Accept")
    assert "Accepted" in page.success[0].value


def test_a_clinician_does_not_plan_and_a_supervisor_does(
    clinic: Clinic, team: uuid.UUID, see: See, session: Session
) -> None:
    clinic.person()
    assert "Add the shift" not in [one.label for one in see("on_call", Role.CLINICIAN).button]
    page = see("on_call", Role.SUPERVISOR)
    page.checkbox(key="shift-override").check()
    page.selectbox(key="shift-person").select_index(
        next(
            n
            for n, one in enumerate(page.selectbox(key="shift-person").options)
            if one == "Ines Halloran"
        )
    )
    page = press(page, "Add the shift")
    assert "The shift stands" in page.success[0].value
    assert session.scalars(select(Shift.kind)).all()[-1] == "override"


def test_a_calendar_is_planned_or_refused_whole(
    clinic: Clinic, team: uuid.UUID, see: See, session: Session
) -> None:
    clinic.person()
    page = see("on_call", Role.SUPERVISOR)
    start = now(session) + timedelta(days=1)
    entry = (
        "BEGIN:VEVENT\r\nUID:one@clinic\r\nSUMMARY:{who}\r\n"
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{start + timedelta(hours=8):%Y%m%dT%H%M%SZ}\r\n"
        "END:VEVENT\r\n"
    )
    for who, told in (("somebody unknown", "names nobody"), ("Ines Halloran", "1 shifts planned")):
        file = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{entry.format(who=who)}END:VCALENDAR\r\n"
        page.file_uploader[0].set_value(("rota.ics", file.encode(), "text/calendar"))
        page = press(page, "Plan these shifts")
        assert told in [*page.success, *page.warning][0].value
    assert len(session.scalars(select(Shift.id)).all()) == 1


def test_whoever_has_no_working_method_is_named(clinic: Clinic, see: See) -> None:
    person = clinic.person()
    add_contact_method(clinic.session, person, person, channel=ChannelKind.INBOX, address="")
    told = words(see("on_call", Role.STUDY_LEAD)).split("Without a contact method that works:")[1]
    assert "Person 1" in told.split("\n")[0]

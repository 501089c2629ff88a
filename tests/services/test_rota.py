"""The rota on the real record: planning, swaps, going off by hand, gaps told ahead, calendars."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, ContactMethod, GapNotice, Shift, new_id
from oversight.domain.errors import Incomplete, NotFound, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.words import ShiftPosition
from oversight.queries import rota as asked
from oversight.queries.on_call import on_call
from oversight.queries.people import readers
from oversight.services import calendars, covering, duty, people, rota
from oversight.services.rota import Turns
from tests.services.clinic import Clinic

HOUR = timedelta(hours=1)


@pytest.fixture
def lead(clinic: Clinic) -> uuid.UUID:
    return clinic.person(Role.STUDY_LEAD)


@pytest.fixture
def team(clinic: Clinic, lead: uuid.UUID) -> uuid.UUID:
    return rota.create_team(clinic.session, lead, name="North", timezone="Europe/Berlin")


def primary(clinic: Clinic) -> list[uuid.UUID]:
    at = now(clinic.session)
    return on_call(clinic.session, ["primary"], now=at, study_id=clinic.study_id)


def plan(clinic: Clinic, lead, team, who, start: float, end: float, **more: object) -> uuid.UUID:
    at = now(clinic.session)
    return rota.plan_shift(
        clinic.session,
        lead,
        team,
        who,
        position=ShiftPosition.PRIMARY,
        starts_at=at + start * HOUR,
        ends_at=at + end * HOUR,
        **more,  # type: ignore[arg-type]
    )


def reachable(clinic: Clinic, who: uuid.UUID) -> None:
    at = now(clinic.session)
    clinic.session.add(
        ContactMethod(
            id=new_id(), clinician_id=who, place=1, channel="inbox", address="-", verified_at=at
        )
    )
    clinic.session.flush()


def test_the_rota_decides_who_is_called_and_hands_over_by_itself(clinic: Clinic, lead, team):
    ana, ben = clinic.person(), clinic.person()
    today = now(clinic.session).astimezone(ZoneInfo("Europe/Berlin")).date()
    turns = Turns(
        ShiftPosition.PRIMARY, (ana, ben), "Europe/Berlin", today - timedelta(days=1), time(0), 1
    )
    rotation = rota.add_rotation(clinic.session, lead, team, turns)
    assert primary(clinic) == [ben]
    clinic.wait(24 * 3600)
    assert primary(clinic) == [ana]
    rota.end_rotation(clinic.session, lead, rotation)
    clinic.wait(1)
    assert primary(clinic) == []


def test_a_grave_message_calls_whom_the_rota_names(clinic: Clinic, lead, team):
    ana = clinic.person()
    plan(clinic, lead, team, ana, -1, 1)
    clinic.say("c", "words", "hi", floor=None)
    from oversight.domain.severity import Severity
    from tests.services.test_escalating_and_bridging import called

    clinic.score(Severity.L4)
    assert called(clinic) == [ana]


def test_a_team_of_another_study_is_not_called(clinic: Clinic, lead):
    other = Clinic.open(clinic.session)
    theirs = rota.create_team(
        clinic.session, lead, name="Theirs", timezone="UTC", study_id=other.study_id
    )
    plan(clinic, lead, theirs, clinic.person(), -1, 1)
    assert primary(clinic) == []
    assert len(primary(other)) == 1


def test_off_duty_by_hand_lasts_until_the_turn_ends_and_coming_back_ends_it(
    clinic: Clinic, lead, team
):
    ana = clinic.person()
    plan(clinic, lead, team, ana, -1, 2)
    plan(clinic, lead, team, ana, 10, 12)
    duty.go_off_duty(clinic.session, ana)
    clinic.wait(1)
    assert primary(clinic) == []
    duty.go_on_duty(clinic.session, ana, hours=0.5)
    clinic.wait(3600)
    assert primary(clinic) == [ana], "back on by the rota, too"
    duty.go_off_duty(clinic.session, ana)
    clinic.wait(9.5 * 3600)
    assert primary(clinic) == [ana], "the next turn counts again"


def test_whoever_goes_on_duty_by_hand_is_called_beside_the_plan(clinic: Clinic, lead, team):
    ana, ben = clinic.person(), clinic.person()
    plan(clinic, lead, team, ana, -1, 2)
    duty.go_on_duty(clinic.session, ben)
    clinic.wait(1)
    assert primary(clinic) == [ana, ben]


def test_an_override_and_its_end(clinic: Clinic, lead, team):
    ana, ben = clinic.person(), clinic.person()
    plan(clinic, lead, team, ana, -1, 5)
    override = plan(clinic, lead, team, ben, -0.5, 2, override=True)
    assert primary(clinic) == [ben]
    rota.cancel_shift(clinic.session, lead, override)
    clinic.wait(1)
    assert primary(clinic) == [ana]
    with pytest.raises(NotFound):
        rota.cancel_shift(clinic.session, lead, override)


def test_a_swap_counts_only_once_the_colleague_said_yes(clinic: Clinic, lead, team):
    ana, ben = clinic.person(), clinic.person()
    plan(clinic, lead, team, ana, -1, 5)
    at = now(clinic.session)
    span = {"starts_at": at - HOUR, "ends_at": at + HOUR}
    swap = rota.ask_swap(clinic.session, ana, ben, **span)
    assert primary(clinic) == [ana]
    assert [one.id for one in asked.swaps_asked(clinic.session, ben, now=at)] == [swap]
    with pytest.raises(NotPermitted):
        rota.answer_swap(clinic.session, swap, ana, accepts=True)
    rota.answer_swap(clinic.session, swap, ben, accepts=True)
    assert primary(clinic) == [ben]
    with pytest.raises(NotFound):
        rota.answer_swap(clinic.session, swap, ben, accepts=False)


def test_a_deactivated_person_is_never_called_and_leaves_a_gap(clinic: Clinic, lead, team):
    ana = clinic.person()
    reachable(clinic, ana)
    plan(clinic, lead, team, ana, -1, 50)
    at = now(clinic.session)
    assert asked.gaps_ahead(clinic.session, now=at) == []
    people.deactivate(clinic.session, ana)
    assert primary(clinic) == []
    (found,) = asked.gaps_ahead(clinic.session, now=at)
    assert found[1].starts_at == at


def test_only_those_who_plan_plan_and_only_for_roles_that_answer(clinic: Clinic, lead, team):
    ana = clinic.person()
    with pytest.raises(NotPermitted):
        plan(clinic, ana, team, ana, 1, 2)
    with pytest.raises(NotPermitted):
        plan(clinic, lead, team, lead, 1, 2)
    with pytest.raises(NotPermitted):
        rota.take_leave(
            clinic.session,
            ana,
            clinic.person(),
            starts_at=now(clinic.session),
            ends_at=now(clinic.session) + HOUR,
        )
    with pytest.raises(Incomplete):
        rota.create_team(clinic.session, lead, name="South", timezone="Mars/Olympus")
    with pytest.raises(Incomplete):
        plan(clinic, lead, team, ana, 2, 1)


def notices(clinic: Clinic) -> list[int]:
    return list(
        clinic.session.scalars(select(GapNotice.hours_ahead).order_by(GapNotice.announced_at))
    )


def test_a_gap_is_announced_at_48_24_and_2_hours_once_each(clinic: Clinic, lead, team):
    ana = clinic.person()
    reachable(clinic, ana)
    plan(clinic, lead, team, ana, -1, 50)
    at_hours = (0, 1.9, 2.1, 10, 25.9, 26.1, 40, 47.9, 48.1, 49.9, 51)
    expected = ([], [], [48], [48], [48], [48, 24], [48, 24], [48, 24], [48, 24, 2], [48, 24, 2])
    before = 0.0
    for hours, told in zip(at_hours, [*expected, expected[-1]], strict=True):
        clinic.wait((hours - before) * 3600)
        before = hours
        for _ in range(2):
            covering.announce_gaps(clinic.session, now=now(clinic.session))
        assert notices(clinic) == told, hours
    events = clinic.session.scalars(select(AuditEvent.kind)).all()
    assert events.count("rota.gap") == 3


def test_somebody_without_a_working_pager_is_a_gap(clinic: Clinic, lead, team):
    plan(clinic, lead, team, clinic.person(), -1, 99)
    at = now(clinic.session)
    (found,) = asked.gaps_ahead(clinic.session, now=at)
    assert found[1].reason == "unreachable"


def test_the_people_list_says_until_when_somebody_is_on(clinic: Clinic, lead, team):
    ana = clinic.person()
    plan(clinic, lead, team, ana, -1, 2)
    plan(clinic, lead, team, ana, 2, 3)
    me = next(one for one in readers(clinic.session) if one.id == ana)
    assert me.on_duty
    assert me.until == now(clinic.session) + 3 * HOUR


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
BEGIN:VEVENT
UID:weekly@test
SUMMARY:On call {name}
DTSTART;TZID=Europe/Berlin:{start}T090000
DTEND;TZID=Europe/Berlin:{start}T170000
RRULE:FREQ=WEEKLY;COUNT=4
EXDATE;TZID=Europe/Berlin:{left_out}T090000
END:VEVENT
END:VCALENDAR
"""


def calendar_of(name: str, first: date) -> bytes:
    left_out = first + timedelta(days=14)
    told = CALENDAR.format(name=name, start=f"{first:%Y%m%d}", left_out=f"{left_out:%Y%m%d}")
    return told.replace("\n", "\r\n").encode()


def test_a_calendar_is_read_by_the_wall_clock_and_only_once(clinic: Clinic, lead, team):
    ana = clinic.person()
    name = next(one.name for one in readers(clinic.session) if one.id == ana)
    # The clocks of Berlin go back on 25 October 2026: between the first entry and the second.
    at = datetime(2026, 10, 1, tzinfo=UTC)
    content = calendar_of(name, date(2026, 10, 20))
    span = {"position": ShiftPosition.PRIMARY, "now": at}
    told = calendars.import_calendar(clinic.session, lead, team, content, **span)
    assert (told.planned, told.known) == (3, 0)
    starts = clinic.session.scalars(select(Shift.starts_at).order_by(Shift.starts_at)).all()
    assert [one.hour for one in starts] == [7, 8, 8]
    assert [one.day for one in starts] == [20, 27, 10]
    told = calendars.import_calendar(clinic.session, lead, team, content, **span)
    assert (told.planned, told.known) == (0, 3)


@pytest.mark.parametrize(
    "content", [b"hello", b"", calendar_of("Nobody Known", date(2026, 10, 20))]
)
def test_a_calendar_that_cannot_be_read_plans_nothing(clinic: Clinic, lead, team, content):
    at = datetime(2026, 10, 1, tzinfo=UTC)
    if content in (b"hello", b""):
        content = content or b"BEGIN:VEVENT"
    with pytest.raises(Incomplete):
        calendars.import_calendar(
            clinic.session, lead, team, content, position=ShiftPosition.PRIMARY, now=at
        )
    assert clinic.session.scalars(select(Shift.id)).all() == []


def test_what_is_exported_names_the_team_and_can_be_read_again(clinic: Clinic, lead, team):
    ana, ben = clinic.person(), clinic.person()
    plan(clinic, lead, team, ana, 1, 2)
    plan(clinic, lead, team, ben, 2, 4)
    at = now(clinic.session)
    whole = Calendar.from_ical(calendars.export_calendar(clinic.session, at, at + 5 * HOUR))
    entries = [one for one in whole.walk("VEVENT") if "primary" in str(one["summary"])]
    assert [(one.start, one.end) for one in entries] == [
        (_whole(at + HOUR), _whole(at + 2 * HOUR)),
        (_whole(at + 2 * HOUR), _whole(at + 4 * HOUR)),
    ]
    mine = calendars.export_calendar(clinic.session, at, at + 5 * HOUR, clinician_id=ben)
    assert len(Calendar.from_ical(mine).walk("VEVENT")) == 1


def _whole(moment: datetime) -> datetime:
    """A calendar knows no fractions of a second."""
    return moment.replace(microsecond=0)

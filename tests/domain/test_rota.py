"""Who is on call when: every instant has one answer, also through the nights the clock changes."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.gaps import ANNOUNCED_HOURS_AHEAD, Gap, GapReason, due_notice, gaps
from oversight.domain.rota import (
    Absence,
    Cover,
    Entry,
    Rota,
    Rotation,
    ShiftKind,
    Window,
    coverage,
    now_and_next,
    on_at,
    turns,
)
from oversight.domain.words import ShiftPosition

ANA, BEN, CLEO = (uuid.UUID(int=number) for number in (1, 2, 3))
EVERYBODY = frozenset({ANA, BEN, CLEO})
PRIMARY = ShiftPosition.PRIMARY
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rotation(zone: str = "UTC", **changes: object) -> Rotation:
    values: dict[str, object] = {
        "position": PRIMARY,
        "people": (ANA, BEN),
        "zone": ZoneInfo(zone),
        "first_day": date(2026, 3, 2),
        "hand_off": time(9),
        "turn_days": 1,
    }
    return Rotation(**(values | changes))  # type: ignore[arg-type]


def entry(person: uuid.UUID, start: float, end: float, kind: ShiftKind = ShiftKind.PLANNED):
    return Entry(PRIMARY, person, START + start * HOUR, START + end * HOUR, kind)


def primary_at(rota: Rota, hours: float) -> tuple[uuid.UUID, ...]:
    return on_at(rota, PRIMARY, START + hours * HOUR)


def test_people_take_turns_at_the_hand_off():
    rota = Rota(EVERYBODY, rotations=[rotation()])
    assert primary_at(rota, 8.99) == ()
    assert primary_at(rota, 9) == (ANA,)
    assert primary_at(rota, 32.99) == (ANA,)
    assert primary_at(rota, 33) == (BEN,)
    assert primary_at(rota, 57) == (ANA,)


def test_a_weekly_rotation_hands_over_once_a_week():
    weekly = rotation(turn_days=7, people=(ANA, BEN, CLEO))
    found = list(turns(weekly, START, START + timedelta(days=28)))
    assert [one.person for one in found] == [ANA, BEN, CLEO, ANA]
    assert {one.ends_at - one.starts_at for one in found[:3]} == {timedelta(days=7)}


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 23),
        ("Europe/Berlin", date(2026, 10, 24), 25),
        ("America/New_York", date(2026, 3, 7), 23),
        ("America/New_York", date(2026, 10, 31), 25),
        ("Australia/Lord_Howe", date(2026, 4, 4), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 3), 23.5),
    ],
)
def test_a_night_on_which_the_clock_changes_is_as_long_as_it_is(zone, night, hours):
    daily = rotation(zone, first_day=night)
    first, second = list(
        turns(daily, datetime.combine(night, time(12), UTC) - 2 * DAY, _after(night))
    )[:2]
    assert first.ends_at - first.starts_at == timedelta(hours=hours)
    assert first.ends_at == second.starts_at
    assert second.starts_at.astimezone(ZoneInfo(zone)).time() == time(9)


DAY = timedelta(days=1)


def _after(night: date) -> datetime:
    return datetime.combine(night, time(12), UTC) + 4 * DAY


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hand_off", [time(1, 45), time(2, 15), time(2, 30), time(3)])
def test_a_hand_off_inside_the_changing_hour_leaves_no_hole_in_the_year(zone, hand_off):
    rota = Rota(
        EVERYBODY, rotations=[rotation(zone, first_day=date(2025, 12, 1), hand_off=hand_off)]
    )
    year = [
        one
        for one in coverage(
            rota, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        )
        if one.position is PRIMARY
    ]
    assert all(len(one.people) == 1 for one in year)
    assert 364 <= len(year) <= 367


def test_a_night_window_passes_midnight_and_keeps_to_its_weekdays():
    nights = rotation(window=Window(time(20), time(8), frozenset({0, 1})), hand_off=time(20))
    rota = Rota(EVERYBODY, rotations=[nights])
    assert primary_at(rota, 19) == ()
    assert primary_at(rota, 21) == (ANA,)  # Monday evening
    assert primary_at(rota, 31) == (ANA,)  # Tuesday, 7 in the morning
    assert primary_at(rota, 33) == ()
    assert primary_at(rota, 45) == (BEN,)
    assert primary_at(rota, 69) == ()  # Wednesday evening is not in the window


def test_an_override_takes_the_place_of_the_plan_and_only_for_its_time():
    rota = Rota(EVERYBODY, entries=[entry(ANA, 0, 10), entry(BEN, 2, 4, ShiftKind.OVERRIDE)])
    assert [primary_at(rota, at) for at in (1, 3, 5)] == [(ANA,), (BEN,), (ANA,)]


def test_an_override_by_somebody_who_is_away_leaves_the_plan():
    rota = Rota(
        EVERYBODY,
        entries=[entry(ANA, 0, 10), entry(BEN, 2, 4, ShiftKind.OVERRIDE)],
        absences=[Absence(BEN, START, START + 20 * HOUR)],
    )
    assert primary_at(rota, 3) == (ANA,)


def test_whoever_goes_on_duty_by_hand_is_on_besides_even_from_leave():
    rota = Rota(
        EVERYBODY,
        entries=[entry(ANA, 0, 10), entry(BEN, 2, 4, ShiftKind.BY_HAND)],
        absences=[Absence(BEN, START, START + 20 * HOUR)],
    )
    assert primary_at(rota, 3) == (ANA, BEN)


def test_leave_takes_somebody_out_and_an_accepted_swap_puts_another_in():
    span = (START + 2 * HOUR, START + 4 * HOUR)
    rota = Rota(EVERYBODY, entries=[entry(ANA, 0, 10)], absences=[Absence(ANA, *span)])
    assert primary_at(rota, 3) == ()
    swapped = Rota(EVERYBODY, entries=[entry(ANA, 0, 10)], covers=[Cover(ANA, BEN, *span)])
    assert [primary_at(swapped, at) for at in (1, 3, 5)] == [(ANA,), (BEN,), (ANA,)]
    both = Rota(
        EVERYBODY,
        entries=[entry(ANA, 0, 10)],
        covers=[Cover(ANA, BEN, *span), Cover(BEN, CLEO, *span)],
    )
    assert primary_at(both, 3) == (CLEO,)


def test_a_deactivated_person_is_never_on_however_they_got_there():
    rota = Rota(
        frozenset({BEN}),
        rotations=[rotation()],
        entries=[entry(ANA, 0, 99, kind) for kind in ShiftKind],
    )
    assert primary_at(rota, 10) == ()


def test_now_and_next_say_when_it_changes_and_show_a_gap():
    rota = Rota(EVERYBODY, entries=[entry(ANA, 0, 3), entry(BEN, 3, 5)])
    now, *others = now_and_next(rota, START + HOUR)
    assert (now.people, now.until, now.next_people) == ((ANA,), START + 3 * HOUR, (BEN,))
    later = now_and_next(rota, START + 4 * HOUR)[0]
    assert (later.people, later.until, later.next_people) == ((BEN,), START + 5 * HOUR, ())
    assert all((one.people, one.until) == ((), None) for one in others)


hours = st.integers(0, 72)
people = st.sampled_from([ANA, BEN, CLEO])


@st.composite
def spans(draw) -> tuple[datetime, datetime]:
    first = draw(hours)
    return START + first * HOUR, START + (first + draw(st.integers(1, 30))) * HOUR


@st.composite
def rotas(draw) -> Rota:
    entries = [
        Entry(draw(st.sampled_from(ShiftPosition)), draw(people), *draw(spans()), kind)
        for kind in draw(st.lists(st.sampled_from(ShiftKind), max_size=6))
    ]
    return Rota(
        active=frozenset(draw(st.sets(people))),
        rotations=[rotation(draw(st.sampled_from(["UTC", "Australia/Lord_Howe"])))],
        entries=entries,
        absences=[Absence(draw(people), *draw(spans())) for _ in range(draw(st.integers(0, 3)))],
        covers=[
            Cover(ANA, draw(st.sampled_from([BEN, CLEO])), *draw(spans()))
            for _ in range(draw(st.integers(0, 2)))
        ],
    )


@given(rotas())
def test_every_instant_of_every_position_has_exactly_one_answer(rota: Rota):
    end = START + 96 * HOUR
    found = coverage(rota, START, end)
    for position in ShiftPosition:
        mine = [one for one in found if one.position is position]
        assert (mine[0].starts_at, mine[-1].ends_at) == (START, end)
        for before, after in pairwise(mine):
            assert before.ends_at == after.starts_at
            assert before.people != after.people
        for stretch in mine:
            middle = stretch.starts_at + (stretch.ends_at - stretch.starts_at) / 2
            for moment in (stretch.starts_at, middle):
                assert on_at(rota, position, moment) == stretch.people
            assert set(stretch.people) <= rota.active


@given(rotas())
def test_asking_for_less_gives_the_same_answer(rota: Rota):
    whole = coverage(rota, START, START + 96 * HOUR)
    part = coverage(rota, START + 24 * HOUR, START + 48 * HOUR)
    for stretch in part:
        holder = next(
            one
            for one in whole
            if one.position is stretch.position and one.starts_at <= stretch.starts_at < one.ends_at
        )
        assert holder.people == stretch.people
        assert holder.ends_at >= stretch.ends_at


def test_a_gap_is_where_nobody_is_on_or_nobody_there_can_be_reached():
    rota = Rota(EVERYBODY, entries=[entry(ANA, 0, 3), entry(BEN, 3, 5), entry(ANA, 8, 24)])
    found = gaps(coverage(rota, START, START + 24 * HOUR), required={PRIMARY}, reachable={ANA})
    assert [(one.reason, one.starts_at, one.ends_at) for one in found] == [
        (GapReason.UNREACHABLE, START + 3 * HOUR, START + 5 * HOUR),
        (GapReason.NOBODY, START + 5 * HOUR, START + 8 * HOUR),
    ]
    assert found[0].people == (BEN,)


def announced(found_hours_ahead: float) -> list[float]:
    """How many hours ahead a gap is announced that comes to light so long before it begins."""
    gap = Gap(PRIMARY, START + 72 * HOUR, START + 80 * HOUR, GapReason.NOBODY)
    told: set[int] = set()
    at = []
    for minute in range(int((72 - found_hours_ahead) * 60), 80 * 60):
        now = START + timedelta(minutes=minute)
        notice = due_notice(gap, now=now, announced=told)
        if notice is not None:
            told.add(notice)
            at.append((gap.starts_at - now) / HOUR)
    return at


def test_a_gap_is_announced_at_48_24_and_2_hours_once_each():
    assert announced(72) == list(ANNOUNCED_HOURS_AHEAD)


def test_a_gap_found_late_is_announced_at_once_and_not_three_times():
    assert announced(30) == [30, 24, 2]
    assert announced(1) == [1]
    assert announced(0) == []

"""Who is rung by what, when; what a page can say; links that cannot be made up."""

import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.links import LinkRefused, page_of, sign
from oversight.domain.pages import (
    ATTEMPTS,
    PAGE,
    Callee,
    NotTold,
    PageEvent,
    PageKind,
    PageStatus,
    QuietHours,
    page_words,
    pause_before_retry,
    plan_pages,
    reference_of,
)
from oversight.domain.severity import Severity

ANA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)
MAIL, PHONE, OTHER = (uuid.UUID(int=number) for number in (10, 11, 12))
NIGHT = datetime(2026, 7, 1, 1, tzinfo=UTC)  # three in the morning in Berlin
ASLEEP = QuietHours(ZoneInfo("Europe/Berlin"), time(22), time(7))


def test_imminent_rings_every_method_at_once_whatever_the_hour():
    people = [Callee(ANA, (MAIL, PHONE), ASLEEP), Callee(BEN, (OTHER,))]
    pages = plan_pages(people, Severity.L4, now=NIGHT)
    assert [(one.method, one.after) for one in pages] == [
        (MAIL, timedelta(0)),
        (PHONE, timedelta(0)),
        (OTHER, timedelta(0)),
    ]


def test_below_imminent_a_persons_methods_follow_each_other_by_a_minute():
    pages = plan_pages([Callee(ANA, (MAIL, PHONE))], Severity.L3, now=NIGHT)
    assert [one.after.total_seconds() for one in pages] == [0, 60]


def test_quiet_hours_hold_below_imminent_while_somebody_else_is_told():
    both = [Callee(ANA, (MAIL,), ASLEEP), Callee(BEN, (OTHER,))]
    asleep, awake = plan_pages(both, Severity.L3, now=NIGHT)
    assert (asleep.method, asleep.not_told) == (None, NotTold.QUIET_HOURS)
    assert awake.method == OTHER


@pytest.mark.parametrize("other", [[], [Callee(BEN, ())], [Callee(BEN, (OTHER,), ASLEEP)]])
def test_nobody_at_risk_waits_for_somebodys_sleep(other):
    first, *_ = plan_pages([Callee(ANA, (MAIL,), ASLEEP), *other], Severity.L3, now=NIGHT)
    assert first.method == MAIL


def test_whoever_has_no_contact_method_is_named_as_not_told():
    (page,) = plan_pages([Callee(ANA, ())], Severity.L4, now=NIGHT)
    assert page.not_told is NotTold.NO_CONTACT_METHOD


callees = st.lists(
    st.builds(
        Callee,
        st.sampled_from([ANA, BEN]),
        st.lists(st.sampled_from([MAIL, PHONE, OTHER]), unique=True, max_size=3),
        st.none() | st.just(ASLEEP),
    ),
    unique_by=lambda one: one.person,
    max_size=2,
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(callees, st.sampled_from([*Severity, None]), moments)
def test_everybody_called_is_rung_or_named_with_a_reason(people, severity, now):
    pages = plan_pages(people, severity, now=now)
    assert {one.person for one in pages} == {one.person for one in people}
    assert all((one.method is None) == (one.not_told is not None) for one in pages)
    if any(one.methods for one in people):
        assert any(one.method is not None for one in pages)
    if severity is Severity.L4:
        rung = [one.method for one in pages if one.method is not None]
        assert sorted(rung) == sorted(method for one in people for method in one.methods)


@pytest.mark.parametrize(
    ("hour", "quiet"), [(20, False), (21, True), (3, True), (4, True), (5, False), (12, False)]
)
def test_quiet_hours_are_wall_clock_hours_and_may_pass_midnight(hour, quiet):
    # 22 to 7 in Berlin is 20 to 5 in UTC in summer; one hour later in winter.
    summer = datetime(2026, 7, 1, hour, 30, tzinfo=UTC)
    assert ASLEEP.hold(summer) is (hour in (20, 21, 3, 4))
    winter = datetime(2026, 1, 1, hour, 30, tzinfo=UTC)
    assert ASLEEP.hold(winter) is (quiet or hour == 5)


def test_a_page_holds_ids_a_level_and_a_link_and_nothing_else():
    escalation = uuid.uuid4()
    words = page_words(
        PageKind.ESCALATION,
        severity=Severity.L4,
        step=0,
        reference=reference_of(escalation),
        link="https://console.example/page/TOKEN",
    )
    assert words.subject.startswith("Oversight L4 imminent:")
    assert words.body.splitlines() == [
        "You are called: somebody may be in danger.",
        "Level: L4 imminent.",
        "Step 1 of the calls.",
        f"Reference E-{escalation.hex[-8:].upper()}.",
        "https://console.example/page/TOKEN",
    ]


def test_a_page_may_come_twice_but_a_settled_one_is_never_taken_again():
    assert PAGE[PageStatus.SENDING, PageEvent.TAKE] is PageStatus.SENDING
    for status in (PageStatus.SENT, PageStatus.FAILED, PageStatus.CONFIRMED, PageStatus.NOT_SENT):
        assert (status, PageEvent.TAKE) not in PAGE
    finals = {PageStatus.CONFIRMED, PageStatus.NOT_SENT}
    assert not [status for status, _ in PAGE if status in finals]


def test_a_page_is_tried_again_and_not_for_ever():
    assert [pause_before_retry(number) is None for number in range(1, ATTEMPTS + 2)] == [
        False,
        False,
        True,
        True,
    ]


SECRET = b"s" * 32
LATER = NIGHT + timedelta(hours=24)


def test_a_link_names_its_page_until_its_time_is_over():
    token = sign(SECRET, ANA, LATER)
    assert page_of(SECRET, token, now=NIGHT) == ANA
    assert token == sign(SECRET, ANA, LATER), "a page that is sent twice has one link"
    with pytest.raises(LinkRefused):
        page_of(SECRET, token, now=LATER)
    with pytest.raises(LinkRefused):
        page_of(b"t" * 32, token, now=NIGHT)


@given(st.integers(0, 57), st.sampled_from("AZaz09-_"))
def test_no_part_of_a_link_can_be_changed(place, letter):
    token = sign(SECRET, ANA, LATER)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkRefused):
            page_of(SECRET, changed, now=NIGHT)


@given(st.text(max_size=80))
def test_nonsense_is_refused_and_never_a_crash(text):
    with pytest.raises(LinkRefused):
        page_of(SECRET, text, now=NIGHT)

"""Heavy items go to others first for whoever asks or has read enough; nobody waits for it."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from db.session import now
from db.tables import AuditEvent, Clinician
from oversight.domain.errors import NotPermitted
from oversight.domain.exposure import Load, RestReason
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.exposure import HeavyNotice, heavy_notice, own_exposure, team_load
from oversight.services import claiming, duty
from oversight.services.resting import back_on_heavy, rest_at_limits, take_off_heavy
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


@pytest.fixture
def other(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.SECONDARY)


def said(clinic: Clinic, name: str, severity: Severity = Severity.L3) -> None:
    clinic.say(name, "words", "hi")
    clinic.score(severity)


def test_heavy_items_are_left_to_others_who_can_take_them(clinic: Clinic, me, other):
    said(clinic, "heavy")
    said(clinic, "light", Severity.L1)
    take_off_heavy(clinic.session, me)
    assert claiming.claim_next(clinic.session, me) == clinic.open_item("light").id
    assert claiming.claim_next(clinic.session, other) == clinic.open_item("heavy").id


def test_nothing_else_to_do_means_nothing_while_another_can(clinic: Clinic, me, other):
    said(clinic, "heavy", Severity.L4)
    take_off_heavy(clinic.session, me)
    assert claiming.claim_next(clinic.session, me) is None


@pytest.mark.parametrize("why", ["alone", "resting too", "off duty", "gone", "not a reader"])
def test_if_nobody_else_can_they_come_all_the_same_with_a_notice(clinic: Clinic, me, why):
    role = Role.STUDY_LEAD if why == "not a reader" else Role.CLINICIAN
    if why != "alone":
        other = clinic.person(
            role, on_duty=None if role is Role.STUDY_LEAD else ShiftPosition.SECONDARY
        )
        if why == "resting too":
            take_off_heavy(clinic.session, other)
        elif why == "off duty":
            duty.go_off_duty(clinic.session, other)
        elif why == "gone":
            clinic.session.get_one(Clinician, other).deactivated_at = now(clinic.session)
            clinic.session.flush()
    said(clinic, "heavy")
    take_off_heavy(clinic.session, me)
    item_id = clinic.open_item("heavy").id
    assert claiming.claim_next(clinic.session, me) == item_id
    assert heavy_notice(clinic.session, me, item_id) is HeavyNotice.NOBODY_ELSE


def test_past_its_time_a_heavy_item_comes_to_everybody(clinic: Clinic, me, other):
    said(clinic, "heavy", Severity.L4)
    take_off_heavy(clinic.session, me)
    clinic.wait(119)
    assert claiming.claim_next(clinic.session, me) is None
    clinic.wait(2)
    item_id = clinic.open_item("heavy").id
    assert claiming.claim_next(clinic.session, me) == item_id
    assert heavy_notice(clinic.session, me, item_id) is HeavyNotice.OVERDUE
    assert heavy_notice(clinic.session, other, item_id) is None


def test_a_chosen_item_is_opened_whoever_rests(clinic: Clinic, me, other):
    said(clinic, "heavy")
    take_off_heavy(clinic.session, me)
    assert clinic.claim("heavy", me).status == "claimed"


def test_a_rest_brings_back_what_somebody_left_lying_too(clinic: Clinic, me, other):
    said(clinic, "light", Severity.L1)
    item = clinic.claim("light", other)
    take_off_heavy(clinic.session, me)
    clinic.wait(121)
    assert claiming.claim_next(clinic.session, me) == item.id


def test_it_ends_with_the_shift_and_when_asked(clinic: Clinic, me, other):
    said(clinic, "heavy")
    until = take_off_heavy(clinic.session, me)
    assert until - now(clinic.session) == pytest.approx(
        timedelta(hours=8), abs=timedelta(minutes=1)
    )
    assert take_off_heavy(clinic.session, me) == until
    assert own_exposure(clinic.session, me).rest.reason is RestReason.ASKED
    back_on_heavy(clinic.session, me)
    back_on_heavy(clinic.session, me)
    assert own_exposure(clinic.session, me).rest is None
    assert claiming.claim_next(clinic.session, me) == clinic.open_item("heavy").id
    kinds = select(AuditEvent.kind).where(AuditEvent.kind.like("exposure.%"))
    assert sorted(clinic.session.scalars(kinds)) == ["exposure.rest", "exposure.rest_end"]


def read_heavy(clinic: Clinic, who: uuid.UUID, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        said(clinic, f"h{number}")
        clinic.claim(f"h{number}", who)
        clinic.wait(60)
        rest_at_limits(clinic.session, now=now(clinic.session))


def test_at_the_hard_limit_the_next_go_to_others_first(clinic: Clinic, me, other):
    read_heavy(clinic, me, 8)
    seen = own_exposure(clinic.session, me)
    assert (seen.load, seen.read.heavy_items, seen.rest) == (Load.SOFT, 8, None)
    assert seen.read.heavy_minutes == pytest.approx(8, abs=0.1)
    read_heavy(clinic, me, 4, start=8)
    seen = own_exposure(clinic.session, me)
    assert seen.load is Load.HARD
    assert seen.rest.reason is RestReason.LIMIT
    claiming.unclaim(clinic.session, clinic.open_item("h11").id, me)
    said(clinic, "next")
    assert claiming.claim_next(clinic.session, me) is None
    back_on_heavy(clinic.session, me)
    read_heavy(clinic, me, 1, start=12)
    assert own_exposure(clinic.session, me).rest is None, "their own choice stands"


def test_what_became_heavy_while_open_counts_and_what_is_not_does_not(clinic: Clinic, me):
    said(clinic, "light", Severity.L1)
    clinic.claim("light", me)
    clinic.wait(30)
    assert own_exposure(clinic.session, me).read.heavy_items == 0
    clinic.say("light", "worse", floor=Severity.L3)
    clinic.wait(30)
    seen = own_exposure(clinic.session, me)
    assert (seen.read.items, seen.read.heavy_items) == (1, 1)


def test_a_shift_counts_from_its_beginning(clinic: Clinic, me):
    read_heavy(clinic, me, 2)
    claiming.unclaim(clinic.session, clinic.open_item("h1").id, me)
    duty.go_off_duty(clinic.session, me)
    clinic.wait(3600)
    duty.go_on_duty(clinic.session, me)
    clinic.wait(1)
    assert own_exposure(clinic.session, me).read.heavy_items == 0
    read_heavy(clinic, me, 1, start=2)
    assert own_exposure(clinic.session, me).read.heavy_items == 1


def test_a_break_reminder_has_its_time(clinic: Clinic, me):
    said(clinic, "a", Severity.L1)
    clinic.claim("a", me)
    began = now(clinic.session)
    for _ in range(26):
        clinic.wait(115)
        claiming.renew(clinic.session, clinic.open_item("a").id, me)
    block = own_exposure(clinic.session, me).block
    assert block.began_at == began
    assert block.break_due_at == began + timedelta(minutes=50)
    assert not block.due
    clinic.wait(60)
    claiming.unclaim(clinic.session, clinic.open_item("a").id, me)
    assert own_exposure(clinic.session, me).block.due
    clinic.wait(601)
    assert own_exposure(clinic.session, me).block is None


def test_the_strictest_policy_in_force_sets_the_limits(clinic: Clinic, me):
    from oversight.services.policies import ExposureDocument

    clinic.arm("gentle", exposure=ExposureDocument(soft=1, hard=2))
    read_heavy(clinic, me, 1)
    assert own_exposure(clinic.session, me).load is Load.SOFT


def test_only_a_supervisor_sees_the_team_by_name_and_without_numbers(clinic: Clinic, me, other):
    lead = clinic.person(Role.SUPERVISOR)
    read_heavy(clinic, other, 8)
    take_off_heavy(clinic.session, me)
    names = [one.name for one in team_load(clinic.session, lead)]
    assert names == sorted(names)
    found = {one.name: one for one in team_load(clinic.session, lead)}
    mine = found[clinic.session.get_one(Clinician, me).name]
    theirs = found[clinic.session.get_one(Clinician, other).name]
    assert (mine.load, mine.resting, mine.on_duty) == (Load.BELOW, True, True)
    assert (theirs.load, theirs.resting) == (Load.SOFT, False)
    with pytest.raises(NotPermitted):
        team_load(clinic.session, me)


def test_only_readers_rest(clinic: Clinic):
    with pytest.raises(NotPermitted):
        take_off_heavy(clinic.session, clinic.person(Role.ADMIN))

"""Figures for study leads, from what really happened to messages."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.session import now
from db.tables import Arm
from oversight.domain.closing import Disposition
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, DeliveryKind, ShiftPosition
from oversight.queries import metrics
from oversight.queries.metrics import Period, Scope, Wait
from oversight.services import escalating, undoing
from tests.services.clinic import Clinic


@pytest.fixture
def reader(clinic: Clinic) -> uuid.UUID:
    return clinic.person(on_duty=ShiftPosition.PRIMARY)


@pytest.fixture
def scope(clinic: Clinic, session: Session) -> Scope:
    return Scope(metrics.since(session, Period.ALL), clinic.study_id)


def of(waits: object, severity: Severity) -> Wait:
    return next(one for one in waits if one.severity is severity)  # type: ignore[attr-defined]


def test_volume_counts_messages_and_drafts_by_the_hour(
    clinic: Clinic, session: Session, scope: Scope
) -> None:
    clinic.say("a", "one", "A draft.")
    clinic.wait(3600)
    clinic.say("a", "two")
    clinic.say("b", "three", "Another draft.")
    found = metrics.volume(session, scope, unit="hour")
    assert [(bucket.messages, bucket.replies) for bucket in found] == [(1, 1), (2, 1)]
    assert found[1].at - found[0].at == timedelta(hours=1)


def test_a_period_leaves_out_what_came_before_it(clinic: Clinic, session: Session) -> None:
    clinic.say("old", "long ago", "A draft.")
    clinic.wait(8 * 24 * 3600)
    clinic.say("new", "just now")
    expected = {Period.DAY: 1, Period.WEEK: 1, Period.ALL: 2}
    for period, messages in expected.items():
        scope = Scope(metrics.since(session, period), clinic.study_id)
        assert metrics.counts(session, scope).messages == messages
        assert sum(one.messages for one in metrics.volume(session, scope, unit="day")) == messages


def test_an_arm_has_its_own_figures(clinic: Clinic, session: Session, scope: Scope) -> None:
    clinic.say("in-arm", "hello", "Hello.", arm="after")
    clinic.say("elsewhere", "hello", "Hello.")
    arm_id = session.scalars(
        select(Arm.id).where(Arm.study_id == clinic.study_id, Arm.name == "after")
    ).one()
    mine = Scope(scope.since, clinic.study_id, arm_id)
    assert metrics.counts(session, mine).messages == 1
    assert metrics.counts(session, scope).messages == 2
    other_study = Scope(scope.since, uuid.uuid4())
    assert metrics.counts(session, other_study).messages == 0


def test_studies_are_offered_with_their_arms(clinic: Clinic, session: Session) -> None:
    mine = next(one for one in metrics.studies(session) if one.id == clinic.study_id)
    assert {"after", "flagged"} <= {name for _, name in mine.arms}


def test_overridden_drafts_are_counted_once_each_by_the_last_decision(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    for name, action, content in (
        ("approved", Action.APPROVE, {}),
        ("edited", Action.EDIT, {"text": "Kinder words.", "flags": [Flag.F12]}),
        ("withheld", Action.WITHHOLD, {"reason": "could do harm"}),
    ):
        clinic.say(name, "words", "A draft.")
        clinic.score(Severity.L0)
        clinic.claim(name, reader)
        clinic.decide(name, reader, action, **content)
    decided = metrics.decided_drafts(session, scope)
    assert decided == {DecisionKind.APPROVE: 1, DecisionKind.EDIT: 1, DecisionKind.WITHHOLD: 1}
    share = metrics.overridden(decided)
    assert (share.part, share.whole) == (2, 3)
    assert metrics.dispositions(session, scope) == {
        Disposition.APPROVED: 1,
        Disposition.EDITED: 1,
        Disposition.WITHHELD: 1,
    }


def test_an_undone_decision_decides_no_draft(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("undone", "words", "A draft.")
    clinic.score(Severity.L0)
    clinic.claim("undone", reader)
    result = clinic.decide("undone", reader, Action.APPROVE)
    assert result.delivery_id is not None
    undoing.undo(session, result.delivery_id, reader)
    assert metrics.decided_drafts(session, scope) == {}


def test_a_message_is_read_when_opened_and_decided_when_decided(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("timed", "words", "A draft.")
    clinic.score(Severity.L2)
    clinic.wait(100)
    clinic.claim("timed", reader)
    clinic.wait(50)
    clinic.decide("timed", reader, Action.APPROVE)
    read, decided = metrics.waits(session, scope)
    assert of(read, Severity.L2).curve.time_by(0.5) == 100
    assert of(decided, Severity.L2).curve.time_by(0.5) == 150
    assert of(decided, Severity.L2).curve.open == 0
    assert of(read, Severity.L2).target_seconds == (4 * 3600, 4 * 3600)
    assert of(read, Severity.L2).within.part == 1


def test_a_message_that_comes_while_the_item_is_open_is_read_with_the_decision(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("open", "first", "A draft.")
    clinic.score(Severity.L2)
    clinic.claim("open", reader)
    clinic.wait(10)
    clinic.say("open", "second", "Another draft.")
    clinic.score(Severity.L2)
    clinic.wait(30)
    clinic.decide("open", reader, Action.APPROVE)
    read, decided = metrics.waits(session, scope)
    steps = [step.seconds for step in of(read, Severity.L2).curve.steps]
    assert steps == [0, 30]
    assert [step.seconds for step in of(decided, Severity.L2).curve.steps] == [30, 40]


def test_open_messages_wait_until_now_and_are_not_left_out(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("taken", "words", "A draft.")
    clinic.say("waits", "words", "A draft.")
    clinic.score(Severity.L3)
    clinic.claim("taken", reader)
    clinic.wait(20 * 60)
    read, _ = metrics.waits(session, scope)
    wait = of(read, Severity.L3)
    assert (wait.curve.cases, wait.curve.open) == (2, 1)
    assert wait.curve.longest_seconds == 20 * 60
    assert wait.curve.time_by(0.95) is None
    assert (wait.within.part, wait.within.whole) == (1, 2)  # the open one is past its 15 minutes


def test_an_open_message_that_can_still_be_in_time_is_not_judged(
    clinic: Clinic, session: Session, scope: Scope
) -> None:
    clinic.say("fresh", "words", "A draft.")
    clinic.score(Severity.L3)
    clinic.wait(60)
    read, _ = metrics.waits(session, scope)
    assert of(read, Severity.L3).within.whole == 0


def test_what_a_policy_released_unreviewed_is_in_no_waiting_time(
    clinic: Clinic, session: Session, scope: Scope
) -> None:
    clinic.say("by-itself", "good morning", "Good morning.", arm="flagged")
    clinic.score(Severity.L0)
    assert metrics.waits(session, scope) == ([], [])
    found = metrics.counts(session, scope)
    assert (found.messages, found.automatic, found.open_reviews) == (1, 1, 0)


def test_escalating_is_reading_but_not_deciding(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("up", "words", "A draft.")
    clinic.score(Severity.L2)
    clinic.claim("up", reader)
    clinic.decide("up", reader, Action.ESCALATE, reason="needs a call")
    read, decided = metrics.waits(session, scope)
    assert of(read, Severity.L2).curve.open == 0
    assert of(decided, Severity.L2).curve.open == 1
    assert metrics.counts(session, scope).escalations == 1


def test_own_levels_are_compared_with_the_card(
    clinic: Clinic, session: Session, scope: Scope
) -> None:
    for number, (card, own) in enumerate(
        (
            (Severity.L2, Severity.L2),
            (Severity.L0, Severity.L2),
            (Severity.L2, Severity.L1),
            (None, Severity.L1),
        )
    ):
        who, name = clinic.person(), f"level-{number}"
        clinic.say(name, "words", "A draft.")
        clinic.score(card)
        clinic.claim(name, who)
        clinic.decide(name, who, Action.APPROVE, own_severity=own)
    found = metrics.own_levels(session, scope)
    assert (found.same, found.higher, found.lower, found.unscored) == (1, 1, 1, 1)
    assert found.compared == 3


def test_deliveries_are_counted_by_kind_and_fate(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    for name in ("arrives", "waits"):
        clinic.say(name, "words", "A draft.")
    clinic.score(Severity.L0)
    clinic.claim("arrives", reader)
    clinic.decide("arrives", reader, Action.APPROVE)
    clinic.wait(10)
    clinic.hand_out()
    clinic.confirm(clinic.deliveries("arrives")[0])
    clinic.claim("waits", reader)
    clinic.decide("waits", reader, Action.REPLACE, text="Our own words.")
    assert metrics.deliveries(session, scope) == {
        DeliveryKind.REPLY: {DeliveryStatus.DELIVERED: 1},
        DeliveryKind.CLINICIAN: {DeliveryStatus.QUEUED: 1},
    }


def test_overdue_reviews_are_those_past_their_time(
    clinic: Clinic, session: Session, scope: Scope
) -> None:
    clinic.say("late", "words", "A draft.")
    clinic.score(Severity.L3)
    clinic.say("early", "words", "A draft.")
    clinic.score(Severity.L0)
    clinic.wait(16 * 60)
    found = metrics.counts(session, scope)
    assert (found.open_reviews, found.overdue) == (2, 1)


def test_an_escalation_taken_and_resolved_is_still_counted(
    clinic: Clinic, session: Session, scope: Scope, reader: uuid.UUID
) -> None:
    clinic.say("grave", "words", "A draft.")
    clinic.score(Severity.L4)
    escalation = escalating.open_escalation_of(session, clinic.open_item("grave").conversation_id)
    assert escalation is not None
    escalating.acknowledge(session, escalation.id, reader, now=now(session))
    assert metrics.counts(session, scope).escalations == 1

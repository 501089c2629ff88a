"""What can go wrong while a ladder climbs: late clicks, two clocks, absences, changed policies."""

import threading
import uuid

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError

from db.session import Database, now
from db.tables import AuditEvent, Escalation, OutgoingPage, Paging, PolicyVersion
from oversight.domain.errors import Incomplete, NotPermitted, StaleVersion
from oversight.domain.flags import Flag
from oversight.domain.ladder import OpeningRule
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.ladders import ladder, open_escalations
from oversight.services import climbing, escalating, opening, people, undoing
from tests.services.clinic import Clinic
from tests.services.test_escalating_and_bridging import called, escalation, grave, tick
from tests.services.test_paging import method


@pytest.fixture
def team(clinic: Clinic) -> dict[str, uuid.UUID]:
    return {
        "primary": clinic.person(on_duty=ShiftPosition.PRIMARY),
        "secondary": clinic.person(on_duty=ShiftPosition.SECONDARY),
        "supervisor": clinic.person(Role.SUPERVISOR),
        "study_lead": clinic.person(Role.STUDY_LEAD),
    }


def have(clinic: Clinic, who: uuid.UUID) -> None:
    at = now(clinic.session)
    escalating.acknowledge(clinic.session, escalation(clinic).id, who, now=at)


def steps_called(clinic: Clinic) -> list[int]:
    found = clinic.session.execute(
        select(Paging.step, Paging.at).order_by(Paging.at, Paging.step)
    ).all()
    return list(dict.fromkeys(row.step for row in found))


@pytest.mark.parametrize(
    ("severity", "minutes"), [(Severity.L4, (0, 2, 5, 10, 15)), (Severity.L3, (0, 15, 30, 60))]
)
def test_every_step_is_called_at_its_minute(clinic: Clinic, team, severity, minutes):
    grave(clinic, severity)
    waited = 0.0
    for number, minute in enumerate(minutes):
        if number:
            tick(clinic, minute * 60 - 1 - waited)
            assert max(steps_called(clinic)) == number - 1, f"not before minute {minute}"
            tick(clinic, 1.5)
            waited = minute * 60 + 0.5
        assert steps_called(clinic) == list(range(number + 1))


def test_a_clock_that_was_away_for_seven_minutes_calls_every_step_in_order_and_none_twice(
    clinic: Clinic, team
):
    grave(clinic)
    tick(clinic, 60)
    tick(clinic, 420)
    told = clinic.session.scalars(
        select(AuditEvent.detail["step"].as_integer())
        .where(AuditEvent.kind == "escalation.page")
        .order_by(AuditEvent.id)
    ).all()
    assert told == [0, 1, 2]
    rows = clinic.session.execute(select(Paging.step, Paging.clinician_id)).all()
    assert len(rows) == len(set(rows)), "nobody twice at one step"
    assert steps_called(clinic) == [0, 1, 2]
    before = len(rows)
    tick(clinic)
    assert len(called(clinic)) == before
    tick(clinic, 121)
    assert steps_called(clinic) == [0, 1, 2, 3]


def test_a_policy_edited_mid_ladder_changes_nothing_of_it(clinic: Clinic, team):
    grave(clinic)
    with pytest.raises(Exception, match=r"append-only|permission"), clinic.session.begin_nested():
        clinic.session.execute(update(PolicyVersion).values(document={}))
    clinic.arm("default2", ladders={})
    clinic.session.execute(text("UPDATE arms SET policy_version_id = policy_version_id"))
    tick(clinic, 121)
    assert set(called(clinic)[1:]) == {team["primary"], team["secondary"]}


def test_somebody_deactivated_on_the_ladder_is_not_called_and_not_waited_for(clinic: Clinic, team):
    grave(clinic)
    people.deactivate(clinic.session, team["secondary"])
    tick(clinic, 121)
    assert called(clinic) == [team["primary"], team["primary"]]


@pytest.mark.parametrize("contact", [False, True])
def test_when_its_owner_leaves_the_team_people_are_called_again(clinic: Clinic, team, contact):
    grave(clinic)
    have(clinic, team["primary"])
    if contact:
        clinic.claim("c", team["primary"])
        clinic.decide("c", team["primary"], Action.REPLACE, text="This is Noa. I am here.")
    people.deactivate(clinic.session, team["primary"])
    tick(clinic, 1)
    assert escalation(clinic).status == EscalationStatus.OPEN
    tick(clinic, 121)
    assert team["secondary"] in called(clinic)


def test_several_people_may_have_it_and_the_first_owns_it(clinic: Clinic, team):
    grave(clinic)
    have(clinic, team["primary"])
    clinic.wait(120)
    have(clinic, team["secondary"])
    assert escalation(clinic).owner_id == team["primary"]
    tick(clinic, 181)
    assert escalation(clinic).owner_id == team["secondary"], "when the first one's time ran out"
    assert len(called(clinic)) == 1
    tick(clinic, 121)
    assert escalation(clinic).status == EscalationStatus.OPEN
    assert len(called(clinic)) == 2


def test_having_it_twice_gains_no_time(clinic: Clinic, team):
    grave(clinic)
    have(clinic, team["primary"])
    clinic.wait(200)
    have(clinic, team["primary"])
    tick(clinic, 101)
    assert escalation(clinic).status == EscalationStatus.OPEN


def test_a_colleague_who_left_does_not_inherit_it(clinic: Clinic, team):
    grave(clinic)
    have(clinic, team["primary"])
    clinic.wait(120)
    have(clinic, team["secondary"])
    people.deactivate(clinic.session, team["secondary"])
    tick(clinic, 181)
    assert escalation(clinic).status == EscalationStatus.OPEN


def test_the_next_step_can_be_called_by_hand_and_a_second_click_calls_nobody(clinic: Clinic, team):
    grave(clinic)
    (line,) = open_escalations(clinic.session, now=now(clinic.session))
    escalating.call_next(clinic.session, line.seen, team["primary"], now=now(clinic.session))
    assert set(called(clinic)[1:]) == {team["primary"], team["secondary"]}
    with pytest.raises(StaleVersion):
        escalating.call_next(clinic.session, line.seen, team["primary"], now=now(clinic.session))
    assert len(called(clinic)) == 3
    tick(clinic, 121)
    assert len(called(clinic)) == 3, "the step that was called by hand is not called again"
    tick(clinic, 180)
    assert team["supervisor"] in called(clinic)


def test_jumping_is_refused_once_somebody_has_it(clinic: Clinic, team):
    grave(clinic)
    (line,) = open_escalations(clinic.session, now=now(clinic.session))
    have(clinic, team["primary"])
    with pytest.raises(StaleVersion):
        escalating.call_next(clinic.session, line.seen, team["secondary"], now=now(clinic.session))


def conversation_id(clinic: Clinic) -> uuid.UUID:
    return clinic.messages("c")[0].conversation_id


def by_hand(
    clinic: Clinic, who: uuid.UUID, seen: object = None, reason: str = "worried"
) -> uuid.UUID:
    return opening.escalate_conversation(
        clinic.session,
        conversation_id(clinic),
        who,
        reason=reason,
        seen=seen,  # type: ignore[arg-type]
        now=now(clinic.session),
    )


def test_a_conversation_that_was_answered_can_be_escalated_by_hand_and_only_once(
    clinic: Clinic, team
):
    me = team["primary"]
    clinic.send("c", me)
    assert clinic.item("c") is None
    by_hand(clinic, me)
    assert (escalation(clinic).severity, escalation(clinic).rule) == ("L3", OpeningRule.BY_HAND)
    assert clinic.open_item("c").status == "escalated"
    with pytest.raises(StaleVersion):
        by_hand(clinic, team["secondary"])
    assert len(called(clinic)) == 1
    with pytest.raises(Incomplete):
        by_hand(clinic, me, reason=" ")
    with pytest.raises(NotPermitted):
        by_hand(clinic, team["study_lead"])


def corrected(clinic: Clinic, me: uuid.UUID, *flags: Flag) -> None:
    sent = clinic.send("c", me)
    clinic.confirm(sent)
    undoing.correct(
        clinic.session, sent.id, me, uuid.uuid4(), text="Sorry.", reason="harm", flags=flags
    )


def test_harm_that_was_delivered_calls_people(clinic: Clinic, team):
    corrected(clinic, team["primary"], Flag.F02)
    assert escalation(clinic).rule == OpeningRule.HARM_DELIVERED
    assert called(clinic) == [team["primary"]]


def test_a_lesser_correction_calls_nobody(clinic: Clinic, team):
    corrected(clinic, team["primary"], Flag.F18)
    assert called(clinic) == []


def test_a_reply_that_turns_out_to_be_harmful_after_it_arrived_calls_people(clinic: Clinic, team):
    me = team["primary"]
    clinic.say("c", "hello", "a reply")
    clinic.approve("c", me)
    clinic.wait(6)
    clinic.hand_out()
    clinic.confirm(clinic.deliveries("c")[-1])
    clinic.score(Severity.L0, flags=[Flag.F02])
    assert escalation(clinic).rule == OpeningRule.HARM_DELIVERED


def test_a_text_in_doubt_that_answered_somebody_at_risk_opens_it_by_its_rule(clinic: Clinic, team):
    me = team["primary"]
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    have(clinic, me)
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.APPROVE).closed
    escalating.resolve(
        clinic.session,
        escalation(clinic).id,
        me,
        resolution="is safe",
        now=now(clinic.session),
    )
    clinic.wait(6)
    clinic.hand_out()
    clinic.wait(61)
    from oversight.services.delivering import lose_sight

    lose_sight(clinic.session, now=now(clinic.session))
    found = clinic.session.scalars(
        select(Escalation.rule).where(Escalation.status == EscalationStatus.OPEN)
    ).all()
    assert found == [OpeningRule.UNDELIVERED]


def test_the_ladder_is_drawn_with_who_was_called_and_what_their_pages_did(clinic: Clinic, team):
    method(clinic, team["primary"])
    grave(clinic)
    tick(clinic, 121)
    drawn = ladder(clinic.session, escalation(clinic).id)
    assert [(one.due_at - drawn.started_at).total_seconds() for one in drawn.rungs] == [
        0,
        120,
        300,
        600,
        900,
    ]
    assert [len(one.called) for one in drawn.rungs] == [1, 2, 0, 0, 0]
    assert drawn.rungs[0].called[0][2] == ["queued"]
    have(clinic, team["primary"])
    assert len(ladder(clinic.session, escalation(clinic).id).having) == 1


def test_breached_clocks_are_named(clinic: Clinic, team):
    grave(clinic)
    (line,) = open_escalations(clinic.session, now=now(clinic.session))
    assert line.breaches == []
    clinic.wait(121)
    (line,) = open_escalations(clinic.session, now=now(clinic.session))
    assert line.breaches == ["acknowledge"]
    clinic.wait(180)
    have(clinic, team["primary"])
    (line,) = open_escalations(clinic.session, now=now(clinic.session))
    assert line.breaches == ["acknowledge", "contact"]


def test_the_database_refuses_an_escalation_that_nobody_has_and_nobody_is_called_for(
    clinic: Clinic, team
):
    grave(clinic)
    for change in (
        "next_page_at = NULL",
        "owner_id = (SELECT id FROM clinicians LIMIT 1)",
        "status = 'acknowledged'",
    ):
        with pytest.raises(IntegrityError), clinic.session.begin_nested():
            clinic.session.execute(text(f"UPDATE escalations SET {change}"))


@pytest.mark.slow
def test_two_clocks_at_once_call_nobody_twice(engine: Engine, owner_engine: Engine):
    database = Database(engine)
    with database.transaction() as session:
        clinic = Clinic.open(session)
        method(clinic, clinic.person(on_duty=ShiftPosition.PRIMARY))
        for number in range(30):
            clinic.say(f"c{number}", "words", "hi")
        while clinic.score(Severity.L4):
            pass
    with owner_engine.connect() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(
            text(f"ALTER DATABASE {name} SET oversight.clock_offset = '130 seconds'")
        )
        connection.commit()
    engine.dispose()
    start = threading.Barrier(4)

    def sweep() -> None:
        start.wait()
        for _ in range(5):
            with database.transaction() as session:
                climbing.climb_due(session, now=now(session), limit=7)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.reading() as session:
        twice = session.execute(
            select(Paging.escalation_id)
            .group_by(Paging.escalation_id, Paging.step, Paging.clinician_id)
            .having(func.count() > 1)
        ).all()
        assert twice == []
        assert session.scalar(select(func.count()).select_from(Paging)) == 60
        assert session.scalar(select(func.count()).select_from(OutgoingPage)) == 60

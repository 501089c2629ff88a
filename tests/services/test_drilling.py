"""A drill is somebody's own: begun, answered with feedback, finished, and seen by nobody else."""

import uuid

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from db.tables import AuditEvent, Drill
from oversight.domain.errors import Conflict, NotFound, NotPermitted
from oversight.domain.permissions import Role
from oversight.queries.drill import drill_items, own_drill, own_drills
from oversight.services.drilling import answer_drill, begin_drill, leave_drill
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def test_a_drill_goes_through_every_item_once_with_feedback(clinic: Clinic, me):
    drill = begin_drill(clinic.session, me)
    seen = []
    while (item := own_drill(clinic.session, drill, me).item) is not None:
        told = answer_drill(clinic.session, drill, me, item.id, raised=True)
        assert told.right is item.risky
        assert told.why == item.why
        seen.append(item.id)
    assert sorted(seen) == sorted(one.id for one in drill_items())
    state = own_drill(clinic.session, drill, me)
    assert state.score.finished
    assert state.finished_at is not None
    assert (state.score.found, state.score.false_alarms) == (20, 20)
    assert begin_drill(clinic.session, me) != drill


def test_it_goes_on_where_it_was_left_and_the_first_answer_counts(clinic: Clinic, me):
    drill = begin_drill(clinic.session, me)
    first = own_drill(clinic.session, drill, me).item
    told = answer_drill(clinic.session, drill, me, first.id, raised=False)
    assert answer_drill(clinic.session, drill, me, first.id, raised=True) == told
    assert begin_drill(clinic.session, me) == drill
    state = own_drill(clinic.session, drill, me)
    assert state.score.answered == 1
    assert state.item.id != first.id


@pytest.mark.parametrize("role", Role)
def test_nobody_else_sees_or_answers_it_whatever_their_role(clinic: Clinic, me, role):
    drill = begin_drill(clinic.session, me)
    other = clinic.person(role)
    with pytest.raises(NotFound):
        own_drill(clinic.session, drill, other)
    with pytest.raises(NotFound):
        answer_drill(clinic.session, drill, other, drill_items()[0].id, raised=True)
    with pytest.raises(NotFound):
        leave_drill(clinic.session, drill, other)
    assert own_drills(clinic.session, other) == []


def test_the_record_of_the_study_knows_nothing_of_it(clinic: Clinic, me):
    before = clinic.session.scalar(select(func.count()).select_from(AuditEvent))
    drill = begin_drill(clinic.session, me)
    answer_drill(clinic.session, drill, me, drill_items()[0].id, raised=True)
    leave_drill(clinic.session, drill, me)
    assert clinic.session.scalar(select(func.count()).select_from(AuditEvent)) == before


def test_it_can_be_left_and_another_begun(clinic: Clinic, me):
    drill = begin_drill(clinic.session, me)
    leave_drill(clinic.session, drill, me)
    assert own_drill(clinic.session, drill, me).item is None
    with pytest.raises(Conflict):
        answer_drill(clinic.session, drill, me, drill_items()[0].id, raised=True)
    clinic.wait(1)
    again = begin_drill(clinic.session, me)
    assert [one.drill_id for one in own_drills(clinic.session, me)] == [again, drill]


def test_only_readers_drill_and_only_on_items_that_are_there(clinic: Clinic, me):
    with pytest.raises(NotPermitted):
        begin_drill(clinic.session, clinic.person(Role.ADMIN))
    with pytest.raises(NotFound):
        answer_drill(clinic.session, begin_drill(clinic.session, me), me, "no-such", raised=True)


def test_the_database_keeps_one_drill_going_and_answers_as_given(clinic: Clinic, me):
    drill = begin_drill(clinic.session, me)
    answer_drill(clinic.session, drill, me, drill_items()[0].id, raised=True)
    with pytest.raises(DBAPIError, match="append-only"), clinic.session.begin_nested():
        clinic.session.execute(text("UPDATE drill_answers SET raised = false"))
    with pytest.raises(DBAPIError, match="uq_drills_one_open"), clinic.session.begin_nested():
        clinic.session.add(Drill(id=uuid.uuid4(), clinician_id=me))
        clinic.session.flush()

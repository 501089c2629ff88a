"""A question to a colleague: seen, answered, and the item stays where it is."""

import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from db.tables import AuditEvent
from oversight.domain.errors import ClaimLost, Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.queries.questions import asked_about, asked_by, asked_of
from oversight.services import asking
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


@pytest.fixture
def other(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


@pytest.fixture
def item_id(clinic: Clinic, me: uuid.UUID) -> uuid.UUID:
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L2)
    return clinic.claim("c", me).id


def test_a_question_is_seen_and_answered_and_the_item_stays(clinic: Clinic, me, other, item_id):
    before = clinic.open_item("c").deadline_at
    question = asking.ask(clinic.session, item_id, me, of=other, text=" Would you edit this? ")
    (asked,) = asked_of(clinic.session, other)
    assert (asked.text, asked.seen_at, asked.participant) == ("Would you edit this?", None, "p-c")
    asking.see(clinic.session, question, other)
    assert asked_by(clinic.session, me)[0].seen_at is not None
    asking.answer(clinic.session, question, other, text="Yes, the second line")
    assert asked_of(clinic.session, other) == []
    (mine,) = asked_by(clinic.session, me)
    assert (mine.answer, mine.answered_at is not None) == ("Yes, the second line", True)
    assert asked_about(clinic.session, item_id) == [mine]
    item = clinic.open_item("c")
    assert (item.status, item.deadline_at) == ("claimed", before)
    clinic.decide("c", me, Action.APPROVE)
    assert not asked_about(clinic.session, item_id)[0].item_open


def test_the_record_says_who_asked_whom_and_not_what(clinic: Clinic, me, other, item_id):
    question = asking.ask(clinic.session, item_id, me, of=other, text="secret words")
    asking.see(clinic.session, question, other)
    asking.see(clinic.session, question, other)
    asking.answer(clinic.session, question, other, text="more secrets")
    rows = select(AuditEvent).where(AuditEvent.kind.like("question.%")).order_by(AuditEvent.id)
    told = clinic.session.scalars(rows).all()
    assert [(one.kind, one.actor_id) for one in told] == [
        ("question.ask", str(me)),
        ("question.see", str(other)),
        ("question.answer", str(other)),
    ]
    assert "secret" not in str([one.detail for one in told])


def test_only_the_holder_asks_and_only_somebody_else_on_the_team(
    clinic: Clinic, me, other, item_id
):
    with pytest.raises(ClaimLost):
        asking.ask(clinic.session, item_id, other, of=me, text="x")
    with pytest.raises(Incomplete):
        asking.ask(clinic.session, item_id, me, of=me, text="x")
    with pytest.raises(NotPermitted):
        asking.ask(clinic.session, item_id, me, of=clinic.person(Role.ADMIN), text="x")
    for words in (" ", "\x00", "x" * 2001):
        with pytest.raises(Incomplete):
            asking.ask(clinic.session, item_id, me, of=other, text=words)
    with pytest.raises(NotFound):
        asking.see(clinic.session, uuid.uuid4(), other)


def test_only_whoever_was_asked_answers_and_once(clinic: Clinic, me, other, item_id):
    question = asking.ask(clinic.session, item_id, me, of=other, text="x")
    for who in (me, clinic.person()):
        with pytest.raises(NotPermitted):
            asking.answer(clinic.session, question, who, text="y")
        with pytest.raises(NotPermitted):
            asking.see(clinic.session, question, who)
    asking.answer(clinic.session, question, other, text="y")
    asking.answer(clinic.session, question, other, text="y")
    with pytest.raises(Conflict):
        asking.answer(clinic.session, question, other, text="z")
    with pytest.raises(Conflict):
        asking.withdraw(clinic.session, question, me)


def test_a_second_press_is_the_same_question_and_another_waits_for_the_answer(
    clinic: Clinic, me, other, item_id
):
    question = asking.ask(clinic.session, item_id, me, of=other, text="x")
    assert asking.ask(clinic.session, item_id, me, of=other, text="x") == question
    with pytest.raises(Conflict):
        asking.ask(clinic.session, item_id, me, of=other, text="y")
    with pytest.raises(NotPermitted):
        asking.withdraw(clinic.session, question, other)
    asking.withdraw(clinic.session, question, me)
    assert asked_of(clinic.session, other) == []
    with pytest.raises(Conflict):
        asking.answer(clinic.session, question, other, text="z")
    assert asking.ask(clinic.session, item_id, me, of=other, text="y") != question


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("text = 'other'", "append-only"),
        ("asked_of = asked_by", "of_another"),
        ("answer = 'x'", "answer_has_time"),
        ("answer = 'x', answered_at = now()", "answered_was_seen"),
    ],
)
def test_the_database_refuses_what_never_was(clinic: Clinic, me, other, item_id, change, refused):
    from sqlalchemy.exc import DBAPIError

    asking.ask(clinic.session, item_id, me, of=other, text="x")
    with pytest.raises((IntegrityError, DBAPIError), match=refused):
        clinic.session.execute(text(f"UPDATE questions SET {change}"))

"""One press: a decision and the next item in one transaction, in few statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from db.session import now
from db.tables import AuditEvent, Claim, new_id
from oversight.domain.errors import AlreadyClaimed, StaleVersion
from oversight.domain.lifecycle import DraftStatus, ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.queries.triage import card
from oversight.services.deciding import decide, decide_and_go_on
from tests.services.clinic import Clinic

MOST_FOR_A_PRESS = 11
MOST_FOR_A_CARD = 5


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


@pytest.fixture
def two(clinic: Clinic, me: uuid.UUID) -> uuid.UUID:
    """Two conversations with a draft each; the first is in my hands."""
    for name in ("first", "second"):
        clinic.say(name, f"hello from {name}", "hi there")
        clinic.wait(1)
    clinic.score()
    clinic.claim("first", me)
    return clinic.open_item("second").id


@contextmanager
def counted(clinic: Clinic) -> Iterator[list[str]]:
    """The statements sent inside the block."""
    told: list[str] = []
    connection = clinic.session.connection()

    def note(_connection, _cursor, statement, *_rest) -> None:
        told.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_approving_puts_the_next_item_in_hand(clinic: Clinic, me, two):
    request = clinic.request("first", me, Action.APPROVE)
    result, following = decide_and_go_on(clinic.session, request)
    assert result.closed
    assert following == two
    assert clinic.open_item("second").status == ItemStatus.CLAIMED


def test_the_record_keeps_the_order_in_which_things_happened(clinic: Clinic, me, two):
    newest = select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1)
    before = clinic.session.scalar(newest) or 0
    decide_and_go_on(clinic.session, clinic.request("first", me, Action.APPROVE))
    written = clinic.session.scalars(
        select(AuditEvent.kind).where(AuditEvent.id > before).order_by(AuditEvent.id)
    ).all()
    assert written == [
        "decision.approve",
        "draft.release",
        "delivery.queue",
        "item.close",
        "item.claim",
    ]


def test_a_second_press_of_the_same_form_decides_nothing_and_keeps_the_next_item(
    clinic: Clinic, me, two
):
    request = clinic.request("first", me, Action.APPROVE)
    decide_and_go_on(clinic.session, request)
    result, following = decide_and_go_on(clinic.session, request)
    assert result.repeated
    assert following == two
    assert len(clinic.deliveries("first")) == 1


def test_who_still_has_an_item_to_finish_gets_no_other(clinic: Clinic, me):
    clinic.say("grave", "words", "hi there")
    clinic.score(Severity.L3)
    clinic.say("other", "words", "hi")
    clinic.claim("grave", me)
    request = clinic.request("grave", me, Action.REPLACE, text="I am here.")
    result, following = decide_and_go_on(clinic.session, request)
    assert result.still_open
    assert following is None
    assert clinic.open_item("other").status == ItemStatus.WAITING


def test_a_message_that_came_meanwhile_refuses_the_press_and_takes_nothing(clinic: Clinic, me, two):
    request = clinic.request("first", me, Action.APPROVE)
    clinic.say("first", "wait, one more thing")
    with pytest.raises(StaleVersion):
        decide_and_go_on(clinic.session, request)
    assert clinic.draft("first").status == DraftStatus.HELD
    assert clinic.open_item("second").status == ItemStatus.WAITING
    assert clinic.deliveries("first") == []


def test_trouble_with_the_next_item_leaves_this_one_to_be_decided_alone(clinic: Clinic, me, two):
    at = now(clinic.session)
    held_wrongly = Claim(
        id=new_id(),
        item_id=two,
        clinician_id=clinic.person(),
        claimed_at=at,
        expires_at=at.replace(year=at.year + 1),
    )
    clinic.session.add(held_wrongly)  # a live claim of an item that waits: it should never be
    clinic.session.flush()
    request = clinic.request("first", me, Action.APPROVE)
    with pytest.raises(AlreadyClaimed), clinic.session.begin_nested():
        decide_and_go_on(clinic.session, request)
    assert clinic.draft("first").status == DraftStatus.HELD
    assert decide(clinic.session, request).closed
    assert clinic.draft("first").status == DraftStatus.RELEASED


def test_a_press_and_a_card_take_few_statements(clinic: Clinic, me, two):
    request = clinic.request("first", me, Action.APPROVE)
    with counted(clinic) as pressed:
        _, following = decide_and_go_on(clinic.session, request)
    assert len(pressed) <= MOST_FOR_A_PRESS, "\n".join(pressed)
    assert following is not None
    with counted(clinic) as drawn:
        card(clinic.session, following, me)
    assert len(drawn) <= MOST_FOR_A_CARD, "\n".join(drawn)

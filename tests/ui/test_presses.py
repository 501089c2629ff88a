"""A press and the card after it: trouble with the one is not trouble with the other."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.exc import OperationalError

from oversight.domain.permissions import Role
from oversight.services.deciding import Result
from oversight.services.people import Person
from oversight.ui import decided, in_hand

DECIDED = Result(uuid.uuid4(), None, None, closed=True)
READER = Person(uuid.uuid4(), "noa", "Noa Lindqvist", Role.CLINICIAN, ("en",))


def look(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> in_hand.InHand | None:
    def broken(*_: object, **__: object) -> in_hand.InHand:
        raise trouble

    monkeypatch.setattr(in_hand, "look", broken)
    return decided._look(None, DECIDED, uuid.uuid4(), READER)


def test_a_next_card_that_cannot_be_read_does_not_undo_the_decision(monkeypatch):
    assert look(monkeypatch, ValueError("a level that nobody knows")) is None


def test_a_record_that_fails_is_told_and_nothing_is_claimed_decided(monkeypatch):
    with pytest.raises(OperationalError):
        look(monkeypatch, OperationalError("SELECT", {}, Exception("gone")))

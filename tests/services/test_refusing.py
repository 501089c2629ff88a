"""A message that could not be taken in hides nobody: a person looks, and words cover the wait."""

import uuid

import pytest

from db.session import now
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.domain.words import DeliveryKind
from oversight.services import refusing
from oversight.services.bridging import bridge, due_bridges
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def closed(clinic: Clinic, who: uuid.UUID, **facts: str) -> None:
    """A conversation that was answered, with nothing open."""
    clinic.say("c", "hello", "hi", **facts)
    clinic.score(Severity.L0)
    clinic.claim("c", who)
    assert clinic.decide("c", who, Action.APPROVE).closed
    clinic.wait(6)
    clinic.hand_out()
    clinic.confirm(clinic.deliveries("c")[-1])


def refuse(clinic: Clinic) -> bool:
    return refusing.hold_for_refused(clinic.session, clinic.study_id, "c", reason="too_large")


def test_it_comes_up_as_not_scored(clinic: Clinic, me):
    closed(clinic, me)
    assert refuse(clinic)
    item = clinic.open_item("c")
    assert (item.status, item.severity) == (ItemStatus.WAITING, Severity.LU)


@pytest.mark.parametrize("arm", [None, "flagged", "after"])
def test_its_wait_is_covered_like_that_of_words_nobody_has_scored(clinic: Clinic, me, arm):
    clinic.say("c", "hello", arm=arm, language="es")
    assert refuse(clinic)
    if clinic.open_item("c").covered_at is None:
        clinic.score(Severity.L0)
    clinic.wait(61)
    (item_id,) = due_bridges(clinic.session, now=now(clinic.session))
    assert bridge(clinic.session, item_id, now=now(clinic.session))
    (sent,) = clinic.deliveries("c")
    assert sent.kind == DeliveryKind.BRIDGE
    assert "espera" in sent.text
    assert due_bridges(clinic.session, now=now(clinic.session)) == []


def test_a_conversation_that_was_answered_before_is_covered_again(clinic: Clinic, me):
    closed(clinic, me)
    refuse(clinic)
    clinic.wait(59)
    assert due_bridges(clinic.session, now=now(clinic.session)) == []
    clinic.wait(2)
    assert len(due_bridges(clinic.session, now=now(clinic.session))) == 1


def test_a_persons_words_cover_it(clinic: Clinic, me):
    closed(clinic, me)
    refuse(clinic)
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.REPLACE, text="That was too long for me.").closed
    clinic.wait(61)
    assert due_bridges(clinic.session, now=now(clinic.session)) == []


def test_refused_again_and_again_it_is_covered_once_a_minute_until_the_texts_are_used(
    clinic: Clinic, me
):
    closed(clinic, me)
    for _ in range(6):
        refuse(clinic)
        clinic.wait(61)
        for item_id in due_bridges(clinic.session, now=now(clinic.session)):
            bridge(clinic.session, item_id, now=now(clinic.session))
    assert [one.kind for one in clinic.deliveries("c")[1:]] == [DeliveryKind.BRIDGE] * 3

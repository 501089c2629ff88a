"""Signing in: what is kept of a secret, who is let in, and when a sign-in ends."""

import uuid

import pytest
from sqlalchemy import select, text

from db.session import now
from db.tables import Clinician, Escalation, LevelChange, SignIn
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.services import escalating, people, undoing
from oversight.services.people import (
    FAILURES_ALLOWED,
    FAILURES_WITHIN,
    SIGN_IN_HOURS,
    create_person,
    person_of,
    sign_in,
)
from tests.services.clinic import Clinic

PASSWORD = "correct horse battery staple"


@pytest.fixture
def noa(clinic: Clinic) -> str:
    name = "noa"
    create_person(clinic.session, username=name, name="Noa", role=Role.CLINICIAN, password=PASSWORD)
    return name


def token_of(clinic: Clinic, name: str) -> str:
    signed_in = sign_in(clinic.session, name, PASSWORD)
    assert signed_in is not None
    return signed_in[1]


def test_neither_password_nor_token_is_kept(clinic: Clinic, noa: str):
    token = token_of(clinic, noa)
    kept = clinic.session.scalars(select(Clinician.password_hash)).one()
    assert kept.startswith("$argon2id$")
    digest = clinic.session.scalars(select(SignIn.digest)).one()
    assert token not in digest
    assert PASSWORD not in kept


@pytest.mark.parametrize(("name", "password"), [("noa", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_lets_nobody_in(clinic: Clinic, noa: str, name, password):
    assert sign_in(clinic.session, name, password) is None
    assert clinic.session.scalars(select(SignIn.id)).all() == []


def test_whoever_guesses_is_stopped_and_let_in_again_after_a_quarter_of_an_hour(
    clinic: Clinic, noa: str
):
    for _ in range(FAILURES_ALLOWED):
        assert sign_in(clinic.session, noa, "a guess") is None
    with pytest.raises(NotPermitted, match="too many"):
        sign_in(clinic.session, noa, PASSWORD)
    clinic.wait(FAILURES_WITHIN.total_seconds() + 1)
    assert sign_in(clinic.session, noa, PASSWORD) is not None


def test_a_sign_in_ends_by_itself(clinic: Clinic, noa: str):
    token = token_of(clinic, noa)
    clinic.wait(SIGN_IN_HOURS * 3600 - 1)
    assert person_of(clinic.session, token) is not None
    clinic.wait(2)
    assert person_of(clinic.session, token) is None


@pytest.mark.parametrize("how", ["signed out", "new password", "deactivated"])
def test_a_sign_in_can_be_ended_for_good(clinic: Clinic, noa: str, how):
    token = token_of(clinic, noa)
    person = person_of(clinic.session, token)
    assert person is not None
    if how == "signed out":
        people.sign_out(clinic.session, token)
    elif how == "new password":
        people.set_password(clinic.session, person.id, "another long password")
    else:
        people.deactivate(clinic.session, person.id)
    assert person_of(clinic.session, token) is None
    assert clinic.session.scalar(text("SELECT count(*) FROM sign_ins")) == 1, "kept, and ended"


def test_whoever_was_deactivated_does_not_come_back_with_the_old_password(clinic: Clinic, noa: str):
    person = person_of(clinic.session, token_of(clinic, noa))
    assert person is not None
    people.deactivate(clinic.session, person.id)
    assert sign_in(clinic.session, noa, PASSWORD) is None


def test_a_short_password_is_refused(clinic: Clinic, noa: str):
    with pytest.raises(Incomplete):
        create_person(
            clinic.session, username="li", name="Li", role=Role.ADMIN, password="too short"
        )
    person = person_of(clinic.session, token_of(clinic, noa))
    assert person is not None
    with pytest.raises(Incomplete):
        people.set_password(clinic.session, person.id, "too short")


@pytest.mark.parametrize("role", [Role.STUDY_LEAD, Role.ADMIN])
@pytest.mark.parametrize("act", ["undo", "correct", "confirm a lowering", "take an escalation"])
def test_only_readers_act_on_what_was_sent_and_on_levels(clinic: Clinic, role, act):
    me, other = clinic.person(), clinic.person(role)
    clinic.say("c", "words", "a reply")
    clinic.score()
    clinic.approve("c", me)
    (reply,) = clinic.deliveries("c")
    if act == "correct":
        clinic.wait(6)
        clinic.hand_out()
        clinic.confirm(reply)
    clinic.say("grave", "words")
    clinic.score(Severity.L3)
    item = clinic.claim("grave", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="a song")
    change = clinic.session.scalars(select(LevelChange.id)).one()
    call = clinic.session.scalars(select(Escalation.id)).one()
    with pytest.raises(NotPermitted, match="only a clinician or supervisor"):
        match act:
            case "undo":
                undoing.undo(clinic.session, reply.id, other)
            case "correct":
                undoing.correct(
                    clinic.session, reply.id, other, uuid.uuid4(), text="Sorry.", reason="harm"
                )
            case "confirm a lowering":
                undoing.confirm_lowering(clinic.session, change, other)
            case _:
                at = now(clinic.session)
                escalating.acknowledge(clinic.session, call, other, now=at)


def test_a_password_costs_a_guesser_as_much_as_the_library_advises(quick_passwords):
    """The tests hash in no time; the product does not."""
    kept = quick_passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert quick_passwords.memory_cost >= 64 * 1024
    assert quick_passwords.time_cost >= 3
    assert quick_passwords.verify(kept, "correct horse")

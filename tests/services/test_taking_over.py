"""A person in the bot's place: nothing of the bot's leaves by itself until it is handed back."""

import pytest

from oversight.domain.errors import AlreadyClaimed, NotPermitted
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.permissions import Role
from oversight.services.taking_over import hand_back, take_over
from tests.services.clinic import Clinic


def conversation_id(clinic: Clinic):
    return clinic.messages("c")[0].conversation_id


def test_what_a_person_has_taken_over_the_bot_does_not_answer_by_itself(clinic: Clinic):
    me = clinic.person()
    clinic.say("c", "hello", arm="flagged")
    clinic.score()
    take_over(clinic.session, conversation_id(clinic), me)
    clinic.say("c", "hello?", "hi there", arm="flagged")
    clinic.score()
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_whoever_has_taken_over_sees_every_turn(clinic: Clinic):
    clinic.say("c", "hello", arm="flagged")
    clinic.score()
    take_over(clinic.session, conversation_id(clinic), clinic.person())
    clinic.say("c", "are you there", arm="flagged")
    assert clinic.item("c") is not None


def test_handed_back_the_policy_releases_again(clinic: Clinic):
    me = clinic.person()
    clinic.say("c", "hello", arm="flagged")
    clinic.score()
    take_over(clinic.session, conversation_id(clinic), me)
    hand_back(clinic.session, conversation_id(clinic), me)
    clinic.say("c", "hello?", "hi there", arm="flagged")
    clinic.score()
    assert clinic.draft("c").status == DraftStatus.RELEASED


def test_one_person_at_a_time_and_only_readers(clinic: Clinic):
    clinic.say("c", "hello")
    take_over(clinic.session, conversation_id(clinic), clinic.person())
    with pytest.raises(AlreadyClaimed, match="Person"):
        take_over(clinic.session, conversation_id(clinic), clinic.person())
    with pytest.raises(NotPermitted):
        take_over(clinic.session, conversation_id(clinic), clinic.person(Role.STUDY_LEAD))

"""Templates of an item's policy; nothing half filled in is released."""

import uuid

import pytest

from oversight.domain.errors import Incomplete
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.queries.templates import templates_of
from oversight.services import undoing
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def test_an_item_has_the_templates_of_its_policy_and_language(clinic: Clinic):
    clinic.arm("own", templates={"calm": {"en": ["hi {{name}}"], "es": ["hola {{name}}"]}})
    clinic.say("c", "hola", "hola", arm="own", language="es-MX")
    found = templates_of(clinic.session, clinic.open_item("c").id)
    assert [(one.situation, one.language, one.placeholders) for one in found] == [
        ("calm", "es", ("name",))
    ]


@pytest.mark.parametrize("action", [Action.EDIT, Action.REPLACE])
def test_a_text_with_a_placeholder_is_never_released(clinic: Clinic, me, action):
    clinic.say("c", "words", "a draft")
    clinic.score(Severity.L1)
    clinic.claim("c", me)
    with pytest.raises(Incomplete, match=r"\{\{your_name\}\}") as refused:
        clinic.decide("c", me, action, text="This is {{your_name}}", flags=[Flag.F19])
    assert refused.value.facts["placeholders"] == ["your_name"]
    assert clinic.draft("c").status == DraftStatus.HELD
    assert not clinic.deliveries("c")
    clinic.decide("c", me, action, text="This is Kim", flags=[Flag.F19])
    assert clinic.deliveries("c")[0].text == "This is Kim"


def test_a_bots_own_placeholder_is_not_approved_either(clinic: Clinic, me):
    clinic.say("c", "words", "Dear {{first_name}}, well done")
    clinic.score(Severity.L0)
    clinic.claim("c", me)
    with pytest.raises(Incomplete, match="first_name"):
        clinic.decide("c", me, Action.APPROVE)
    assert not clinic.deliveries("c")


@pytest.mark.parametrize("retract", [False, True])
def test_nor_is_a_correction_or_retraction(clinic: Clinic, me, retract):
    delivery = clinic.send("c", me)
    clinic.confirm(delivery)
    with pytest.raises(Incomplete, match="what_is_right"):
        undoing.correct(
            clinic.session,
            delivery.id,
            me,
            uuid.uuid4(),
            text="Rather: {{what_is_right}}",
            reason="wrong",
            retract=retract,
        )
    assert len(clinic.deliveries("c")) == 1

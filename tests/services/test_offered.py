"""What the console offers for an item and what the server accepts come from the same facts."""

import uuid

import pytest
from sqlalchemy import select

from db.tables import ReviewItem
from oversight.domain.errors import NotPermitted
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role, allowed_actions
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind
from oversight.queries.triage import card
from oversight.services import claiming, deciding, undoing
from oversight.services.cases import open_case, view_of
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def offered(clinic: Clinic, item_id: uuid.UUID, who: uuid.UUID) -> frozenset[Action]:
    """The console's buttons; the same as the server's, or this fails."""
    view = card(clinic.session, item_id, who).view
    case = open_case(clinic.session, request(item_id, who, Action.APPROVE))
    assert view == view_of(clinic.session, case)
    return allowed_actions(view, clinician_id=str(who), role=Role.CLINICIAN)


def request(item_id: uuid.UUID, who: uuid.UUID, action: Action) -> deciding.Request:
    return deciding.Request(item_id, 1, who, uuid.uuid4(), action)


def audited(clinic: Clinic) -> uuid.UUID:
    """An audit item of a released turn, in a conversation where a new draft is held by now."""
    clinic.arm("audited", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=1.0)
    clinic.say("c", "slept well", "good", arm="audited")
    clinic.score()
    clinic.hand_out()
    clinic.confirm(clinic.deliveries("c")[0])
    clinic.say("c", "worse today", "oh", arm="audited")
    clinic.score(Severity.L2)
    audit = select(ReviewItem.id).where(ReviewItem.kind == ItemKind.AUDIT)
    return clinic.session.scalars(audit).one()


def test_an_audit_never_offers_to_decide_the_draft_that_came_later(clinic: Clinic, me):
    item_id = audited(clinic)
    assert clinic.draft("c").status == "held"
    claiming.claim(clinic.session, item_id, me)
    actions = offered(clinic, item_id, me)
    assert Action.MARK_READ in actions
    assert not {Action.APPROVE, Action.EDIT, Action.WITHHOLD} & actions
    with pytest.raises(NotPermitted):
        deciding.decide(clinic.session, request(item_id, me, Action.APPROVE))
    assert deciding.decide(clinic.session, request(item_id, me, Action.MARK_READ)).closed


@pytest.mark.parametrize("severity", [Severity.L0, Severity.LU, Severity.L4])
@pytest.mark.parametrize("flags", [(), (Flag.F18,), (Flag.F09,), (Flag.F02,)])
@pytest.mark.parametrize("jurisdiction", ["US-NH", "US-IL"])
def test_buttons_and_server_agree_on_every_review_item(
    clinic: Clinic, me, severity, flags, jurisdiction
):
    clinic.say("c", "words", "hi", jurisdiction=jurisdiction)
    clinic.score(None if severity is Severity.LU else severity, flags=flags)
    item = clinic.open_item("c")
    offered(clinic, item.id, me)
    clinic.claim("c", me)
    actions = offered(clinic, item.id, me)
    harmless = severity is Severity.LU or not flags or flags == (Flag.F18,)
    assert (Action.APPROVE in actions) == (harmless and jurisdiction == "US-NH")


def test_a_reply_that_came_back_still_shows_what_the_classifier_made_of_it(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L1, flags=[Flag.F18])
    clinic.claim("c", me)
    released = clinic.decide("c", me, Action.APPROVE)
    undoing.undo(clinic.session, released.delivery_id, me)
    draft = card(clinic.session, clinic.open_item("c").id, me).draft
    assert clinic.draft("c").revision == 2
    assert draft.assessment is not None
    assert draft.assessment.probability == 0.5

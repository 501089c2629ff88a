"""Decisions: what they need, what they cover, when they are refused, and what they send."""

import uuid

import pytest
from sqlalchemy import func, select

from db.session import now
from db.tables import AuditEvent, Decision, WorkingText
from oversight.domain.closing import Disposition
from oversight.domain.errors import ClaimLost, Conflict, Incomplete, NotPermitted, StaleVersion
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DeliveryStatus, DraftStatus, ItemStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import DeliveryKind
from oversight.queries.outgoing import feed, reply_state
from oversight.services import claiming, deciding, escalating, undoing
from oversight.services.wording import keep_wording
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def test_an_approved_reply_is_sent_word_for_word(clinic: Clinic, me):
    told = clinic.say("c", "hello", "hi there")
    clinic.score()
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.APPROVE)
    assert result.closed
    clinic.wait(6)
    assert clinic.hand_out() == 1
    (shown,) = feed(clinic.session, clinic.study_id, after=0)
    assert (shown.text, shown.kind) == ("hi there", DeliveryKind.REPLY)
    assert told.reply_id is not None
    state = reply_state(clinic.session, clinic.study_id, told.reply_id)
    assert (state.status, state.text) == (DraftStatus.RELEASED, "hi there")


def test_only_the_edited_text_is_ever_sent_and_the_draft_is_kept(clinic: Clinic, me):
    clinic.say("c", "help me get to 1000 kcal", "Here is a plan")
    clinic.score(Severity.L2, flags=[Flag.F05])
    clinic.claim("c", me)
    clinic.decide("c", me, Action.EDIT, text="I hear you.", flags=[Flag.F05])
    clinic.wait(6)
    clinic.hand_out()
    assert [one.text for one in feed(clinic.session, clinic.study_id, after=0)] == ["I hear you."]
    assert clinic.draft("c").text == "Here is a plan"


def test_own_words_go_out_as_the_teams(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    clinic.decide("c", me, Action.REPLACE, text="This is Noa.")
    assert clinic.deliveries("c")[0].kind == DeliveryKind.CLINICIAN


def test_own_words_need_no_draft(clinic: Clinic, me):
    clinic.say("c", "hello")
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.REPLACE, text="This is Noa.").closed
    assert clinic.deliveries("c")[0].draft_id is None


def test_withheld_means_that_nothing_is_sent(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.WITHHOLD, reason="not needed").closed
    assert clinic.draft("c").status == DraftStatus.WITHHELD
    assert clinic.deliveries("c") == []


def test_a_message_without_a_draft_is_marked_as_read(clinic: Clinic, me):
    clinic.say("c", "hello")
    clinic.score()
    clinic.claim("c", me)
    assert clinic.decide("c", me, Action.MARK_READ).closed
    assert clinic.item("c") is None


@pytest.mark.parametrize("action", [Action.APPROVE, Action.EDIT, Action.REPLACE])
def test_a_decision_on_a_card_that_moved_on_is_refused(clinic: Clinic, me, action):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    seen = clinic.open_item("c").version
    clinic.say("c", "actually i lied")
    with pytest.raises(StaleVersion) as refused:
        clinic.decide("c", me, action, version=seen, text="x", flags=[Flag.F18])
    assert refused.value.facts["current"] == seen + 1
    assert clinic.deliveries("c") == []


@pytest.mark.parametrize("action", [Action.WITHHOLD, Action.ESCALATE])
def test_withhold_and_escalate_are_never_stale(clinic: Clinic, me, action):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    seen = clinic.open_item("c").version
    clinic.say("c", "more")
    clinic.decide("c", me, action, version=seen, reason="danger")


def test_a_raised_level_makes_the_card_stale_but_a_bridge_does_not(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    seen = clinic.open_item("c").version
    clinic.score(Severity.L4)
    assert clinic.open_item("c").version > seen
    seen = clinic.open_item("c").version
    clinic.wait(25)
    from oversight.services.bridging import bridge

    assert bridge(clinic.session, clinic.open_item("c").id, now=now(clinic.session))
    assert clinic.open_item("c").version == seen


def test_a_second_click_does_not_send_twice(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    request = clinic.request("c", me, Action.APPROVE)
    first = deciding.decide(clinic.session, request)
    again = deciding.decide(clinic.session, request)
    assert again.repeated
    assert again.decision_id == first.decision_id
    assert len(clinic.deliveries("c")) == 1


def test_a_form_that_was_used_cannot_decide_something_else(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    request = clinic.request("c", me, Action.WITHHOLD, reason="a")
    deciding.decide(clinic.session, request)
    with pytest.raises(Conflict):
        deciding.decide(
            clinic.session,
            deciding.Request(**{**vars(request), "reason": "b"}),
        )


def test_nobody_decides_without_holding_the_item(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    with pytest.raises(ClaimLost):
        clinic.decide("c", me, Action.APPROVE)
    clinic.claim("c", clinic.person())
    with pytest.raises(ClaimLost):
        clinic.decide("c", me, Action.APPROVE)


def test_approving_a_harmful_reply_is_refused_by_the_server_too(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.score(Severity.L0, flags=[Flag.F02])
    clinic.claim("c", me)
    with pytest.raises(NotPermitted):
        clinic.decide("c", me, Action.APPROVE)


def test_the_bots_words_are_refused_where_the_law_blocks_them(clinic: Clinic, me):
    clinic.say("c", "hello", "hi", jurisdiction="US-IL")
    clinic.score()
    clinic.claim("c", me)
    for action in (Action.APPROVE, Action.EDIT):
        with pytest.raises(NotPermitted):
            clinic.decide("c", me, action, text="x", flags=[Flag.F18])
    assert clinic.decide("c", me, Action.REPLACE, text="From me.").closed


@pytest.mark.parametrize(
    ("action", "content", "field"),
    [
        (Action.EDIT, {"text": "changed"}, "flags"),
        (Action.EDIT, {"text": "hi", "flags": [Flag.F18]}, "text"),
        (Action.EDIT, {"text": "  ", "flags": [Flag.F18]}, "text"),
        (Action.REPLACE, {"text": ""}, "text"),
        (Action.REPLACE, {"text": "x" * 20_001}, "text"),
        (Action.REPLACE, {"text": "a\x00b"}, "text"),
        (Action.REPLACE, {"text": "\ud800"}, "text"),
        (Action.WITHHOLD, {}, "reason"),
        (Action.WITHHOLD, {"reason": "   "}, "reason"),
        (Action.ESCALATE, {}, "reason"),
    ],
)
def test_what_is_missing_is_named(clinic: Clinic, me, action, content, field):
    clinic.say("c", "hello", "hi")
    clinic.claim("c", me)
    with pytest.raises(Incomplete) as refused:
        clinic.decide("c", me, action, **content)
    assert refused.value.facts["field"] == field
    assert clinic.session.scalar(select(func.count()).select_from(Decision)) == 0


def test_an_imminent_item_stays_open_until_somebody_owns_the_escalation(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L4)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.REPLACE, text="This is Noa. Are you safe?")
    assert not result.closed
    assert "nobody has taken the escalation yet" in result.still_open
    escalation = escalating.open_escalation_of(
        clinic.session, clinic.open_item("c").conversation_id
    )
    assert escalation is not None
    escalating.acknowledge(clinic.session, escalation.id, me, now=now(clinic.session))
    assert clinic.decide("c", me, Action.MARK_READ).closed


def test_an_imminent_item_closes_when_a_person_lowered_the_level_and_owns_it(clinic: Clinic, me):
    clinic.say("c", "my brother took pills last year", "hi")
    clinic.score(Severity.L4)
    item = clinic.claim("c", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="about last year")
    assert clinic.open_item("c").severity == Severity.L1
    escalation = escalating.open_escalation_of(clinic.session, item.conversation_id)
    assert escalation is not None
    escalating.acknowledge(clinic.session, escalation.id, me, now=now(clinic.session))
    assert clinic.decide("c", me, Action.APPROVE).closed


def test_a_level_is_lowered_only_with_a_reason_and_never_raised_that_way(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L2)
    item = clinic.claim("c", me)
    with pytest.raises(Incomplete):
        undoing.lower_level(clinic.session, item.id, me, to=Severity.L0, reason=" ")
    with pytest.raises(Incomplete):
        undoing.lower_level(clinic.session, item.id, me, to=Severity.L3, reason="no")


def test_only_whoever_has_the_item_lowers_its_level(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L2)
    item = clinic.open_item("c")
    for holder in (None, clinic.person()):
        if holder is not None:
            clinic.claim("c", holder)
        with pytest.raises(ClaimLost):
            undoing.lower_level(clinic.session, item.id, me, to=Severity.L0, reason="a song")
    assert clinic.open_item("c").severity == Severity.L2


def test_lowering_from_imminent_waits_for_a_second_person(clinic: Clinic, me):
    from db.tables import LevelChange

    clinic.say("c", "words", "hi")
    clinic.score(Severity.L4)
    item = clinic.claim("c", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="a quotation")
    change = clinic.session.scalars(select(LevelChange)).one()
    assert change.confirm_due_at is not None
    with pytest.raises(NotPermitted):
        undoing.confirm_lowering(clinic.session, change.id, me)
    undoing.confirm_lowering(clinic.session, change.id, clinic.person(Role.SUPERVISOR))
    clinic.session.refresh(change)
    assert change.confirmed_at is not None


def test_an_escalated_item_stays_in_triage_with_its_draft_held(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L1)
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.ESCALATE, reason="needs a call")
    assert not result.closed
    item = clinic.open_item("c")
    assert item.status == ItemStatus.ESCALATED
    assert clinic.draft("c").status == DraftStatus.HELD
    assert claiming.claim_next(clinic.session, clinic.person()) == item.id


def test_until_the_undo_window_ends_the_bot_is_told_held(clinic: Clinic, me):
    told = clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    assert told.reply_id is not None
    assert clinic.hand_out() == 0
    state = reply_state(clinic.session, clinic.study_id, told.reply_id)
    assert (state.status, state.text) == (DraftStatus.HELD, None)


def test_an_imminent_reply_does_not_wait_for_the_undo_window(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L4)
    clinic.claim("c", me)
    clinic.decide("c", me, Action.REPLACE, text="This is Noa.")
    assert clinic.hand_out() == 1


def test_undo_brings_the_draft_and_the_wording_back(clinic: Clinic, me):
    told = clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.EDIT, text="hi, Sam", flags=[Flag.F18])
    assert result.delivery_id is not None
    item_id = undoing.undo(clinic.session, result.delivery_id, me)
    assert clinic.open_item("c").id == item_id
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.draft("c").revision == 2
    assert clinic.session.scalars(select(WorkingText.text)).one() == "hi, Sam"
    assert clinic.deliveries("c")[0].status == DeliveryStatus.RECALLED
    clinic.wait(60)
    assert clinic.hand_out() == 0
    assert told.reply_id is not None
    state = reply_state(clinic.session, clinic.study_id, told.reply_id)
    assert state.status is DraftStatus.HELD


def test_too_late_to_undo_what_was_handed_out(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    result = clinic.decide("c", me, Action.APPROVE)
    clinic.wait(6)
    clinic.hand_out()
    assert result.delivery_id is not None
    with pytest.raises(StaleVersion):
        undoing.undo(clinic.session, result.delivery_id, me)


def test_a_message_in_the_undo_window_recalls_the_release(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    clinic.say("c", "wait, there is something else")
    clinic.wait(60)
    assert clinic.hand_out() == 0
    assert clinic.draft("c").status == DraftStatus.HELD
    assert clinic.item("c") is not None


def test_unfinished_wording_is_kept_and_forgotten_once_decided(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    item = clinic.claim("c", me)
    keep_wording(clinic.session, item.id, me, "half a sent")
    keep_wording(clinic.session, item.id, me, "half a sentence")
    assert clinic.session.scalars(select(WorkingText.text)).one() == "half a sentence"
    clinic.decide("c", me, Action.WITHHOLD, reason="no")
    assert clinic.session.scalars(select(WorkingText.text)).all() == []


def test_a_correction_names_what_it_corrects_and_keeps_it(clinic: Clinic, me):
    clinic.say("c", "hello", "take two")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    clinic.wait(6)
    clinic.hand_out()
    sent = clinic.deliveries("c")[0]
    clinic.confirm(sent)
    undoing.correct(
        clinic.session, sent.id, me, uuid.uuid4(), text="Please do not.", reason="wrong dose"
    )
    clinic.hand_out()
    shown = feed(clinic.session, clinic.study_id, after=1)[0]
    assert (shown.kind, shown.corrects) == (DeliveryKind.CORRECTION, sent.id)
    assert clinic.draft("c").status == DraftStatus.CORRECTED


def test_every_decision_stands_in_the_record_without_its_words(clinic: Clinic, me):
    clinic.say("c", "secret words", "secret draft")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.EDIT, text="secret edit", flags=[Flag.F18], reason="secret why")
    events = clinic.session.scalars(select(AuditEvent)).all()
    kinds = {event.kind for event in events}
    assert {
        "message.receive",
        "draft.receive",
        "item.open",
        "message.score",
        "item.claim",
        "decision.edit",
        "draft.release",
        "delivery.queue",
        "item.close",
    } <= kinds
    assert "secret" not in str([event.detail for event in events])


def test_the_disposition_says_how_an_item_ended(clinic: Clinic, me):
    from db.tables import ReviewItem

    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    assert clinic.session.scalars(select(ReviewItem.disposition)).one() == Disposition.APPROVED


def test_a_decision_forgets_only_its_own_unfinished_wording(clinic: Clinic, me):
    clinic.say("c", "hello", "hi")
    other = clinic.person()
    item = clinic.claim("c", me)
    keep_wording(clinic.session, item.id, me, "mine")
    keep_wording(clinic.session, item.id, other, "a colleague's")
    clinic.decide("c", me, Action.WITHHOLD, reason="no")
    assert clinic.session.scalars(select(WorkingText.text)).all() == ["a colleague's"]

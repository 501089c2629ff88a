"""Several harmless conversations decided with one key, each by itself, and taken back with one."""

import uuid
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from db.tables import AuditEvent, Batch, BatchDecision, Claim, Decision
from oversight.domain.bulk import Band
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted
from oversight.domain.flags import Flag
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity
from oversight.queries.bulk import bulk_lines
from oversight.services import bulk, taking_over
from oversight.services.bulk import Shown, decide_together, undo_together
from oversight.services.snoozing import snooze
from tests.services.clinic import Clinic


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    clinic.arm("plain", own_level_share=0.0)
    return clinic.person()


def harmless(clinic: Clinic, *names: str, **facts: object) -> None:
    for name in names:
        clinic.say(name, f"words of {name}", f"hi {name}", **({"arm": "plain"} | facts))
    clinic.score(Severity.L0)


def shown(clinic: Clinic, *names: str) -> Sequence[Shown]:
    items = [clinic.open_item(name) for name in names]
    return [Shown(item.id, item.version) for item in items]


def decided(clinic: Clinic, who: uuid.UUID, *names: str) -> bulk.BulkResult:
    return decide_together(clinic.session, uuid.uuid4(), who, shown(clinic, *names))


def test_each_is_decided_by_itself_with_its_own_decision_and_event(clinic: Clinic, me):
    harmless(clinic, "a", "b")
    clinic.say("read", "only words", arm="plain")
    clinic.score(Severity.L1)
    result = decided(clinic, me, "a", "b", "read")
    assert (len(result.done), result.left) == (3, [])
    assert not [name for name in ("a", "b", "read") if clinic.item(name)]
    assert [clinic.deliveries(name)[0].text for name in ("a", "b")] == ["hi a", "hi b"]
    assert not clinic.deliveries("read")
    kinds = select(Decision.kind).where(Decision.clinician_id == me).order_by(Decision.kind)
    assert list(clinic.session.scalars(kinds)) == ["approve", "approve", "mark_read"]
    events = select(func.count()).where(AuditEvent.kind.like("decision.%"))
    assert clinic.session.scalar(events) == 3
    told = clinic.session.scalars(select(AuditEvent).where(AuditEvent.kind == "batch.decide")).one()
    assert told.detail == {"done": 3, "left": 0}


@pytest.mark.parametrize("severity", [Severity.L2, Severity.L3, Severity.L4, None])
def test_what_is_not_low_is_left_and_said(clinic: Clinic, me, severity):
    harmless(clinic, "a")
    clinic.say("grave", "words", "hi", arm="plain")
    clinic.score(severity)
    result = decided(clinic, me, "a", "grave")
    assert len(result.done) == 1
    assert result.left[0].item_id == clinic.open_item("grave").id
    assert "above low" in result.left[0].reason
    assert not clinic.deliveries("grave")


def test_what_is_newer_than_shown_is_left_and_undisturbed(clinic: Clinic, me):
    harmless(clinic, "a", "b")
    seen = shown(clinic, "a", "b")
    clinic.say("b", "and something else", arm="plain")
    clinic.score(Severity.L0)
    before = clinic.open_item("b").version
    result = decide_together(clinic.session, uuid.uuid4(), me, seen)
    assert [one.reason for one in result.left] == ["something new arrived since it was shown"]
    item = clinic.open_item("b")
    assert (item.status, item.version) == ("waiting", before)
    live = select(func.count()).where(Claim.item_id == item.id)
    assert clinic.session.scalar(live) == 0


@pytest.mark.parametrize(
    ("doubt", "said"),
    [
        ("flag", "may harm"),
        ("unscored draft", "no valid score"),
        ("claimed", "somebody has it"),
        ("snoozed", "somebody has it"),
        ("taken over", "taken over"),
        ("blocked", "may not speak"),
        ("own level", "own level"),
        ("switched off", "by itself"),
    ],
)
def test_whatever_needs_its_own_look_is_left(clinic: Clinic, me, doubt, said):
    clinic.arm("asked", own_level_share=1.0)
    clinic.arm("off", own_level_share=0.0, bulk_limit=0)
    arm = {"own level": "asked", "switched off": "off"}.get(doubt, "plain")
    clinic.say("c", "words", "hi", arm=arm, jurisdiction="US-IL" if doubt == "blocked" else None)
    if doubt == "unscored draft":
        clinic.score(Severity.L0)
        clinic.arrive("c", reply="another", answers=clinic.messages("c")[0].external_id)
    else:
        clinic.score(Severity.L0, flags=[Flag.F18] if doubt == "flag" else ())
    other = clinic.person()
    if doubt in ("claimed", "snoozed"):
        item = clinic.claim("c", other)
        if doubt == "snoozed":
            snooze(clinic.session, item.id, other, version=item.version, reason="x")
    if doubt == "taken over":
        taking_over.take_over(clinic.session, clinic.open_item("c").conversation_id, other)
    result = decided(clinic, me, "c")
    assert result.done == []
    assert said in result.left[0].reason
    assert bulk_lines(clinic.session, me) == []


def test_what_is_refused_halfway_leaves_no_trace(clinic: Clinic, me):
    """The draft names a placeholder, which only the decision itself refuses, after the claim."""
    harmless(clinic, "a")
    clinic.say("c", "words", "Dear {{first_name}}", arm="plain")
    clinic.score(Severity.L0)
    result = decided(clinic, me, "c", "a")
    assert len(result.done) == 1
    assert "first_name" in result.left[0].reason
    item = clinic.open_item("c")
    assert item.status == "waiting"
    assert not clinic.session.scalars(select(Claim).where(Claim.item_id == item.id)).all()
    assert not clinic.session.scalars(select(Decision).where(Decision.item_id == item.id)).all()
    assert not clinic.deliveries("c")


def test_the_list_holds_what_can_be_decided_with_everything_to_read(clinic: Clinic, me):
    harmless(clinic, "a")
    clinic.say("a", "and more", "hi again", arm="plain")
    harmless(clinic, "b")
    clinic.say("grave", "words", "hi", arm="plain")
    clinic.score(Severity.L3)
    lines = bulk_lines(clinic.session, me, band=Band(0.4, 0.6))
    assert [one.participant for one in lines] == ["p-a", "p-b"]
    assert lines[0].said == ["words of a", "and more"]
    assert lines[0].reply == "hi again"
    assert lines[0].score == pytest.approx(0.5)
    assert bulk_lines(clinic.session, me, band=Band(0.6, 1)) == []
    only = bulk_lines(clinic.session, me, conversation_id=lines[1].conversation_id)
    assert [one.participant for one in only] == ["p-b"]
    whole = [Shown(one.item_id, one.version) for one in lines]
    assert len(decide_together(clinic.session, uuid.uuid4(), me, whole).done) == 2


def test_a_language_the_reader_lacks_is_not_in_their_list(clinic: Clinic, me):
    harmless(clinic, "es", language="es")
    assert bulk_lines(clinic.session, me) == []
    assert len(bulk_lines(clinic.session, clinic.person(Role.SUPERVISOR))) == 1


def test_the_same_batch_again_decides_nothing_more(clinic: Clinic, me):
    harmless(clinic, "a", "b")
    batch, seen = uuid.uuid4(), shown(clinic, "a", "b")
    first = decide_together(clinic.session, batch, me, seen)
    again = decide_together(clinic.session, batch, me, seen)
    assert again == first
    assert len(clinic.deliveries("a")) == 1
    assert clinic.session.scalar(select(func.count()).select_from(BatchDecision)) == 2
    with pytest.raises(Conflict):
        decide_together(clinic.session, batch, clinic.person(), seen)


def test_what_the_reader_holds_stays_in_their_hands(clinic: Clinic, me):
    harmless(clinic, "mine", "a")
    clinic.claim("mine", me)
    decided(clinic, me, "a")
    held = select(Claim.item_id).where(Claim.clinician_id == me, Claim.ended_at.is_(None))
    assert clinic.session.scalars(held).all() == [clinic.open_item("mine").id]


def test_one_undo_recalls_what_has_not_left(clinic: Clinic, me):
    harmless(clinic, "gone")
    batch = uuid.uuid4()
    harmless(clinic, "a", "b")
    clinic.say("read", "only words", arm="plain")
    clinic.score(Severity.L0)
    early = shown(clinic, "gone")
    decide_together(clinic.session, batch, me, early)
    clinic.wait(6)
    clinic.hand_out()
    decide_together(clinic.session, batch, me, [*early, *shown(clinic, "a", "b", "read")])
    undone = undo_together(clinic.session, batch, me)
    assert undone == bulk.BulkUndone(recalled=2, gone=1, read=1)
    assert clinic.open_item("a").status == "waiting"
    assert clinic.draft("b").status == "held"
    assert clinic.deliveries("gone")[0].status == "sending"
    assert undo_together(clinic.session, batch, me) == undone
    row = clinic.session.get_one(Batch, batch)
    assert row.undone_by == me
    with pytest.raises(Conflict, match="taken back"):
        decide_together(clinic.session, batch, me, shown(clinic, "a"))


def test_more_than_the_policy_allows_is_left(clinic: Clinic, me):
    clinic.arm("few", own_level_share=0.0, bulk_limit=2)
    names = ("a", "b", "c")
    harmless(clinic, *names, arm="few")
    assert len(decided(clinic, me, *names).left) == 3
    assert len(decided(clinic, me, *names[:2]).done) == 2


def test_nothing_or_too_much_chosen_and_no_reader_are_refused(clinic: Clinic, me):
    harmless(clinic, "a")
    with pytest.raises(Incomplete):
        decide_together(clinic.session, uuid.uuid4(), me, [])
    with pytest.raises(Incomplete):
        decide_together(
            clinic.session, uuid.uuid4(), me, [Shown(uuid.uuid4(), 1) for _ in range(101)]
        )
    with pytest.raises(NotPermitted):
        decided(clinic, clinic.person(Role.STUDY_LEAD), "a")
    with pytest.raises(NotPermitted):
        bulk_lines(clinic.session, clinic.person(Role.STUDY_LEAD))
    with pytest.raises(NotFound):
        undo_together(clinic.session, uuid.uuid4(), me)
    unknown = decide_together(clinic.session, uuid.uuid4(), me, [Shown(uuid.uuid4(), 1)])
    assert [one.reason for one in unknown.left] == ["no such review item"]

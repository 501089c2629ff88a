"""Anything in any order: a machine plays bot, classifier, clinicians and clock, and looks on.

After every step: at most one open item and one held draft a conversation, nothing sent that no
decision named, nothing sent twice, every unread risky turn in an open item, L3+ never closed
without an owner, levels never lowered by a machine.
"""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from db.session import now
from oversight.domain.errors import Refusal
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.services import (
    bridging,
    claiming,
    climbing,
    delivering,
    escalating,
    refusing,
    rereading,
    rescoring,
    scoring,
    settling,
    snoozing,
    taking_over,
    undelivered,
    undoing,
    waking,
)
from tests.services.clinic import Clinic, assessment

pytestmark = pytest.mark.slow

CONVERSATIONS = ("a", "b", "c", "d")
ARMS = {"a": None, "b": "flagged", "c": "after", "d": "audited"}
conversations = st.sampled_from(CONVERSATIONS)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Everything(RuleBasedStateMachine):
    engine: Engine

    @initialize()
    def begin(self) -> None:
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")
        self.clinic = Clinic.open(self.session)
        self.clinic.arm(
            "audited", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=1.0
        )
        self.people = [
            self.clinic.person(on_duty=ShiftPosition.PRIMARY),
            self.clinic.person(Role.SUPERVISOR),
        ]
        self.seen: dict[uuid.UUID, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.transaction.rollback()
            self.connection.close()

    @rule(where=conversations, reply=st.booleans(), phrase=st.booleans())
    def talk(self, where: str, reply: bool, phrase: bool) -> None:
        floor = Severity.L3 if phrase else None
        self.clinic.say(where, "words", "a reply" if reply else None, arm=ARMS[where], floor=floor)

    @rule(where=conversations, which=st.integers(0, 3))
    def another_reply(self, where: str, which: int) -> None:
        said = self.clinic.messages(where)
        if said:
            answers = said[-1 - which % len(said)].external_id
            self.clinic.arrive(where, reply="one more reply", answers=answers)

    @rule(where=conversations, arm=st.sampled_from([None, "flagged", "after", "audited"]))
    def arm_changes(self, where: str, arm: str | None) -> None:
        """By way of a message, as a bot would report it; the default arm is called default."""
        self.clinic.say(where, "words", arm=arm or "default")

    @rule(severities=st.lists(st.sampled_from([*Severity]), min_size=1, max_size=3))
    def score_a_few(self, severities: list[Severity]) -> None:
        for severity in severities:
            tasks = scoring.take(self.session, limit=1)
            found = None if severity is Severity.LU else severity
            assessments = [assessment(task, found, (), None) for task in tasks]
            scoring.record_scores(self.session, tasks, assessments)

    @rule(
        severity=st.sampled_from([*Severity, None]),
        flags=st.lists(st.sampled_from([Flag.F02, Flag.F09, Flag.F18]), max_size=2),
    )
    def score(self, severity: Severity | None, flags: list[Flag]) -> None:
        self.clinic.score(None if severity is Severity.LU else severity, flags=flags)

    @rule(
        severity=st.sampled_from([*Severity]),
        flags=st.lists(st.sampled_from([Flag.F02, Flag.F18]), max_size=1),
    )
    def the_history_is_read_again(self, severity: Severity, flags: list[Flag]) -> None:
        """With one more version each time; LU is one that fails."""
        version, level = f"version-{uuid.uuid4().hex}", severity
        tasks = rereading.next_texts(self.session, after=0, model_version=version, since=EVER)
        said = [
            replace(
                assessment(task, None if level is Severity.LU else level, flags, None),
                model_version=version,
            )
            for task in tasks
        ]
        rereading.record_reread(self.session, tasks, said)

    @rule(who=st.integers(0, 1))
    def take_next(self, who: int) -> None:
        found = claiming.claim_next(self.session, self.people[who])
        if found is not None:
            version = text("SELECT version FROM review_items WHERE id = :id")
            self.seen[found] = self.session.scalar(version, {"id": found})

    @precondition(lambda self: self.seen)
    @rule(
        data=st.data(),
        who=st.integers(0, 1),
        action=st.sampled_from(
            [
                Action.APPROVE,
                Action.EDIT,
                Action.REPLACE,
                Action.WITHHOLD,
                Action.ESCALATE,
                Action.MARK_READ,
                Action.RESEND,
                Action.REACHED,
            ]
        ),
    )
    def decide(self, data: st.DataObject, who: int, action: Action) -> None:
        from oversight.services import deciding

        item_id = data.draw(st.sampled_from(sorted(self.seen)))
        request = deciding.Request(
            item_id=item_id,
            version=self.seen[item_id],
            clinician_id=self.people[who],
            client_decision_id=uuid.uuid4(),
            action=action,
            text="a person's words",
            reason="because",
            flags=[Flag.F18],
        )
        self._try(lambda: deciding.decide(self.session, request))

    @rule(who=st.integers(0, 1), where=conversations)
    def acknowledge(self, who: int, where: str) -> None:
        item = self.clinic.item(where)
        if item is None:
            return
        found = escalating.open_escalation_of(self.session, item.conversation_id)
        if found is not None:
            at = now(self.session)
            self._try(
                lambda: escalating.acknowledge(self.session, found.id, self.people[who], now=at)
            )

    @rule(where=conversations, who=st.integers(0, 1))
    def undo(self, where: str, who: int) -> None:
        queued = [one for one in self.clinic.deliveries(where) if one.status == "queued"]
        if queued:
            self._try(lambda: undoing.undo(self.session, queued[0].id, self.people[who]))

    @rule(where=conversations, who=st.integers(0, 1))
    def lower(self, where: str, who: int) -> None:
        item = self.clinic.item(where)
        if item is not None:
            self._try(
                lambda: undoing.lower_level(
                    self.session, item.id, self.people[who], to=Severity.L0, reason="a song"
                )
            )

    @rule(seconds=st.sampled_from([1, 6, 31, 61, 130, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.clinic.wait(seconds)
        at = now(self.session)
        settling.put_up_late(self.session, now=at)
        for item_id in bridging.due_bridges(self.session, now=at):
            bridging.bridge(self.session, item_id, now=at)
        claiming.lapse_claims(self.session, now=at)
        waking.wake_due(self.session, now=at)
        climbing.climb_due(self.session, now=at)
        rescoring.requeue_failed(self.session, now=at)
        delivering.lose_sight(self.session, now=at)
        undelivered.settle_arrived(self.session, now=at)

    @rule(where=conversations, delivered=st.booleans())
    def a_receipt_comes(self, where: str, delivered: bool) -> None:
        sent = [
            one for one in self.clinic.deliveries(where) if one.status in ("sending", "uncertain")
        ]
        if sent:
            receipt = delivering.Receipt(delivered=delivered, at=now(self.session))
            delivering.take_receipt(self.session, self.clinic.study_id, sent[0].id, receipt)

    @rule(where=conversations, who=st.integers(0, 1))
    def send_again(self, where: str, who: int) -> None:
        lost = [
            one for one in self.clinic.deliveries(where) if one.status in ("failed", "uncertain")
        ]
        if lost:
            self._try(lambda: delivering.resend(self.session, lost[0].id, self.people[who]))

    @rule(where=conversations, who=st.integers(0, 1), retract=st.booleans())
    def correct(self, where: str, who: int, retract: bool) -> None:
        arrived = ("delivered", "uncertain")
        sent = [one for one in self.clinic.deliveries(where) if one.status in arrived]
        if sent:
            self._try(
                lambda: undoing.correct(
                    self.session,
                    sent[-1].id,
                    self.people[who],
                    uuid.uuid4(),
                    text="a correction",
                    reason="wrong",
                    retract=retract,
                )
            )

    @rule(where=conversations, who=st.integers(0, 1))
    def resolve(self, where: str, who: int) -> None:
        said = self.clinic.messages(where)
        found = said and escalating.open_escalation_of(self.session, said[0].conversation_id)
        if found:
            at = now(self.session)
            self._try(
                lambda: escalating.resolve(
                    self.session, found.id, self.people[who], resolution="safe", now=at
                )
            )

    @rule(
        where=conversations,
        who=st.integers(0, 1),
        event=st.sampled_from(["skip", "unclaim", "snooze"]),
    )
    def put_down(self, where: str, who: int, event: str) -> None:
        item = self.clinic.item(where)
        if item is None:
            return
        me, other = self.people[who], self.people[1 - who]
        if event == "unclaim":
            self._try(lambda: claiming.unclaim(self.session, item.id, me))
        elif event == "snooze":
            self._try(
                lambda: snoozing.snooze(self.session, item.id, me, version=item.version, reason="x")
            )
        else:
            self._try(
                lambda: claiming.skip(self.session, item.id, me, reason="x", next_owner_id=other)
            )

    @rule(where=conversations, who=st.integers(0, 1))
    def take_over_or_hand_back(self, where: str, who: int) -> None:
        said = self.clinic.messages(where)
        if said:
            change = taking_over.take_over if who else taking_over.hand_back
            self._try(lambda: change(self.session, said[0].conversation_id, self.people[who]))

    @rule(where=conversations)
    def a_message_is_refused(self, where: str) -> None:
        refusing.hold_for_refused(self.session, self.clinic.study_id, where, reason="too_large")

    @rule(confirm=st.booleans())
    def bot_polls(self, confirm: bool) -> None:
        self.clinic.hand_out()
        self._none(
            "SELECT id FROM deliveries WHERE status = 'queued' AND not_before <= oversight_now()"
        )
        for where in CONVERSATIONS if confirm else ():
            for delivery in self.clinic.deliveries(where):
                if delivery.status == "sending":
                    self.clinic.confirm(delivery)

    def _try(self, act) -> None:
        """A refusal is an answer; it must leave no trace."""
        try:
            with self.session.begin_nested():
                act()
        except Refusal:
            self.session.expire_all()

    def _none(self, question: str) -> None:
        self.session.flush()
        found = self.session.execute(text(question)).all()
        assert found == [], found[:3]

    @invariant()
    def what_is_set_aside_has_an_owner_and_is_not_grave(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i LEFT JOIN snoozes s ON s.item_id = i.id"
            " AND s.ended_at IS NULL WHERE (i.status = 'snoozed') <> (s.id IS NOT NULL)"
            " OR (i.status = 'snoozed' AND i.severity IN ('L3', 'L4', 'LU'))"
        )

    @invariant()
    def nothing_is_sent_that_no_decision_named(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT d.id FROM deliveries d LEFT JOIN decisions c ON c.id = d.decision_id"
            " AND c.text = d.text WHERE c.id IS NULL"
        )

    @invariant()
    def no_draft_is_sent_twice_and_none_that_was_withheld(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT draft_id FROM deliveries WHERE draft_id IS NOT NULL AND status <> 'recalled'"
            " GROUP BY 1 HAVING count(*) > 1"
        )
        self._none(
            "SELECT d.id FROM deliveries d JOIN drafts f ON f.id = d.draft_id"
            " WHERE d.status <> 'recalled' AND f.status IN ('held', 'withheld', 'superseded')"
        )

    @invariant()
    def whoever_is_at_risk_and_unread_is_in_an_open_item(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT m.id FROM messages m LEFT JOIN review_items i ON i.id = m.item_id"
            " WHERE m.severity IN ('L2', 'L3', 'L4') AND (i.id IS NULL OR"
            " (i.status = 'closed' AND i.read_sequence < m.sequence))"
        )

    @invariant()
    def every_held_draft_of_an_old_turn_is_in_an_open_item(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT d.id FROM drafts d LEFT JOIN review_items i ON i.id = d.item_id"
            " WHERE d.status = 'held' AND d.scoring <> 'pending'"
            " AND NOT EXISTS (SELECT FROM messages m WHERE m.id = d.message_id"
            " AND m.scoring = 'pending') AND (i.id IS NULL OR i.status = 'closed')"
        )

    @invariant()
    def a_grave_item_closed_only_under_an_owner_or_a_lowering(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i WHERE i.status = 'closed'"
            " AND i.severity IN ('L3', 'L4') AND NOT EXISTS (SELECT FROM audit_events a"
            " WHERE a.conversation_id = i.conversation_id"
            " AND a.kind = 'escalation.acknowledge' AND a.at <= i.closed_at)"
        )

    @invariant()
    def an_unowned_escalation_always_has_a_next_page(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT id FROM escalations WHERE status <> 'resolved' AND next_page_at IS NULL"
            " AND (owner_id IS NULL OR contact_begun_at IS NULL)"
        )

    @invariant()
    def nothing_is_handed_out_after_a_message_that_its_decision_did_not_know(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT d.id FROM deliveries d JOIN decisions c ON c.id = d.decision_id"
            " JOIN messages m ON m.conversation_id = d.conversation_id"
            " WHERE d.kind IN ('reply', 'clinician') AND d.status IN ('sending', 'queued')"
            " AND (d.status = 'queued' OR d.handed_out_at > m.received_at)"
            " AND m.received_at > c.created_at"
            " AND NOT EXISTS (SELECT FROM audit_events a WHERE a.subject = d.id"
            " AND a.kind = 'delivery.resend' AND a.at >= m.received_at)"
        )

    @invariant()
    def every_grave_message_has_an_escalation_or_was_lowered(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT m.id FROM messages m JOIN review_items i ON i.id = m.item_id"
            " WHERE m.severity IN ('L3', 'L4') AND coalesce(i.lowered_sequence, 0) < m.sequence"
            " AND NOT EXISTS (SELECT FROM escalations e"
            " WHERE e.conversation_id = m.conversation_id"
            " AND (e.status <> 'resolved' OR e.resolved_at >= m.received_at))"
        )

    @invariant()
    def a_grave_turn_that_nothing_covers_is_owed_a_bridge(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i WHERE i.kind = 'review' AND i.status <> 'closed'"
            " AND i.bridge_due_at IS NULL AND EXISTS (SELECT FROM messages m"
            " WHERE m.item_id = i.id AND m.sequence > i.covered_sequence"
            " AND m.severity IN ('L2', 'LU', 'L3', 'L4'))"
        )

    @invariant()
    def whoever_was_refused_and_heard_nothing_since_is_owed_a_bridge(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i WHERE i.kind = 'review' AND i.status <> 'closed'"
            " AND i.bridge_due_at IS NULL AND i.notice IS NOT NULL"
            " AND coalesce(i.covered_at < i.notice_at, true)"
        )

    @invariant()
    def what_is_covered_was_covered_by_something(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i WHERE i.status <> 'closed' AND i.kind = 'review'"
            " AND EXISTS (SELECT FROM messages m WHERE m.item_id = i.id"
            " AND m.sequence <= i.covered_sequence)"
            " AND NOT EXISTS (SELECT FROM deliveries d WHERE d.conversation_id = i.conversation_id"
            " AND d.status <> 'recalled') AND NOT EXISTS (SELECT FROM audit_events a"
            " WHERE a.item_id = i.id AND a.kind = 'bridge.silent')"
        )

    @invariant()
    def every_decision_and_delivery_stands_in_the_record(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT c.id FROM decisions c WHERE NOT EXISTS (SELECT FROM audit_events a"
            " WHERE a.subject = c.id AND a.kind = 'decision.' || c.kind)"
            " UNION ALL SELECT d.id FROM deliveries d WHERE NOT EXISTS (SELECT FROM"
            " audit_events a WHERE a.subject = d.id AND a.kind LIKE 'delivery.%'"
            " AND coalesce(a.detail ->> 'to', 'queued') = d.status)"
        )

    @invariant()
    def a_text_in_doubt_that_nobody_answered_for_is_before_a_person(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT d.id FROM deliveries d WHERE d.status IN ('failed', 'uncertain')"
            " AND d.attended_at IS NULL AND NOT EXISTS (SELECT FROM review_items i"
            " WHERE i.conversation_id = d.conversation_id AND i.kind = 'review'"
            " AND i.status <> 'closed' AND i.undelivered_at IS NOT NULL)"
        )

    @invariant()
    def a_claimed_item_has_exactly_one_live_claim(self) -> None:
        if not hasattr(self, "session"):
            return
        self._none(
            "SELECT i.id FROM review_items i WHERE (i.status = 'claimed') <> EXISTS"
            " (SELECT FROM claims c WHERE c.item_id = i.id AND c.ended_at IS NULL)"
        )


def test_nothing_goes_wrong_in_any_order(shared_engine: Engine):
    Everything.engine = shared_engine
    machine = Everything.TestCase
    machine.settings = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine("runTest").runTest()

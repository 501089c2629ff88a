"""Many hands at once on a real, committed database: one winner, no deadlock, nothing twice."""

import itertools
import random
import threading
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select, text

from db.session import Database, now
from db.tables import Arm, Clinician, Delivery, ReviewItem, new_id
from oversight.domain.errors import Refusal
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action, Role
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.services import (
    bridging,
    claiming,
    climbing,
    deciding,
    delivering,
    escalating,
    scoring,
    settling,
    undoing,
)
from oversight.services.arrivals import Arrival, NewMessage, NewReply, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.keys import find_or_create_study
from oversight.services.policies import default_document, store_policy
from oversight.services.receiving import receive
from tests.services.clinic import assessment

pytestmark = pytest.mark.slow

ROUNDS = 25
CONVERSATIONS = 6


class Many:
    """One committed study, two people, and everybody's work as one call each."""

    def __init__(self, engine: Engine) -> None:
        self.database = Database(engine)
        self.numbers = itertools.count(1)
        with self.database.transaction() as session:
            self.study_id = find_or_create_study(session, f"Many {uuid.uuid4().hex[:6]}")
            for name, unscored_seconds in (("flagged", 5.0), ("hurried", 0.05)):
                document = default_document().model_copy(
                    update={
                        "mode": Mode.HOLD_FLAGGED,
                        "automatic_release": True,
                        "undo_seconds": 0.02,
                        "unscored_seconds": unscored_seconds,
                    }
                )
                version_id, _ = store_policy(session, self.study_id, name, document)
                session.add(
                    Arm(
                        id=new_id(),
                        study_id=self.study_id,
                        name=name,
                        policy_version_id=version_id,
                    )
                )
            self.people = [
                self._person(session, role) for role in (Role.CLINICIAN, Role.SUPERVISOR)
            ]

    def _person(self, session, role: Role) -> uuid.UUID:
        person = Clinician(
            id=new_id(),
            username=uuid.uuid4().hex[:12],
            name="A person",
            role=role,
            languages=["en"],
            password_hash="not a hash",
        )
        session.add(person)
        return person.id

    def arrive(self, *, reply: bool = True) -> None:
        """A batch over several conversations, as one gateway writes it."""
        arrivals = []
        for name in random.sample(range(CONVERSATIONS), 3):
            number = next(self.numbers)
            facts = ParticipantFacts(
                f"p{name}",
                language=random.choice(["en", "es"]),
                arm=("flagged", "hurried", None)[name % 3],
            )
            message = NewMessage(f"m{number}", facts, "words", digest("words"))
            draft = NewReply(f"r{number}", f"m{number}", "a reply", digest("a reply"))
            arrivals.append(Arrival(self.study_id, f"c{name}", message, draft if reply else None))
        with self.database.transaction() as session:
            answers = receive(session, arrivals)
        assert not [one for one in answers if isinstance(one, Refusal)], answers

    def score(self) -> None:
        with self.database.transaction() as session:
            tasks = scoring.take(session, limit=8)
        level = random.choice([Severity.L0, Severity.L0, Severity.L2, Severity.L4])
        with self.database.transaction() as session:
            scoring.record_scores(session, tasks, [assessment(t, level, (), None) for t in tasks])

    def decide(self, who: int) -> None:
        me = self.people[who]
        try:
            with self.database.transaction() as session:
                item_id = claiming.claim_next(session, me)
            if item_id is None:
                return
            with self.database.transaction() as session:
                version = session.scalar(select(ReviewItem.version).where(ReviewItem.id == item_id))
                escalation = session.execute(
                    text(
                        "SELECT e.id FROM escalations e JOIN review_items i USING (conversation_id)"
                        " WHERE i.id = :id AND e.status <> 'resolved'"
                    ),
                    {"id": item_id},
                ).scalar()
            if escalation is not None:
                with self.database.transaction() as session:
                    escalating.acknowledge(session, escalation, me, now=now(session))
            action = random.choice([Action.APPROVE, Action.EDIT, Action.REPLACE, Action.MARK_READ])
            request = deciding.Request(
                item_id, version or 0, me, uuid.uuid4(), action, "own words", "because", [Flag.F18]
            )
            with self.database.transaction() as session:
                result = deciding.decide(session, request)
            if result.delivery_id is not None and random.random() < 0.3:
                with self.database.transaction() as session:
                    undoing.undo(session, result.delivery_id, me)
        except Refusal:
            pass

    def poll(self) -> None:
        with self.database.transaction() as session:
            delivering.hand_out(session, self.study_id)
        with self.database.transaction() as session:
            sent = session.scalars(
                select(Delivery.id).where(Delivery.status == "sending").limit(5)
            ).all()
        for delivery_id in sent:
            try:
                with self.database.transaction() as session:
                    receipt = delivering.Receipt(random.random() < 0.7, now(session))
                    delivering.take_receipt(session, self.study_id, delivery_id, receipt)
            except Refusal:
                pass

    def tick(self) -> None:
        for act in (
            lambda session, at: settling.put_up_late(session, now=at),
            lambda session, at: claiming.lapse_claims(session, now=at),
            lambda session, at: climbing.climb_due(session, now=at),
            lambda session, at: delivering.lose_sight(session, now=at),
        ):
            with self.database.transaction() as session:
                act(session, now(session))
        with self.database.transaction() as session:
            items = session.scalars(
                select(ReviewItem.id).where(ReviewItem.status != "closed").limit(5)
            ).all()
            session.execute(
                text(
                    "UPDATE review_items SET bridge_due_at = oversight_now() WHERE id = ANY(:ids)"
                    " AND bridge_due_at IS NOT NULL"
                ),
                {"ids": items[:1]},
            )
        for item_id in items:
            with self.database.transaction() as session:
                bridging.bridge(session, item_id, now=now(session))


def at_once(*acts: Callable[[], None]) -> list[BaseException]:
    """Each act in a thread of its own, again and again; what went wrong."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        start.wait()
        for _ in range(ROUNDS):
            try:
                act()
            except Exception as error:  # noqa: BLE001 (all of them are looked at)
                errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_everybody_at_once_never_waits_in_a_circle(database_url: str):
    from db.session import make_engine

    engine = make_engine(database_url, pool_size=10)
    many = Many(engine)
    errors = at_once(
        many.arrive,
        lambda: many.arrive(reply=False),
        many.score,
        many.score,
        lambda: many.decide(0),
        lambda: many.decide(1),
        many.poll,
        many.poll,
        many.tick,
    )
    assert not errors, [str(error)[:600] for error in errors[:3]]
    with engine.connect() as connection:
        for question in (
            "SELECT draft_id FROM deliveries WHERE draft_id IS NOT NULL AND status <> 'recalled'"
            " GROUP BY 1 HAVING count(*) > 1",
            "SELECT m.id FROM messages m LEFT JOIN review_items i ON i.id = m.item_id"
            " WHERE m.severity IN ('L2', 'L3', 'L4') AND (i.id IS NULL OR"
            " (i.status = 'closed' AND i.read_sequence < m.sequence))",
            "SELECT i.id FROM review_items i WHERE (i.status = 'claimed') <> EXISTS"
            " (SELECT FROM claims c WHERE c.item_id = i.id AND c.ended_at IS NULL)",
        ):
            assert connection.execute(text(question)).all() == []
    engine.dispose()

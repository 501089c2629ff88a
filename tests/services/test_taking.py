"""Taking the next item: one statement, planned once, that leaves what a claim leaves."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select, text

from benchmarks.claim import fill
from db.session import Database
from db.tables import AuditEvent, Claim, Clinician
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Role
from oversight.services import claiming
from oversight.services.keys import find_or_create_study
from oversight.services.people import create_person
from tests.services.clinic import Clinic

ENOUGH_TO_KEEP_A_PLAN = 15
"""psycopg prepares a statement from its sixth use on, PostgreSQL keeps a plan five uses later."""


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    return clinic.person()


def test_a_claim_is_one_statement(clinic: Clinic, me):
    clinic.say("c", "words")
    told: list[str] = []
    connection = clinic.session.connection()

    def note(_connection, _cursor, statement, *_rest) -> None:
        told.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    taken = claiming.claim_next(clinic.session, me)
    event.remove(connection, "before_cursor_execute", note)
    assert taken == clinic.open_item("c").id
    assert len(told) == 1, "\n".join(told)


def test_it_leaves_a_claim_of_the_policys_length_and_an_event(clinic: Clinic, me):
    clinic.arm("unhurried", lease_seconds=330)
    clinic.say("c", "words", arm="unhurried")
    claiming.claim_next(clinic.session, me)
    item = clinic.open_item("c")
    assert item.status == ItemStatus.CLAIMED
    claim = clinic.session.scalars(select(Claim).where(Claim.item_id == item.id)).one()
    assert claim.clinician_id == me
    assert claim.expires_at - claim.claimed_at == timedelta(seconds=330)
    renewed = claiming.renew(clinic.session, item.id, me)
    assert renewed == claim.expires_at, "renewed at the same moment, for as long"
    event = clinic.session.scalars(select(AuditEvent).where(AuditEvent.item_id == item.id)).all()[
        -1
    ]
    assert (event.kind, event.actor_kind, event.actor_id) == ("item.claim", "clinician", str(me))
    assert (event.study_id, event.conversation_id) == (item.study_id, item.conversation_id)
    assert event.subject == item.id
    assert event.detail == {"from": "waiting", "to": "claimed"}


def test_nothing_to_take_leaves_no_trace(clinic: Clinic, me):
    before = clinic.session.scalars(select(AuditEvent.id)).all()
    assert claiming.claim_next(clinic.session, me) is None
    assert clinic.session.scalars(select(AuditEvent.id)).all() == before
    assert clinic.session.scalars(select(Claim.id)).all() == []


def test_the_plan_is_kept_with_a_long_queue(engine: Engine, owner_engine: Engine):
    """Planned anew, it takes twice as long: PostgreSQL keeps a plan that uses the queue's index."""
    database = Database(engine)
    with database.transaction() as session:
        study_id = find_or_create_study(session, "Long queue")
        create_person(
            session, username="r", name="R", role=Role.CLINICIAN, password="long enough to be one"
        )
        reader = session.scalars(select(Clinician.id)).one()
    fill(owner_engine, study_id, 3_000)
    with database.transaction() as session:
        for _ in range(ENOUGH_TO_KEEP_A_PLAN):
            item_id = claiming.claim_next(session, reader)
            assert item_id is not None
            claiming.unclaim(session, item_id, reader)
        kept, anew = session.execute(
            text(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
                " WHERE statement LIKE 'WITH offered%'"
            )
        ).one()
    assert kept > 0, f"planned anew each of {anew} times"

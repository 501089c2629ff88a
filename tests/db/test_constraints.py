"""What the database itself refuses, whatever the code above it does."""

import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from db.migrate import check, upgrade
from db.tables import Claim, Decision, Delivery, Draft, Escalation, ReviewItem, new_id
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.services.decisions import digest
from tests.services.clinic import Clinic


@pytest.fixture
def clinic(session: Session, standing_clinic: None) -> Clinic:
    return Clinic.standing(session)


def refuse(session: Session, row: object, *, by: str) -> None:
    """The row is refused, and by that very constraint: another may happen to be in the way."""
    with pytest.raises(IntegrityError, match=by), session.begin_nested():
        session.add(row)
        session.flush()


def copy(row: object, **changes: object) -> dict[str, object]:
    columns = row.__table__.columns  # type: ignore[attr-defined]
    return {column.name: getattr(row, column.name) for column in columns} | changes


@pytest.fixture
def decided(clinic: Clinic) -> tuple[Decision, Delivery]:
    me = clinic.person()
    clinic.say("c", "hello", "hi")
    clinic.score()
    clinic.claim("c", me)
    clinic.decide("c", me, Action.APPROVE)
    delivery = clinic.deliveries("c")[0]
    return clinic.session.get_one(Decision, delivery.decision_id), delivery


def test_a_delivery_must_name_a_decision_that_names_this_exact_text(clinic: Clinic, decided):
    decision, delivery = decided
    unsent = copy(decision, id=new_id(), client_decision_id=uuid.uuid4())
    clinic.session.add(Decision(**unsent))
    clinic.session.flush()
    ours = {"id": new_id(), "decision_id": unsent["id"]}
    names_text = "fk_deliveries_decision_names_text"
    other = {"text": "other words", "text_digest": digest("other words")}
    refuse(clinic.session, Delivery(**copy(delivery, **ours, **other)), by=names_text)
    unnamed = {"id": new_id(), "decision_id": uuid.uuid4()}
    refuse(clinic.session, Delivery(**copy(delivery, **unnamed)), by=names_text)
    mixed = copy(delivery, **ours, text="other words")
    refuse(clinic.session, Delivery(**mixed), by="ck_deliveries_digest_of_text")
    clinic.session.add(Delivery(**copy(delivery, **ours)))
    clinic.session.flush()


def test_one_decision_is_one_delivery(clinic: Clinic, decided):
    refuse(clinic.session, Delivery(**copy(decided[1], id=new_id())), by="uq_deliveries")


def test_a_client_decision_id_is_used_once(clinic: Clinic, decided):
    twin = Decision(**copy(decided[0], id=new_id()))
    refuse(clinic.session, twin, by="uq_decisions_client_decision_id")


def test_a_decision_of_nobody_is_a_policys_and_only_of_its_kinds(clinic: Clinic, decided):
    nobody = {"id": new_id(), "clinician_id": None, "client_decision_id": None}
    twin = Decision(**copy(decided[0], **nobody))
    refuse(clinic.session, twin, by="ck_decisions_person_or_policy")


def test_two_live_claims_are_refused(clinic: Clinic):
    clinic.say("c", "hello")
    clinic.claim("c", clinic.person())
    held = clinic.session.query(Claim).filter(Claim.ended_at.is_(None)).one()
    twin = Claim(**copy(held, id=new_id(), clinician_id=clinic.person()))
    refuse(clinic.session, twin, by="uq_claims_one_live")


def test_two_open_review_items_of_one_conversation_are_refused(clinic: Clinic):
    clinic.say("c", "hello")
    twin = ReviewItem(**copy(clinic.open_item("c"), id=new_id()))
    refuse(clinic.session, twin, by="uq_review_items_one_open")


def test_two_held_drafts_of_one_conversation_are_refused(clinic: Clinic):
    clinic.say("c", "hello", "hi")
    draft = clinic.draft("c")
    twin = copy(draft, id=new_id(), revision=2, sequence=99)
    refuse(clinic.session, Draft(**twin), by="uq_drafts_one_held")


def test_two_unresolved_escalations_of_one_conversation_are_refused(clinic: Clinic):
    clinic.say("c", "hello")
    clinic.score(Severity.L3)
    running = clinic.session.scalars(select(Escalation)).one()
    twin = Escalation(**copy(running, id=new_id()))
    refuse(clinic.session, twin, by="uq_escalations_one_open")


RECORD = ["audit_events", "decisions", "risk_assessments", "policy_versions"]


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET created_at = created_at", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_record_is_append_only(clinic: Clinic, decided, table, statement):
    clinic.session.execute(text("RESET ROLE"))  # as the owner, whom no grant stops
    change = statement.format(table)
    if table == "audit_events":
        change = change.replace("created_at", "at")
    with pytest.raises(DBAPIError, match="append-only"), clinic.session.begin_nested():
        clinic.session.execute(text(change))


@pytest.mark.parametrize("table", ["messages", "drafts", "deliveries"])
def test_what_was_said_is_never_edited_nor_deleted(clinic: Clinic, decided, table):
    clinic.session.execute(text("RESET ROLE"))
    for change in (f"UPDATE {table} SET text = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"), clinic.session.begin_nested():
            clinic.session.execute(text(change))


def test_an_impossible_probability_is_refused(clinic: Clinic):
    clinic.say("c", "hello")
    message = clinic.messages("c")[0]
    for value in ("1.7", "'NaN'", "-0.1"):
        with pytest.raises(IntegrityError), clinic.session.begin_nested():
            clinic.session.execute(
                text(
                    "INSERT INTO risk_assessments (message_id, model_version, scored, severity,"
                    f" crisis_probability) VALUES (:id, 'm', true, 'L0', {value})"
                ),
                {"id": message.id},
            )


def test_the_applications_role_may_not_rewrite_the_record(database_url: str):
    from db.session import Database, make_engine

    engine = make_engine(database_url)
    try:
        for statement in (
            "TRUNCATE audit_events CASCADE",
            "DELETE FROM clinicians",
            "UPDATE decisions SET reason = 'another'",
            "UPDATE audit_events SET kind = 'another'",
        ):
            refused = pytest.raises(DBAPIError, match="permission denied")
            with refused, Database(engine).transaction() as session:
                assert session.scalar(text("SELECT current_user")) == "oversight_app"
                session.execute(text(statement))
    finally:
        engine.dispose()


def test_migrations_and_tables_agree_and_upgrading_twice_is_harmless(empty_database_url: str):
    upgrade(empty_database_url)
    upgrade(empty_database_url)
    check(empty_database_url)

"""A case from the first attempt to the second signature; nothing closes before it stands."""

import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.session import now
from db.tables import CaseRecord, Escalation, FollowUp, OutgoingPage
from oversight.domain.closure import FIELDS
from oversight.domain.contact import AttemptChannel, AttemptOutcome, NextStep
from oversight.domain.errors import Conflict, Incomplete, NotPermitted, Refusal, StaleVersion
from oversight.domain.forms import Answer, Asked, PlanState
from oversight.domain.lifecycle import EscalationStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from oversight.domain.words import ShiftPosition
from oversight.queries.case_records import case_view, cosignatures_due, handoffs_asked
from oversight.services import (
    attempts,
    case_forms,
    case_records,
    escalating,
    follow_ups,
    handing_off,
    people,
    undoing,
)
from oversight.services.working_days import holidays_of
from tests.services.clinic import Clinic
from tests.services.test_escalating_and_bridging import called, escalation, tick

PASSWORD = "correct horse battery staple"


def signer(clinic: Clinic, name: str, role: Role = Role.CLINICIAN) -> uuid.UUID:
    return people.create_person(
        clinic.session,
        username=f"{name.lower()}-{uuid.uuid4().hex[:6]}",
        name=name,
        role=role,
        password=PASSWORD,
    )


@pytest.fixture
def me(clinic: Clinic) -> uuid.UUID:
    clinic.person(on_duty=ShiftPosition.PRIMARY)
    return signer(clinic, "Noa")


@pytest.fixture
def other(clinic: Clinic) -> uuid.UUID:
    return signer(clinic, "Tomás")


@pytest.fixture
def chief(clinic: Clinic) -> uuid.UUID:
    return signer(clinic, "Imani", Role.SUPERVISOR)


@pytest.fixture
def case(clinic: Clinic, me: uuid.UUID) -> Escalation:
    clinic.arm("strict", closing_needs_record=True)
    clinic.say("c", "words", "hi", arm="strict", jurisdiction="DE")
    clinic.score(Severity.L4)
    one = escalation(clinic)
    escalating.acknowledge(clinic.session, one.id, me, now=now(clinic.session))
    return escalation(clinic)


def attempt(clinic, case, who, outcome=AttemptOutcome.NO_ANSWER, channel=AttemptChannel.CALL):
    attempts.record_attempt(
        clinic.session, case.id, who, channel=channel, outcome=outcome, now=now(clinic.session)
    )


def answered(clinic: Clinic, me: uuid.UUID) -> None:
    clinic.claim("c", me)
    clinic.decide("c", me, Action.REPLACE, text="This is Noa. I am here.")


def complete(clinic: Clinic, case: Escalation, me: uuid.UUID) -> int:
    """Everything that closing asks for; returns the record's version."""
    session, at = clinic.session, now(clinic.session)
    attempt(clinic, case, me, AttemptOutcome.SPOKE)
    answered(clinic, me)
    version = case_records.open_record(session, case.id).version
    screener = {number: Answer(Asked.NO) for number in range(1, 7)}
    case_forms.fill_screener(session, case.id, me, screener, now=at)
    case_forms.fill_safety_plan(
        session, case.id, me, state=PlanState.DECLINED, steps={}, because="not today", now=at
    )
    case_forms.assess_adverse_event(
        session,
        case.id,
        me,
        serious=True,
        life_threatening=False,
        related=True,
        expected=False,
        now=at,
    )
    follow_ups.plan_follow_ups(session, case.id, me, me)
    return case_records.save_record(
        session,
        case.id,
        me,
        fields=dict.fromkeys(FIELDS, "words"),
        assigned=Severity.L4,
        version=version,
    )


def sign(clinic: Clinic, case: Escalation, who: uuid.UUID, version: int, password=PASSWORD) -> str:
    return case_records.sign_and_close(
        clinic.session, case.id, who, password=password, version=version, now=now(clinic.session)
    )


def test_speaking_begins_contact_and_ends_the_calls(clinic: Clinic, case, me):
    attempt(clinic, case, me, AttemptOutcome.SPOKE)
    before = len(called(clinic))
    tick(clinic, 3600)
    assert len(called(clinic)) == before
    assert escalation(clinic).owner_id == me


def test_an_attempt_that_reached_nobody_buys_time_and_no_more(clinic: Clinic, case, me):
    clinic.wait(200)
    attempt(clinic, case, me)
    tick(clinic, 299)
    assert escalation(clinic).owner_id == me
    tick(clinic, 2)
    assert escalation(clinic).status == EscalationStatus.OPEN


def test_whoever_tries_has_it_if_nobody_did(clinic: Clinic, me):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L4)
    attempt(clinic, escalation(clinic), me)
    assert escalation(clinic).owner_id == me


def test_the_case_says_what_is_tried_next_and_when(clinic: Clinic, case, me):
    view = case_view(clinic.session, case.id)
    assert view.next_attempt is not None
    assert (view.next_attempt.step, view.next_attempt.at) == (NextStep.CALL, case.opened_at)
    for _ in range(3):
        attempt(clinic, case, me)
    view = case_view(clinic.session, case.id)
    assert view.next_attempt is not None
    assert view.next_attempt.step is NextStep.WELFARE_CHECK, "no collateral was consented to"
    assert len(view.attempts) == 3
    kinds = [line.kind for line in view.timeline]
    assert kinds.index("escalation.open") < kinds.index("contact.attempt")
    assert kinds.count("contact.attempt") == 3


def test_a_welfare_check_takes_two_people(clinic: Clinic, case, me, other):
    at = now(clinic.session)
    ordered = attempts.propose_welfare_check(
        clinic.session, case.id, me, reason="no answer", attempt_in_progress=False, now=at
    )
    assert not ordered
    with pytest.raises(NotPermitted, match="second person"):
        attempts.confirm_welfare_check(clinic.session, case.id, me, now=at)
    attempts.confirm_welfare_check(clinic.session, case.id, other, now=at)
    welfare = case_view(clinic.session, case.id).welfare
    assert welfare is not None
    assert welfare.ordered_at is not None


def test_with_an_attempt_in_progress_one_person_decides_it(clinic: Clinic, case, me):
    assert attempts.propose_welfare_check(
        clinic.session,
        case.id,
        me,
        reason="says they took them",
        attempt_in_progress=True,
        now=now(clinic.session),
    )


def test_the_database_refuses_a_welfare_check_ordered_by_one(clinic: Clinic, case, me):
    attempts.propose_welfare_check(
        clinic.session,
        case.id,
        me,
        reason="no answer",
        attempt_in_progress=False,
        now=now(clinic.session),
    )
    for change in (
        "ordered_at = now()",
        "confirmed_by = proposed_by, confirmed_at = now()",
    ):
        with pytest.raises(IntegrityError), clinic.session.begin_nested():
            clinic.session.execute(text(f"UPDATE welfare_checks SET {change}"))


def test_an_escalation_does_not_end_without_its_signed_record(clinic: Clinic, case, me):
    attempt(clinic, case, me, AttemptOutcome.SPOKE)
    answered(clinic, me)
    with pytest.raises(Incomplete, match="closure record"):
        escalating.resolve(
            clinic.session, case.id, me, resolution="is safe", now=now(clinic.session)
        )
    assert escalation(clinic).status == EscalationStatus.ACKNOWLEDGED


def test_closing_names_all_that_is_missing_and_then_closes(clinic: Clinic, case, me):
    record = case_records.open_record(clinic.session, case.id)
    with pytest.raises(Incomplete) as refusal:
        sign(clinic, case, me, record.version)
    missing = refusal.value.facts["missing"]
    assert isinstance(missing, list)
    assert len(missing) >= len(FIELDS) - 1 + 6
    version = complete(clinic, case, me)
    assert case_records.still_missing(clinic.session, case.id) == ()
    with pytest.raises(NotPermitted, match="password"):
        sign(clinic, case, me, version, password="wrong")
    with pytest.raises(StaleVersion):
        sign(clinic, case, me, version - 1)
    sign(clinic, case, me, version)
    assert escalation(clinic).status == EscalationStatus.RESOLVED
    with pytest.raises(Refusal):
        sign(clinic, case, me, version)


def test_the_system_fills_in_the_message_that_began_it(clinic: Clinic, case):
    record = case_records.open_record(clinic.session, case.id)
    assert record.fields["trigger_message_id"] == str(clinic.messages("c")[0].id)


def test_a_supervisor_who_did_not_write_it_co_signs(clinic: Clinic, case, me, other, chief):
    sign(clinic, case, me, complete(clinic, case, me))
    assert [row[0] for row in cosignatures_due(clinic.session)] == [case.id]
    at = now(clinic.session)
    for who in (me, other):
        with pytest.raises(NotPermitted):
            case_records.cosign(clinic.session, case.id, who, password=PASSWORD, now=at)
    case_records.cosign(clinic.session, case.id, chief, password=PASSWORD, now=at)
    assert cosignatures_due(clinic.session) == []
    view = case_view(clinic.session, case.id)
    assert (view.signed_by, view.cosigned_by) == ("Noa", "Imani")
    with pytest.raises(Conflict):
        case_records.cosign(clinic.session, case.id, chief, password=PASSWORD, now=at)


def test_nobody_co_signs_what_they_wrote_themselves(clinic: Clinic, case, me, chief):
    handing_off.answer_handoff(
        clinic.session,
        handing_off.ask_handoff(
            clinic.session, case.id, me, chief, note="yours", now=now(clinic.session)
        ),
        chief,
        accepts=True,
        now=now(clinic.session),
    )
    sign(clinic, case, chief, complete(clinic, case, chief))
    with pytest.raises(NotPermitted, match="second person"):
        case_records.cosign(
            clinic.session, case.id, chief, password=PASSWORD, now=now(clinic.session)
        )


def test_what_is_signed_is_final(clinic: Clinic, case, me):
    version = complete(clinic, case, me)
    sign(clinic, case, me, version)
    with pytest.raises(StaleVersion):
        case_records.save_record(
            clinic.session, case.id, me, fields={}, assigned=None, version=version
        )
    with pytest.raises(Conflict):
        case_forms.fill_safety_plan(
            clinic.session,
            case.id,
            me,
            state=PlanState.EXISTING,
            steps={},
            now=now(clinic.session),
        )
    clinic.session.execute(text("RESET ROLE"))
    for change in (
        "UPDATE case_records SET fields = '{}'",
        "UPDATE case_records SET signed_at = NULL, signed_by = NULL, signed_meaning = NULL,"
        " digest = NULL",
        "DELETE FROM case_records",
        "UPDATE contact_attempts SET outcome = 'spoke'",
        "DELETE FROM case_forms",
    ):
        with pytest.raises(DBAPIError), clinic.session.begin_nested():
            clinic.session.execute(text(change))


def test_two_people_writing_at_once_do_not_overwrite_each_other(clinic: Clinic, case, me, other):
    version = case_records.open_record(clinic.session, case.id).version
    words = {"location": "at home"}
    case_records.save_record(
        clinic.session, case.id, me, fields=words, assigned=None, version=version
    )
    with pytest.raises(StaleVersion):
        case_records.save_record(
            clinic.session, case.id, other, fields={}, assigned=None, version=version
        )
    kept = clinic.session.scalars(select(CaseRecord.fields)).one()
    assert kept == words


def test_an_incomplete_form_is_refused_by_name(clinic: Clinic, case, me):
    case_records.open_record(clinic.session, case.id)
    with pytest.raises(Incomplete, match="question 1"):
        case_forms.fill_screener(clinic.session, case.id, me, {}, now=now(clinic.session))


def test_a_missed_follow_up_calls_its_owner_and_then_the_supervisors(
    clinic: Clinic, case, me, chief
):
    follow_ups.plan_follow_ups(clinic.session, case.id, me, me)
    assert follow_ups.plan_follow_ups(clinic.session, case.id, me, me) == 0

    def told(seconds: float) -> list[uuid.UUID]:
        clinic.wait(seconds)
        for _ in range(2):
            follow_ups.page_missed_follow_ups(clinic.session, now=now(clinic.session))
        rows = select(OutgoingPage.clinician_id).where(OutgoingPage.kind == "follow_up")
        return sorted(clinic.session.scalars(rows))

    assert told(23 * 3600) == []
    assert told(3600 + 1) == [me]
    assert told(3600) == sorted([me, chief])
    assert told(3600) == sorted([me, chief])


def test_a_follow_up_that_was_done_calls_nobody(clinic: Clinic, case, me, other):
    follow_ups.plan_follow_ups(clinic.session, case.id, me, me)
    first = clinic.session.scalars(select(FollowUp).order_by(FollowUp.due_at)).first()
    assert first is not None
    follow_ups.give_follow_up(clinic.session, first.id, me, other)
    with pytest.raises(Incomplete):
        follow_ups.finish_follow_up(clinic.session, first.id, other, outcome=" ")
    follow_ups.finish_follow_up(clinic.session, first.id, other, outcome="doing better")
    clinic.wait(26 * 3600)
    assert follow_ups.page_missed_follow_ups(clinic.session, now=now(clinic.session)) == 0


def test_a_case_changes_hands_only_when_the_one_named_accepts(clinic: Clinic, case, me, other):
    at = now(clinic.session)
    asked = handing_off.ask_handoff(clinic.session, case.id, me, other, note="calls at six", now=at)
    assert escalation(clinic).owner_id == me
    assert [one.id for one in handoffs_asked(clinic.session, other)] == [asked]
    with pytest.raises(NotPermitted):
        handing_off.answer_handoff(clinic.session, asked, me, accepts=True, now=at)
    handing_off.answer_handoff(clinic.session, asked, other, accepts=True, now=at)
    assert escalation(clinic).owner_id == other
    with pytest.raises(Conflict):
        handing_off.answer_handoff(clinic.session, asked, other, accepts=False, now=at)


def test_a_handoff_of_what_one_no_longer_has_is_refused(clinic: Clinic, case, me, other):
    asked = handing_off.ask_handoff(
        clinic.session, case.id, me, other, note="calls at six", now=now(clinic.session)
    )
    tick(clinic, 301)
    assert escalation(clinic).owner_id is None
    with pytest.raises(StaleVersion):
        handing_off.answer_handoff(
            clinic.session, asked, other, accepts=True, now=now(clinic.session)
        )


def test_a_lowering_that_no_second_person_agreed_to_is_told(clinic: Clinic, me, chief):
    clinic.say("c", "words", "hi")
    clinic.score(Severity.L3)
    item = clinic.claim("c", me)
    undoing.lower_level(clinic.session, item.id, me, to=Severity.L1, reason="a song")
    clinic.wait(24 * 3600 - 1)
    assert follow_ups.page_overdue_lowerings(clinic.session, now=now(clinic.session)) == 0
    clinic.wait(2)
    assert follow_ups.page_overdue_lowerings(clinic.session, now=now(clinic.session)) == 1
    assert follow_ups.page_overdue_lowerings(clinic.session, now=now(clinic.session)) == 0
    rows = select(OutgoingPage.clinician_id).where(OutgoingPage.kind == "lowered")
    assert clinic.session.scalars(rows).all() == [chief]


def test_the_sites_holidays_are_known_and_an_unknown_site_has_none():
    from datetime import date

    assert date(2026, 12, 25) in holidays_of("DE", {2026})
    assert date(2026, 7, 4) in holidays_of("US-IL", {2026})
    assert date(2026, 7, 4) in holidays_of("US-NOWHERE", {2026})
    assert holidays_of("ZZ", {2026}) == frozenset()
    assert holidays_of(None, {2026}) == frozenset()


def test_a_report_that_went_out_is_noted_once(clinic: Clinic, case, me):
    complete(clinic, case, me)
    view = case_view(clinic.session, case.id)
    assert {one.rule for one in view.reports} == {"sponsor", "regulator_15_days", "board_10_days"}
    at = now(clinic.session)
    case_forms.report_made(clinic.session, case.id, me, rule="sponsor", now=at)
    with pytest.raises(Conflict):
        case_forms.report_made(clinic.session, case.id, me, rule="sponsor", now=at)

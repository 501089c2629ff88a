"""The history read again: a level rises and is put before a person; nothing ever falls."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from db.tables import AuditEvent, Escalation, RiskAssessment
from oversight.domain.flags import Flag, Grade
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.services.rereading import Reread, next_texts, record_reread
from tests.services.clinic import Clinic, assessment

NEW = "new-version-2"
EVER = datetime(1970, 1, 1, tzinfo=UTC)


def read_again(
    clinic: Clinic, severity: Severity | None, *, flags: tuple[Flag, ...] = ()
) -> Reread:
    """One batch, as the new version; None means that it failed on every text."""
    from dataclasses import replace

    tasks = next_texts(clinic.session, after=0, model_version=NEW, since=EVER)
    said = [
        replace(assessment(task, severity, flags, None), model_version=NEW, id=task.subject.id)
        for task in tasks
    ]
    return record_reread(clinic.session, tasks, said)


def read_and_closed(clinic: Clinic, severity: Severity = Severity.L0) -> None:
    clinic.say("c", "so long, and thanks")
    clinic.score(severity)
    reader = clinic.person()
    clinic.claim("c", reader)
    clinic.decide("c", reader, Action.MARK_READ)
    assert clinic.item("c") is None


@pytest.mark.parametrize("after", list(Severity))
@pytest.mark.parametrize("before", [one for one in Severity if one is not Severity.LU])
def test_no_version_lowers_a_level(clinic: Clinic, before: Severity, after: Severity) -> None:
    clinic.say("c", "so long, and thanks")
    clinic.score(before)
    read_again(clinic, None if after is Severity.LU else after)
    now = Severity(clinic.messages("c")[0].severity)
    assert now.rank >= before.rank
    assert now is (before if after is Severity.LU else max(before, after, key=lambda s: s.rank))


def test_a_raised_level_comes_before_a_person_again(clinic: Clinic) -> None:
    read_and_closed(clinic)
    done = read_again(clinic, Severity.L2)
    item = clinic.open_item("c")
    assert (done.raised, done.put_up, item.severity) == (1, 1, Severity.L2)
    assert clinic.messages("c")[0].item_id == item.id


def test_a_level_raised_to_high_calls_people(clinic: Clinic) -> None:
    read_and_closed(clinic)
    read_again(clinic, Severity.L3)
    assert clinic.open_item("c").status == ItemStatus.ESCALATED
    assert clinic.session.scalar(select(func.count()).select_from(Escalation)) == 1


def test_a_level_raised_to_low_is_written_and_disturbs_nobody(clinic: Clinic) -> None:
    read_and_closed(clinic)
    done = read_again(clinic, Severity.L1)
    assert (done.raised, done.put_up, clinic.item("c")) == (1, 0, None)
    assert clinic.messages("c")[0].severity == Severity.L1


def test_a_raised_level_joins_the_item_that_is_open(clinic: Clinic) -> None:
    read_and_closed(clinic)
    clinic.say("c", "one more thing")
    clinic.score(Severity.L0)
    item = clinic.open_item("c")
    done = read_again(clinic, Severity.L2)
    assert done.put_up == 0
    assert clinic.open_item("c").id == item.id
    assert {one.item_id for one in clinic.messages("c")} == {item.id}


def test_a_run_that_was_cut_off_goes_on_and_a_finished_one_does_nothing(clinic: Clinic) -> None:
    for number in range(20):
        clinic.say(f"c{number}", "hello again")
    while clinic.score(Severity.L0):
        pass
    assert [read_again(clinic, Severity.L0).texts for _ in range(3)] == [16, 4, 0]


def test_what_the_version_cannot_score_keeps_its_level(clinic: Clinic) -> None:
    read_and_closed(clinic)
    done = read_again(clinic, None)
    assert (done.unscored, done.raised, clinic.item("c")) == (1, 0, None)
    assert clinic.messages("c")[0].severity == Severity.L0


def test_flags_are_added_and_never_taken_away(clinic: Clinic) -> None:
    clinic.say("c", "what would you eat", "A rice cake, at most.")
    clinic.score(Severity.L0, flags=[Flag.F19])
    read_again(clinic, Severity.L0, flags=(Flag.F05,))
    draft = clinic.draft("c")
    assert (draft.flags, draft.grade) == (["F05", "F19"], Grade.H3)
    assert clinic.open_item("c").grade == Grade.H3


def test_each_raised_level_is_in_the_record_with_the_version_that_raised_it(
    clinic: Clinic,
) -> None:
    read_and_closed(clinic)
    read_again(clinic, Severity.L2)
    event = clinic.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == "message.rescore")
    ).one()
    assert event.detail == {"from": "L0", "to": "L2", "model_version": NEW}
    versions = clinic.session.scalars(select(RiskAssessment.model_version)).all()
    assert sorted(versions) == sorted(["on-strings-1", NEW])

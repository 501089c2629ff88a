"""Nobody is shown which words moved a score before somebody has judged the message."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from db.rows import insert_rows
from db.tables import Draft, Evidence, Message, RiskAssessment
from oversight.domain.flags import Flag
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity
from oversight.queries.evidence import evidence_of
from oversight.queries.triage import card
from oversight.services import scoring
from tests.services.clinic import VERSION, Clinic, assessment


def explained(clinic: Clinic, *, shadow: bool = False) -> None:
    """Evidence for every assessment there is; shadow ones are added first if asked for."""
    if shadow:
        for message in clinic.session.scalars(select(Message)).all():
            row = {"message_id": message.id, "model_version": "s", "scored": True}
            insert_rows(
                clinic.session,
                RiskAssessment,
                [row | {"severity": "L4", "phrase_hits": [], "shadow": True}],
            )
    for one in clinic.session.scalars(select(RiskAssessment)).all():
        flag = Flag.F19.value if one.draft_id else None
        row = {"assessment_id": one.id, "model_version": VERSION, "flag": flag}
        insert_rows(clinic.session, Evidence, [row | {"spans": [[0, 2, 1.5]]}])


def test_what_is_unread_in_an_open_item_is_left_out_of_the_conversation_page(
    clinic: Clinic,
) -> None:
    clinic.say("c", "so long, and thanks", "Tell me more.")
    while clinic.score(Severity.L2, flags=[Flag.F19]):
        pass
    explained(clinic)
    item = clinic.open_item("c")
    assert evidence_of(clinic.session, item.conversation_id) == {}
    reader = clinic.person()
    clinic.claim("c", reader)
    clinic.decide("c", reader, Action.APPROVE, own_severity=Severity.L2)
    found = evidence_of(clinic.session, item.conversation_id)
    message, draft = clinic.messages("c")[0], clinic.draft("c")
    assert {sequence: view.flag for sequence, view in found.items()} == {
        message.sequence: None,
        draft.sequence: Flag.F19,
    }


def test_the_card_carries_the_evidence_of_the_newest_live_score(clinic: Clinic) -> None:
    clinic.say("c", "so long, and thanks", "Tell me more.")
    while clinic.score(Severity.L2, flags=[Flag.F19]):
        pass
    before = card(clinic.session, clinic.open_item("c").id, clinic.person())
    assert before.assessment is not None
    assert before.assessment.evidence is None
    explained(clinic, shadow=True)
    found = card(clinic.session, clinic.open_item("c").id, clinic.person())
    assert found.assessment is not None
    assert found.assessment.model_version == VERSION
    assert found.assessment.evidence is not None
    assert found.assessment.evidence.spans == [(0, 2)]
    assert found.assessment.message_id == clinic.messages("c")[0].id
    assert found.draft is not None
    assert found.draft.assessment is not None
    assert found.draft.assessment.evidence is not None
    assert found.draft.assessment.evidence.flag is Flag.F19
    assert clinic.session.scalars(select(Draft)).first() is not None


def test_the_card_explains_the_likeliest_of_the_gravest_messages_not_yet_read(
    clinic: Clinic,
) -> None:
    """An "ok" after a grave message is as grave by what it follows; the words are elsewhere."""
    likely = {"good morning": 0.01, "cried at work": 0.4, "i took them all": 0.9, "ok": 0.5}
    for text, probability in likely.items():
        clinic.say("c", text)
        level = Severity.L1 if text == "good morning" else Severity.L4
        tasks = scoring.take(clinic.session, limit=9)
        found = [
            replace(assessment(one, level, (), None), crisis_probability=probability)
            for one in tasks
        ]
        scoring.record_scores(clinic.session, tasks, found)
    _, _, grave, later = clinic.messages("c")
    shown = card(clinic.session, clinic.open_item("c").id, clinic.person()).assessment
    assert shown is not None
    assert shown.message_id == grave.id
    clinic.open_item("c").read_sequence = grave.sequence
    clinic.session.flush()
    shown = card(clinic.session, clinic.open_item("c").id, clinic.person()).assessment
    assert shown is not None
    assert shown.message_id == later.id

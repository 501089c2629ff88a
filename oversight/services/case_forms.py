"""The forms of a case: C-SSRS screener, safety plan, assessment as an adverse event."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import (
    CaseForm,
    Conversation,
    Escalation,
    Participant,
    ReportDeadline,
    new_id,
    table_of,
)
from oversight.domain.closure import AdverseEvent, reports_due
from oversight.domain.errors import Conflict
from oversight.domain.forms import (
    Answer,
    Asked,
    PlanState,
    Screener,
    When,
    plan_missing,
    screener_level,
    screener_missing,
)
from oversight.domain.severity import Severity
from oversight.services.case_events import note_case
from oversight.services.case_records import complete, escalation_of, record_of
from oversight.services.escalating import require_reader
from oversight.services.working_days import holidays_of


def fill_screener(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    screener: Screener,
    *,
    now: datetime,
) -> Severity:
    """Keep a complete C-SSRS screener; returns the level that the answers alone give."""
    require_reader(session, clinician_id)
    complete(screener_missing(screener))
    content = {
        str(number): {
            "asked": one.asked.value,
            "when": one.when.value if one.when is not None else None,
            "because": one.because.strip(),
        }
        for number, one in screener.items()
    }
    level = screener_level(screener)
    told = {"answers": content, "level": level.value}
    _form(session, escalation_id, clinician_id, "screener", told, now=now)
    return level


def fill_safety_plan(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    state: PlanState,
    steps: Mapping[str, str],
    because: str = "",
    now: datetime,
) -> None:
    """Keep a safety plan that was made, exists already, or was declined."""
    require_reader(session, clinician_id)
    complete(plan_missing(state, steps, because=because))
    told = {"state": state.value, "steps": dict(steps), "because": because.strip()}
    _form(session, escalation_id, clinician_id, "safety_plan", told, now=now)


def assess_adverse_event(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    serious: bool,
    life_threatening: bool,
    related: bool,
    expected: bool,
    now: datetime,
) -> Sequence[tuple[str, datetime]]:
    """Keep the assessment and work out what must be reported by when, at the participant's site.

    The deadlines run from now: the study is aware. A later assessment replaces those not reported.
    """
    require_reader(session, clinician_id)
    jurisdiction, zone = _site(session, escalation_id)
    aware_at = now.astimezone(zone)
    event = AdverseEvent(serious, life_threatening, related, expected, aware_at)
    years = {aware_at.year, aware_at.year + 1}
    due = reports_due(event, holidays_of(jurisdiction, years))
    told = {
        "serious": serious,
        "life_threatening": life_threatening,
        "related": related,
        "expected": expected,
        "aware_at": aware_at.isoformat(),
        "calendar": jurisdiction or "no calendar known",
        "reports": {one.rule.name: one.due_at.isoformat() for one in due},
    }
    _form(session, escalation_id, clinician_id, "adverse_event", told, now=now)
    for one in due:
        row = insert(ReportDeadline).values(
            id=new_id(), escalation_id=escalation_id, rule=one.rule.name, due_at=one.due_at
        )
        session.execute(row.on_conflict_do_nothing())
    return [(one.rule.name, one.due_at) for one in due]


def report_made(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    rule: str,
    now: datetime,
) -> None:
    """A report that was owed has gone out. Said once; it stays possible after the case closed."""
    deadlines = table_of(ReportDeadline)
    made = session.execute(
        update(deadlines)
        .where(
            deadlines.c.escalation_id == escalation_id,
            deadlines.c.rule == rule,
            deadlines.c.reported_at.is_(None),
        )
        .values(reported_at=now, reported_by=clinician_id)
        .returning(deadlines.c.id)
    ).one_or_none()
    if made is None:
        raise Conflict("no such report is owed, or it was made already")
    note_case(
        session, "case.report", escalation_of(session, escalation_id), clinician_id, rule=rule
    )


def screener_from(content: Mapping[str, Mapping[str, str | None]]) -> Screener:
    """A stored or submitted screener as the rules read it."""
    return {
        int(number): Answer(
            Asked(str(one["asked"])),
            When(when) if (when := one.get("when")) else None,
            one.get("because") or "",
        )
        for number, one in content.items()
    }


def _form(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    kind: str,
    content: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    if record_of(session, escalation_id, lock=True).signed_at is not None:
        raise Conflict("this record is signed: it can no longer be changed")
    session.add(
        CaseForm(
            id=new_id(),
            escalation_id=escalation_id,
            kind=kind,
            content=dict(content),
            clinician_id=clinician_id,
            at=now,
        )
    )
    session.flush()
    note_case(session, "case.form", escalation_of(session, escalation_id), clinician_id, form=kind)


def _site(session: Session, escalation_id: uuid.UUID) -> tuple[str | None, ZoneInfo]:
    row = session.execute(
        select(Participant.jurisdiction, Participant.timezone)
        .join(Conversation, Conversation.participant_id == Participant.id)
        .join(Escalation, Escalation.conversation_id == Conversation.id)
        .where(Escalation.id == escalation_id)
    ).one()
    try:
        return row.jurisdiction, ZoneInfo(row.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return row.jurisdiction, ZoneInfo("UTC")

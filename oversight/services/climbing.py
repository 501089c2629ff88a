"""Ladders climb: every step at its time, in order, none twice, a thousand of them in one sweep."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import changed, keep, values_of, write
from db.tables import Escalation, table_of
from oversight.domain.ladder import EVERYBODY, next_call_at
from oversight.domain.lifecycle import EscalationEvent, EscalationStatus
from oversight.queries.on_call import OnCall
from oversight.services.audit import Actor
from oversight.services.calling import Call, call
from oversight.services.transition import ESCALATION, move_all

CLOCK = Actor.system("clock")
_CLIMBED = ("step", "next_page_at")


def climb_due(session: Session, *, now: datetime, limit: int = 2_000) -> int:
    """Everything the clock must do: lapse acknowledgements that ran out, page what is due.

    Two clocks at once each take what the other has not locked.
    """
    due = session.scalars(
        select(Escalation)
        .where(Escalation.status != EscalationStatus.RESOLVED, Escalation.next_page_at <= now)
        .order_by(Escalation.next_page_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    _lapse(session, due, now=now)
    climb(session, due, now=now)
    return len(due)


def climb(session: Session, escalations: Sequence[Escalation], *, now: datetime) -> None:
    """Page the people of every step that is due, and set when the next one is."""
    on_call = OnCall(session, now=now)
    calls = [one for each in escalations for one in _calls(each, on_call, now=now)]
    if calls:
        write(session, changed(Escalation, values_of(escalations, _CLIMBED)))
        call(session, calls, now=now)


def _calls(escalation: Escalation, on_call: OnCall, *, now: datetime) -> list[Call]:
    steps: Sequence[dict[str, object]] = escalation.steps
    after = [int(str(step["after_seconds"])) for step in steps]
    found = []
    step, due_at = escalation.step, escalation.next_page_at
    while due_at is not None and due_at <= now:
        ended = step >= len(steps)
        roles = EVERYBODY if ended else steps[step]["roles"]
        people = on_call.people(list(roles), study_id=escalation.study_id)  # type: ignore[call-overload]
        found.append(Call(escalation, step, people))
        step += 0 if ended else 1
        started_at = escalation.ladder_started_at
        due_at = next_call_at(after, step, started_at=started_at, now=now)
    keep(escalation, step=step, next_page_at=due_at)
    return found


def _lapse(session: Session, due: Sequence[Escalation], *, now: datetime) -> None:
    """Acknowledgements that ran out without contact: the ladder begins again at its first step."""
    ran_out = [one for one in due if one.status == EscalationStatus.ACKNOWLEDGED]
    if not ran_out:
        return
    move_all(
        session,
        ESCALATION,
        EscalationStatus.ACKNOWLEDGED,
        EscalationEvent.LAPSE,
        where=[table_of(Escalation).c.id.in_([one.id for one in ran_out])],
        actor=CLOCK,
        values={
            "owner_id": None,
            "acknowledged_until": None,
            "step": 0,
            "ladder_started_at": now,
            "next_page_at": now,
        },
    )
    for one in ran_out:
        session.refresh(one)

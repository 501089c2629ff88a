"""Ladders climb: every step at its time, in order, none twice, a thousand of them in one sweep."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import among, changed, keep, values_of, write
from db.tables import Acknowledgement, Clinician, Escalation, table_of
from oversight.domain.ladder import EVERYBODY, Having, next_call_at, next_owner
from oversight.domain.lifecycle import EscalationEvent, EscalationStatus
from oversight.queries.on_call import OnCall
from oversight.services.audit import Actor
from oversight.services.calling import Call, call
from oversight.services.transition import ESCALATION, move, move_all

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
    """Acknowledgements that ran out without contact: the ladder begins again at its first step.

    Unless somebody else said "I have it", too, and still has time.
    """
    owned = [one for one in due if one.status == EscalationStatus.ACKNOWLEDGED]
    having = _having(session, owned) if owned else {}
    ran_out = []
    for one in owned:
        after = next_owner(having.get(one.id, ()), owner=one.owner_id, now=now)
        if after is None:
            ran_out.append(one)
        else:
            _pass_on(session, one, after)
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


def _having(session: Session, owned: Sequence[Escalation]) -> dict[uuid.UUID, list[Having]]:
    """Who said of these that they have it, since their ladders began, and is still on the team."""
    rows = session.execute(
        select(Acknowledgement.escalation_id, Acknowledgement.clinician_id, Acknowledgement.until)
        .join(Escalation, Escalation.id == Acknowledgement.escalation_id)
        .join(Clinician, Clinician.id == Acknowledgement.clinician_id)
        .where(
            among(Acknowledgement.escalation_id, [one.id for one in owned]),
            Acknowledgement.ladder_started_at == Escalation.ladder_started_at,
            Clinician.deactivated_at.is_(None),
        )
    )
    found: dict[uuid.UUID, list[Having]] = defaultdict(list)
    for escalation_id, person, until in rows:
        found[escalation_id].append(Having(person, until))
    return found


def _pass_on(session: Session, escalation: Escalation, after: Having) -> None:
    move(
        session,
        ESCALATION,
        escalation.id,
        EscalationStatus.ACKNOWLEDGED,
        EscalationEvent.ACKNOWLEDGE,
        actor=CLOCK,
        values={
            "owner_id": after.person,
            "acknowledged_until": after.until,
            "next_page_at": after.until,
        },
        detail={"owner": str(after.person)},
    )
    session.refresh(escalation)

"""Follow-ups after a case: each has an owner, and pages when it is missed."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Escalation, FollowUp, LevelChange, ReviewItem, new_id
from oversight.domain.errors import Conflict, Incomplete, NotFound
from oversight.domain.follow_ups import TOLD_TO_OTHERS_AFTER, follow_ups_due
from oversight.domain.pages import PageKind
from oversight.domain.severity import Severity
from oversight.services.audit import Actor, Event, record
from oversight.services.calling import Notice, tell
from oversight.services.escalating import require_reader
from oversight.services.pager_tests import in_charge

CLOCK = Actor.system("clock")


def plan_follow_ups(
    session: Session, escalation_id: uuid.UUID, planner_id: uuid.UUID, owner_id: uuid.UUID
) -> int:
    """Plan what the level asks for, all with one owner; what is planned already stays."""
    require_reader(session, planner_id)
    require_reader(session, owner_id)
    escalation = session.get(Escalation, escalation_id)
    if escalation is None:
        raise NotFound("no such escalation", escalation_id=str(escalation_id))
    planned = 0
    for due_at in follow_ups_due(Severity(escalation.severity), escalation.opened_at):
        row = insert(FollowUp).values(
            id=new_id(),
            escalation_id=escalation_id,
            study_id=escalation.study_id,
            conversation_id=escalation.conversation_id,
            owner_id=owner_id,
            due_at=due_at,
        )
        done = session.scalar(row.on_conflict_do_nothing().returning(FollowUp.id))
        planned += done is not None
    _record(session, "follow_up.plan", escalation, Actor.clinician(planner_id), count=planned)
    return planned


def give_follow_up(
    session: Session, follow_up_id: uuid.UUID, giver_id: uuid.UUID, owner_id: uuid.UUID
) -> None:
    """Another owner from now on."""
    require_reader(session, giver_id)
    require_reader(session, owner_id)
    row = _open(session, follow_up_id)
    row.owner_id = owner_id
    session.flush()
    _record(session, "follow_up.give", row, Actor.clinician(giver_id))


def finish_follow_up(
    session: Session, follow_up_id: uuid.UUID, clinician_id: uuid.UUID, *, outcome: str
) -> None:
    """It was done, with words about what came of it."""
    require_reader(session, clinician_id)
    if not outcome.strip():
        raise Incomplete("write what came of the follow-up", field="outcome")
    row = _open(session, follow_up_id)
    row.done_at, row.done_by = db_session.now(session), clinician_id
    row.outcome = outcome.strip()
    session.flush()
    _record(session, "follow_up.done", row, Actor.clinician(clinician_id))


def page_missed_follow_ups(session: Session, *, now: datetime, limit: int = 100) -> int:
    """The owner is paged when it is due, the supervisors an hour later; each once."""
    missed = session.scalars(
        select(FollowUp)
        .where(
            FollowUp.done_at.is_(None),
            FollowUp.due_at <= now,
            FollowUp.missed_at.is_(None)
            | (FollowUp.told_others_at.is_(None) & (FollowUp.due_at <= now - TOLD_TO_OTHERS_AFTER)),
        )
        .order_by(FollowUp.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in missed:
        people = []
        if row.missed_at is None:
            row.missed_at = now
            people.append(row.owner_id)
        if row.told_others_at is None and row.due_at <= now - TOLD_TO_OTHERS_AFTER:
            row.told_others_at = now
            people += in_charge(session)
        notice = Notice(
            PageKind.FOLLOW_UP,
            row.id,
            study_id=row.study_id,
            conversation_id=row.conversation_id,
        )
        tell(session, people, notice, now=now)
        _record(session, "follow_up.missed", row, CLOCK, people=len(people))
    return len(missed)


def page_overdue_lowerings(session: Session, *, now: datetime, limit: int = 100) -> int:
    """A level lowered from high or imminent that no second person agreed to within 24 hours."""
    overdue = session.execute(
        select(LevelChange, ReviewItem.study_id, ReviewItem.conversation_id)
        .join(ReviewItem, ReviewItem.id == LevelChange.item_id)
        .where(
            LevelChange.confirm_due_at <= now,
            LevelChange.confirmed_at.is_(None),
            LevelChange.overdue_at.is_(None),
        )
        .limit(limit)
        .with_for_update(of=LevelChange, skip_locked=True)
    ).all()
    for change, study_id, conversation_id in overdue:
        change.overdue_at = now
        others = [one for one in in_charge(session) if one != change.clinician_id]
        notice = Notice(
            PageKind.LOWERED, change.id, study_id=study_id, conversation_id=conversation_id
        )
        tell(session, others, notice, now=now)
        event = Event(
            "level.overdue",
            CLOCK,
            study_id=study_id,
            conversation_id=conversation_id,
            item_id=change.item_id,
            subject=change.id,
        )
        record(session, event)
    return len(overdue)


def _open(session: Session, follow_up_id: uuid.UUID) -> FollowUp:
    row = session.scalars(
        select(FollowUp).where(FollowUp.id == follow_up_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("no such follow-up", follow_up_id=str(follow_up_id))
    if row.done_at is not None:
        raise Conflict("this follow-up was done already")
    return row


def _record(
    session: Session, kind: str, about: FollowUp | Escalation, actor: Actor, **detail: object
) -> None:
    event = Event(
        kind,
        actor,
        study_id=about.study_id,
        conversation_id=about.conversation_id,
        subject=about.id,
        detail=detail,
    )
    record(session, event)

"""Whether anybody watches: who is on call, and which processes say that they work."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.tables import Arm, BotStop, CoverageLapse, Heartbeat, new_id, table_of
from oversight.domain.pages import PageKind
from oversight.domain.policy import NobodyOnCall
from oversight.domain.stopping import OnCallWord, StopCause, StopScope
from oversight.queries.policies import policy_of
from oversight.queries.rota import TeamRota
from oversight.queries.stops import teams_now, uncovered_now
from oversight.services.audit import Actor, Event, record
from oversight.services.calling import Notice, tell
from oversight.services.pager_tests import in_charge
from oversight.services.stopping import close_stops, open_stop

CLOCK = Actor.system("clock")


def beat(session: Session, process: str, *, detail: Mapping[str, object] | None = None) -> None:
    """A process says that it works."""
    values = {"beat_at": db_session.now(session), "detail": dict(detail or {})}
    row = insert(Heartbeat).values(process=process, **values)
    session.execute(row.on_conflict_do_update(index_elements=["process"], set_=values))


def watch_coverage(session: Session, *, now: datetime) -> int:
    """Note when nobody is on call any more, and when somebody is again; returns the changes.

    The supervisors and the study leads are told once, and bots of arms whose policy says *pause*
    are stopped until somebody is there.
    """
    changes = 0
    for one in teams_now(session, now=now):
        if one.word is OnCallWord.OK:
            changes += _covered_again(session, one.team, now=now)
        else:
            changes += _lapsed(session, one.team, one.word, now=now)
    if changes:
        _pause_bots(session)
    return changes


def _lapsed(session: Session, team: TeamRota, word: OnCallWord, *, now: datetime) -> bool:
    row = insert(CoverageLapse).values(
        id=new_id(), team_id=team.id, study_id=team.study_id, reason=word.value, starts_at=now
    )
    made = session.scalar(row.on_conflict_do_nothing().returning(CoverageLapse.id))
    if made is None:
        return False
    detail = {"team": str(team.id) if team.id else None, "why": word.value}
    record(
        session, Event("coverage.lost", CLOCK, study_id=team.study_id, subject=made, detail=detail)
    )
    notice = Notice(PageKind.UNCOVERED, made, study_id=team.study_id)
    tell(session, in_charge(session), notice, now=now)
    return True


def _covered_again(session: Session, team: TeamRota, *, now: datetime) -> bool:
    lapses = table_of(CoverageLapse)
    ended = session.execute(
        update(lapses)
        .where(lapses.c.ends_at.is_(None), lapses.c.team_id.is_not_distinct_from(team.id))
        .values(ends_at=now)
        .returning(lapses.c.id, lapses.c.study_id)
    ).all()
    for row in ended:
        record(session, Event("coverage.back", CLOCK, study_id=row.study_id, subject=row.id))
    return bool(ended)


def _pause_bots(session: Session) -> None:
    """Stop and restart the bots of arms whose policy pauses them while nobody is on call."""
    uncovered: dict[uuid.UUID, bool] = {}
    held = {
        row.arm_id: row.id
        for row in session.execute(
            select(BotStop.arm_id, BotStop.id).where(
                BotStop.cause == StopCause.NOBODY_ON_CALL, BotStop.lifted_at.is_(None)
            )
        )
    }
    for arm in session.scalars(select(Arm)):
        policy = policy_of(session, arm.policy_version_id)
        if arm.study_id not in uncovered:
            uncovered[arm.study_id] = uncovered_now(session, arm.study_id)
        paused = uncovered[arm.study_id] and policy.nobody_on_call is NobodyOnCall.PAUSE
        if paused and arm.id not in held:
            open_stop(
                session,
                arm.study_id,
                scope=StopScope.ARM,
                cause=StopCause.NOBODY_ON_CALL,
                reason="nobody is on call",
                actor=CLOCK,
                arm_id=arm.id,
            )
        elif not paused and arm.id in held:
            close_stops(session, [held[arm.id]], reason="somebody is on call", actor=CLOCK)

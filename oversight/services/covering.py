"""Gaps in the rota, announced ahead: 48, 24 and 2 hours before they begin, once each."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import GapNotice, new_id
from oversight.domain.gaps import Gap, due_notice
from oversight.domain.pages import PageKind
from oversight.queries.rota import TeamRota, gaps_ahead
from oversight.services.audit import Actor, Event, record
from oversight.services.calling import Notice, tell
from oversight.services.pager_tests import in_charge

CLOCK = Actor.system("clock")


def announce_gaps(session: Session, *, now: datetime) -> int:
    """Announce what is due; the database sees to it that nothing is announced twice."""
    return sum(_announce(session, team, gap, now=now) for team, gap in gaps_ahead(session, now=now))


def _announce(session: Session, team: TeamRota, gap: Gap, *, now: datetime) -> bool:
    told = session.scalars(
        select(GapNotice.hours_ahead).where(
            GapNotice.team_id == team.id,
            GapNotice.position == gap.position,
            GapNotice.gap_starts_at == gap.starts_at,
        )
    ).all()
    hours = due_notice(gap, now=now, announced=told)
    if hours is None:
        return False
    notice = insert(GapNotice).values(
        id=new_id(),
        team_id=team.id,
        position=gap.position,
        reason=gap.reason,
        gap_starts_at=gap.starts_at,
        gap_ends_at=gap.ends_at,
        hours_ahead=hours,
        announced_at=now,
    )
    written = session.scalar(notice.on_conflict_do_nothing().returning(GapNotice.id))
    if written is None:
        return False
    detail = {
        "position": gap.position.value,
        "why": gap.reason.value,
        "hours_ahead": hours,
        "starts_at": gap.starts_at.isoformat(),
        "ends_at": gap.ends_at.isoformat(),
    }
    event = Event("rota.gap", CLOCK, study_id=team.study_id, subject=written, detail=detail)
    record(session, event)
    notice_of = Notice(PageKind.GAP, written, study_id=team.study_id)
    tell(session, in_charge(session), notice_of, now=now)
    return True

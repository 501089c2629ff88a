"""What somebody has read in their shift, for their own eyes; a team's load, by name alone."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from db.session import now as database_now
from db.tables import Arm, AuditEvent, Claim, Clinician, HeavyRest, ReviewItem
from oversight.domain import rota as rules
from oversight.domain.errors import NotPermitted
from oversight.domain.exposure import (
    Exposure,
    ExposureLimits,
    Load,
    Reading,
    ReadingBlock,
    RestReason,
    exposure,
    heavy,
    reading_block,
    strictest,
)
from oversight.domain.permissions import Role, reads_items
from oversight.domain.severity import Severity
from oversight.queries.on_call import on_call
from oversight.queries.policies import policy_of
from oversight.queries.rota import INSTANT, rotas

LONGEST_SHIFT = timedelta(hours=24)
WITHOUT_A_SHIFT = timedelta(hours=12)
"""How far back somebody's reading counts who is on no shift."""

GRAVE = [one.value for one in Severity if heavy(one)]


@dataclass(frozen=True)
class Rest:
    """Heavy items go to others first until then, because the person asked or by the limit."""

    until: datetime
    reason: RestReason


@dataclass(frozen=True)
class OwnExposure:
    """One person's reading since their shift began, and what it means for them."""

    since: datetime
    read: Exposure
    limits: ExposureLimits
    load: Load
    block: ReadingBlock | None
    rest: Rest | None


@dataclass(frozen=True)
class TeamLoad:
    """How one person on the team stands, for whoever plans the shifts."""

    name: str
    load: Load
    resting: bool
    on_duty: bool


class HeavyNotice(StrEnum):
    """Why a heavy item came to somebody who rests from them."""

    NOBODY_ELSE = "nobody_else"
    OVERDUE = "overdue"


def own_exposure(session: Session, clinician_id: uuid.UUID) -> OwnExposure:
    """What this person read since their shift began. To be shown to nobody else."""
    now = database_now(session)
    since = shift_began(session, clinician_id, now=now)
    limits = limits_in_force(session)
    readings = readings_of(session, clinician_id, since=since, now=now)
    read = exposure(readings, since=since)
    return OwnExposure(
        since=since,
        read=read,
        limits=limits,
        load=read.load(limits),
        block=reading_block(readings, limits, now=now),
        rest=rest_of(session, clinician_id, now=now),
    )


def team_load(session: Session, supervisor_id: uuid.UUID) -> Sequence[TeamLoad]:
    """Everybody's standing by name, without a number to compare; for supervisors."""
    asks = session.get(Clinician, supervisor_id)
    if asks is None or asks.deactivated_at is not None or asks.role != Role.SUPERVISOR:
        raise NotPermitted("only a supervisor sees how the team stands")
    now = database_now(session)
    limits = limits_in_force(session)
    on_duty = set(on_call(session, ["shift"], now=now))
    people = session.execute(
        select(Clinician.id, Clinician.name, Clinician.role)
        .where(Clinician.deactivated_at.is_(None))
        .order_by(Clinician.name, Clinician.id)
    )
    found = []
    for row in people.all():
        if reads_items(Role(row.role)):
            since = shift_began(session, row.id, now=now)
            readings = readings_of(session, row.id, since=since, now=now)
            load = exposure(readings, since=since).load(limits)
            resting = rest_of(session, row.id, now=now) is not None
            found.append(TeamLoad(row.name, load, resting, row.id in on_duty))
    return found


def heavy_notice(
    session: Session, clinician_id: uuid.UUID, item_id: uuid.UUID
) -> HeavyNotice | None:
    """What to say to somebody who rests from heavy items and has one; None to anybody else."""
    now = database_now(session)
    item = session.get(ReviewItem, item_id)
    if item is None or item.severity not in GRAVE:
        return None
    if rest_of(session, clinician_id, now=now) is None:
        return None
    alone = not others_for_heavy(session, clinician_id, now=now)
    return HeavyNotice.NOBODY_ELSE if alone else HeavyNotice.OVERDUE


def others_for_heavy(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether anybody else on duty takes items and does not rest from heavy ones."""
    others = [one for one in on_call(session, ["shift"], now=now) if one != clinician_id]
    if not others:
        return False
    resting = select(HeavyRest.id).where(
        HeavyRest.clinician_id == Clinician.id, HeavyRest.ends_at > now
    )
    rows = session.scalars(
        select(Clinician.role).where(
            Clinician.id.in_(others), Clinician.deactivated_at.is_(None), ~resting.exists()
        )
    )
    return any(reads_items(Role(role)) for role in rows)


def rest_of(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> Rest | None:
    """The rest from heavy items that goes on now."""
    found = session.execute(
        select(HeavyRest.ends_at, HeavyRest.reason)
        .where(HeavyRest.clinician_id == clinician_id, HeavyRest.ends_at > now)
        .order_by(HeavyRest.ends_at.desc())
        .limit(1)
    ).one_or_none()
    return Rest(found.ends_at, RestReason(found.reason)) if found else None


def limits_in_force(session: Session) -> ExposureLimits:
    """The strictest limits of the policies in force: people read for all studies."""
    versions = session.scalars(select(Arm.policy_version_id).distinct()).all()
    return strictest(policy_of(session, version).exposure for version in versions)


def shift_began(session: Session, clinician_id: uuid.UUID, *, now: datetime) -> datetime:
    """When this person's shift began that goes on now; twelve hours ago for somebody on none."""
    start = now - LONGEST_SHIFT
    began: datetime | None = None
    for team in rotas(session, start, now + INSTANT):
        spans = sorted(
            (stretch.starts_at, stretch.ends_at)
            for stretch in rules.coverage(team.rota, start, now + INSTANT)
            if clinician_id in stretch.people
        )
        reached = now + INSTANT
        for starts_at, ends_at in reversed(spans):
            if ends_at < reached:
                break
            reached = min(reached, starts_at)
        if reached <= now:
            began = reached if began is None else min(began, reached)
    return began if began is not None else now - WITHOUT_A_SHIFT


def readings_of(
    session: Session, clinician_id: uuid.UUID, *, since: datetime, now: datetime
) -> Sequence[Reading]:
    """What this person had open since then: heavy if it was when opened, or became so meanwhile."""
    raised = (
        select(AuditEvent.id)
        .where(
            AuditEvent.kind == "item.level",
            AuditEvent.item_id == Claim.item_id,
            AuditEvent.at >= Claim.claimed_at,
            AuditEvent.at <= func.coalesce(Claim.ended_at, now),
            AuditEvent.detail["to"].astext.in_(GRAVE),
        )
        .exists()
    )
    ended = func.coalesce(Claim.ended_at, func.least(Claim.expires_at, now))
    rows = session.execute(
        select(
            Claim.item_id,
            Claim.claimed_at,
            ended.label("ended_at"),
            or_(func.coalesce(Claim.severity, "L0").in_(GRAVE), raised).label("heavy"),
        ).where(
            and_(Claim.clinician_id == clinician_id, Claim.claimed_at > since - WITHOUT_A_SHIFT)
        )
    )
    found = (Reading(row.item_id, row.claimed_at, row.ended_at, row.heavy) for row in rows)
    return [one for one in found if one.ended_at > since]

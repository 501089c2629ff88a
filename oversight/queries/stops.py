"""Where the bot is stopped, and whether anybody is on call: what every release asks first."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.tables import (
    Arm,
    BotStop,
    Clinician,
    Conversation,
    CoverageLapse,
    Draft,
    PagingTest,
    Participant,
    Study,
)
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.policy import JurisdictionRule, Policy
from oversight.domain.rota import ShiftKind, coverage
from oversight.domain.stopping import OnCallWord, StopCause, StopScope, on_call_word
from oversight.domain.words import ShiftPosition
from oversight.queries.rota import INSTANT, TeamRota, rotas

LONGEST_SHIFT = timedelta(days=31)
_SPEAKING = (DraftStatus.HELD, DraftStatus.RELEASED)


@dataclass(frozen=True)
class StopLine:
    """A stop that holds now. ``target`` is the arm's, participant's or bot's name."""

    id: uuid.UUID
    study: str
    scope: StopScope
    target: str | None
    cause: StopCause
    reason: str
    stopped_by: str | None
    stopped_at: datetime


@dataclass(frozen=True)
class LapseLine:
    """A time without anybody on call, for banners and reports; ``ends_at`` None: it lasts."""

    team: str
    reason: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class TeamNow:
    """Whether a team has anybody on call who can be counted on."""

    team: TeamRota
    word: OnCallWord


def stopped() -> ColumnElement[bool]:
    """Whether the bot is stopped in the statement's ``conversations`` and ``participants`` row.

    A participant without an arm belongs to the arm ``default``. A bot is known by its drafts.
    """
    usual = aliased(Arm)
    default = (
        select(usual.id)
        .where(usual.study_id == Conversation.study_id, usual.name == "default")
        .correlate(Conversation)
        .scalar_subquery()
    )
    speaks = (
        select(Draft.id)
        .where(
            Draft.conversation_id == Conversation.id,
            Draft.status.in_(_SPEAKING),
            Draft.model_name == BotStop.bot,
        )
        .correlate(Conversation, BotStop)
        .exists()
    )
    return (
        select(BotStop.id)
        .where(
            BotStop.lifted_at.is_(None),
            BotStop.study_id == Conversation.study_id,
            or_(
                BotStop.scope == StopScope.STUDY,
                BotStop.participant_id == Participant.id,
                BotStop.arm_id == func.coalesce(Participant.arm_id, default),
                and_(BotStop.scope == StopScope.BOT, speaks),
            ),
        )
        .correlate(Conversation, Participant)
        .exists()
    )


def rule_of_conversation() -> ColumnElement[str | None]:
    """The hard switch of the statement's conversation: a stop, else the participant's own."""
    return case((stopped(), JurisdictionRule.BLOCK_AI.value), else_=Participant.rule)


def blocked(policy: Policy, jurisdiction: str | None, rule: str | None) -> bool:
    """Whether the bot may say nothing at all here."""
    own = JurisdictionRule(rule) if rule else None
    return policy.jurisdiction_rule(jurisdiction, own) is JurisdictionRule.BLOCK_AI


def open_stops(session: Session) -> Sequence[StopLine]:
    """Every stop that holds now, the newest first: for the banner."""
    rows = session.execute(
        select(
            BotStop,
            Study.name,
            func.coalesce(Arm.name, Participant.external_id, BotStop.bot),
            Clinician.name,
        )
        .join(Study, Study.id == BotStop.study_id)
        .outerjoin(Arm, Arm.id == BotStop.arm_id)
        .outerjoin(Participant, Participant.id == BotStop.participant_id)
        .outerjoin(Clinician, Clinician.id == BotStop.stopped_by)
        .where(BotStop.lifted_at.is_(None))
        .order_by(BotStop.stopped_at.desc())
    )
    return [
        StopLine(
            one.id,
            study,
            StopScope(one.scope),
            target,
            StopCause(one.cause),
            one.reason,
            by,
            one.stopped_at,
        )
        for one, study, target, by in rows
    ]


def uncovered_now(session: Session, study_id: uuid.UUID) -> bool:
    """Whether the clock has found that nobody is on call for this study.

    A study with several teams is covered while one of them is.
    """
    found = session.execute(
        select(CoverageLapse.team_id, CoverageLapse.study_id).where(
            CoverageLapse.ends_at.is_(None),
            or_(CoverageLapse.study_id.is_(None), CoverageLapse.study_id == study_id),
        )
    ).all()
    if not found:
        return False
    lapsed = {row.team_id for row in found}
    now = session.scalar(select(func.oversight_now()))
    assert now is not None
    return all(team.id in lapsed for team in rotas(session, now, now + INSTANT, study_id=study_id))


def teams_now(session: Session, *, now: datetime) -> Sequence[TeamNow]:
    """Each team, and whether anybody of it can be counted on now."""
    newest = (
        select(PagingTest.clinician_id, PagingTest.given_up_at)
        .where(PagingTest.sent_at > now - LONGEST_SHIFT)
        .order_by(PagingTest.sent_at)
    )
    last = {row.clinician_id: row.given_up_at for row in session.execute(newest)}
    silent = {person for person, given_up_at in last.items() if given_up_at is not None}
    return [
        TeamNow(team, _word(team, silent, now=now)) for team in rotas(session, now, now + INSTANT)
    ]


def lapses(session: Session, start: datetime, end: datetime) -> Sequence[LapseLine]:
    """Every time without anybody on call that touches an interval: a line of every report."""
    rows = session.execute(
        select(CoverageLapse)
        .where(
            CoverageLapse.starts_at < end,
            CoverageLapse.ends_at.is_(None) | (CoverageLapse.ends_at > start),
        )
        .order_by(CoverageLapse.starts_at)
    ).scalars()
    names = {team.id: team.name for team in rotas(session, end, end + INSTANT)}
    return [
        LapseLine(names.get(one.team_id, "everybody"), one.reason, one.starts_at, one.ends_at)
        for one in rows
    ]


def _word(team: TeamRota, silent: set[uuid.UUID], *, now: datetime) -> OnCallWord:
    stretches = coverage(team.rota, now, now + INSTANT)
    caring = (ShiftPosition.PRIMARY, ShiftPosition.SECONDARY, *team.required)
    people = {one for stretch in stretches if stretch.position in caring for one in stretch.people}
    by_hand = {
        one.person
        for one in team.rota.entries
        if one.kind is ShiftKind.BY_HAND and one.starts_at <= now < one.ends_at
    }
    return on_call_word(people, silent=silent, by_hand=by_hand)

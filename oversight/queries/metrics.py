"""What the Metrics page shows. Each question is one aggregated statement; nothing is changed.

A message counts in the period in which we received it, a decision when it was made, an escalation
when it opened, a review when it closed, a delivery when it was queued.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.orm import Session

from db.session import now as database_now
from db.tables import Arm, Study
from oversight.domain.closing import Disposition
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.proportions import Share
from oversight.domain.severity import Severity
from oversight.domain.survival import Curve, Waited, kaplan_meier
from oversight.domain.words import DecisionKind, DeliveryKind

MOST_BUCKETS = 400
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Period(StrEnum):
    """How far back the figures go."""

    DAY = "day"
    WEEK = "week"
    ALL = "all"


LENGTHS = {Period.DAY: timedelta(hours=24), Period.WEEK: timedelta(days=7)}

_SCOPE = """
    WITH scope AS (
        SELECT v.id
        FROM conversations v
        JOIN participants p ON p.id = v.participant_id
        WHERE (CAST(:study_id AS uuid) IS NULL OR v.study_id = CAST(:study_id AS uuid))
          AND (CAST(:arm_id AS uuid) IS NULL OR p.arm_id = CAST(:arm_id AS uuid))
    )
"""


def _scoped(statement: str) -> TextClause:
    """A statement of ours that may name ``scope``: the conversations whose figures are asked."""
    return text(_SCOPE + statement)


_VOLUME = _scoped("""
    SELECT bucket, sum(messages)::int AS messages, sum(replies)::int AS replies
    FROM (
        SELECT date_trunc(:unit, m.received_at, 'UTC') AS bucket, 1 AS messages, 0 AS replies
        FROM messages m JOIN scope ON scope.id = m.conversation_id
        WHERE m.received_at >= :since
        UNION ALL
        SELECT date_trunc(:unit, d.received_at, 'UTC'), 0, 1
        FROM drafts d JOIN scope ON scope.id = d.conversation_id
        WHERE d.received_at >= :since AND d.revision = 1
    ) each
    GROUP BY bucket
    ORDER BY bucket DESC
    LIMIT :most
""")

_COUNTS = _scoped("""
    SELECT
        (SELECT count(*) FROM messages m JOIN scope ON scope.id = m.conversation_id
         WHERE m.received_at >= :since) AS messages,
        (SELECT count(*) FROM escalations e JOIN scope ON scope.id = e.conversation_id
         WHERE e.opened_at >= :since) AS escalations,
        (SELECT count(*) FROM decisions d JOIN scope ON scope.id = d.conversation_id
         WHERE d.created_at >= :since AND d.kind = 'release') AS automatic,
        (SELECT count(*) FROM review_items i JOIN scope ON scope.id = i.conversation_id
         WHERE i.status <> 'closed') AS open_reviews,
        (SELECT count(*) FROM review_items i JOIN scope ON scope.id = i.conversation_id
         WHERE i.status <> 'closed' AND i.deadline_at < oversight_now()) AS overdue
""")

_DISPOSITIONS = _scoped("""
    SELECT i.disposition, count(*) AS reviews
    FROM review_items i JOIN scope ON scope.id = i.conversation_id
    WHERE i.closed_at >= :since AND i.disposition IS NOT NULL
    GROUP BY i.disposition
""")

# The last decision of a person on each draft. What was recalled unsent is decided anew later.
_DECIDED = _scoped("""
    SELECT kind, count(*) AS drafts
    FROM (
        SELECT DISTINCT ON (d.draft_id) d.kind
        FROM decisions d JOIN scope ON scope.id = d.conversation_id
        WHERE d.created_at >= :since AND d.clinician_id IS NOT NULL AND d.draft_id IS NOT NULL
          AND d.kind IN ('approve', 'edit', 'replace', 'withhold')
          AND NOT EXISTS (
              SELECT FROM deliveries y WHERE y.decision_id = d.id AND y.status = 'recalled')
        ORDER BY d.draft_id, d.created_at DESC
    ) last
    GROUP BY kind
""")

_OWN_LEVELS = _scoped("""
    SELECT d.own_severity AS own, d.severity AS shown, count(*) AS decisions
    FROM decisions d JOIN scope ON scope.id = d.conversation_id
    WHERE d.created_at >= :since AND d.own_severity IS NOT NULL AND d.severity IS NOT NULL
    GROUP BY d.own_severity, d.severity
""")

_DELIVERIES = _scoped("""
    SELECT y.kind, y.status, count(*) AS texts
    FROM deliveries y JOIN scope ON scope.id = y.conversation_id
    WHERE y.queued_at >= :since
    GROUP BY y.kind, y.status
""")

# Each message that came up for review, from when its participant began to wait: its receipt, or the
# time its bot gives where that is up to 10 minutes earlier (domain/queue.py). It is read when
# somebody opens its item after it came, or decides with it on the screen; decided when a person's
# decision covers it. Target: the level's time to acknowledge in the policy version of its item.
# Waits are rounded up to whole seconds, so that the answer has one row a second and level, not one
# a message.
_WAITS = _scoped("""
    , targets AS MATERIALIZED (
        SELECT v.id, clock.key AS level, (clock.value ->> 'acknowledge_seconds')::float AS seconds
        FROM policy_versions v CROSS JOIN LATERAL jsonb_each(v.document -> 'clocks') AS clock
    ),
    asked AS MATERIALIZED (
        SELECT m.id, m.item_id, m.sequence, m.severity, t.seconds AS target,
            CASE WHEN m.sent_at BETWEEN m.received_at - interval '10 minutes' AND m.received_at
                THEN m.sent_at ELSE m.received_at END AS received_at
        FROM messages m
        JOIN scope ON scope.id = m.conversation_id
        JOIN review_items i ON i.id = m.item_id
        LEFT JOIN targets t ON t.id = i.policy_version_id
            AND t.level = CASE m.severity WHEN 'LU' THEN 'L2' ELSE m.severity END
        WHERE m.received_at >= :since
    ),
    opened AS (
        SELECT a.id, min(c.claimed_at) AS at
        FROM asked a JOIN claims c ON c.item_id = a.item_id AND c.claimed_at >= a.received_at
        GROUP BY a.id
    ),
    decided AS (
        SELECT a.id, min(d.created_at) AS at
        FROM asked a
        JOIN decisions d ON d.item_id = a.item_id AND d.read_sequence >= a.sequence
            AND d.clinician_id IS NOT NULL AND d.created_at >= a.received_at
        GROUP BY a.id
    ),
    ends AS (
        SELECT a.severity, a.target, a.received_at,
               least(o.at, e.at) AS read_at, e.at AS decided_at
        FROM asked a
        LEFT JOIN opened o ON o.id = a.id
        LEFT JOIN decided e ON e.id = a.id
    ),
    waits AS (
        SELECT 'read' AS until, severity, target, read_at IS NOT NULL AS ended,
               extract(epoch FROM coalesce(read_at, oversight_now()) - received_at) AS seconds
        FROM ends
        UNION ALL
        SELECT 'decided', severity, target, decided_at IS NOT NULL,
               extract(epoch FROM coalesce(decided_at, oversight_now()) - received_at)
        FROM ends
    )
    SELECT until, severity, ended, ceil(greatest(seconds, 0))::float AS seconds,
           count(*) AS messages,
           count(*) FILTER (WHERE ended AND seconds <= target) AS within,
           count(*) FILTER (WHERE target IS NOT NULL AND (ended OR seconds > target)) AS settled,
           min(target) AS least_target, max(target) AS most_target
    FROM waits
    GROUP BY until, severity, ended, ceil(greatest(seconds, 0))
""")


@dataclass(frozen=True)
class Scope:
    """Whose figures: a study and arm (None: all), from a time on."""

    since: datetime
    study_id: uuid.UUID | None = None
    arm_id: uuid.UUID | None = None

    def parameters(self) -> dict[str, object]:
        """As every statement here takes them."""
        return {"since": self.since, "study_id": self.study_id, "arm_id": self.arm_id}


@dataclass(frozen=True)
class StudyChoice:
    """A study and its arms, by name."""

    id: uuid.UUID
    name: str
    arms: Sequence[tuple[uuid.UUID, str]]


@dataclass(frozen=True)
class Bucket:
    """How much arrived in the hour or day that begins ``at``."""

    at: datetime
    messages: int
    replies: int


@dataclass(frozen=True)
class Counts:
    """Totals. ``open_reviews`` and ``overdue`` are of this moment, whatever the period."""

    messages: int
    escalations: int
    automatic: int
    open_reviews: int
    overdue: int


@dataclass(frozen=True)
class Wait:
    """How long messages of one level waited. ``within`` leaves out what can still be in time."""

    severity: Severity
    curve: Curve
    within: Share
    target_seconds: tuple[float, float] | None


@dataclass(frozen=True)
class OwnLevels:
    """A person's level, given blind, against the level on the card."""

    same: int
    higher: int
    lower: int
    unscored: int

    @property
    def compared(self) -> int:
        """Decisions in which both levels were known."""
        return self.same + self.higher + self.lower


def since(session: Session, period: Period) -> datetime:
    """When a period began, by the database's clock."""
    at = database_now(session)
    return at - LENGTHS[period] if period in LENGTHS else EVER


def studies(session: Session) -> Sequence[StudyChoice]:
    """Every study with its arms."""
    rows = session.execute(
        select(Study.id, Study.name, Arm.id, Arm.name)
        .outerjoin(Arm, Arm.study_id == Study.id)
        .order_by(Study.name, Arm.name)
    ).all()
    found: dict[uuid.UUID, tuple[str, list[tuple[uuid.UUID, str]]]] = {}
    for study_id, study, arm_id, arm in rows:
        _, arms = found.setdefault(study_id, (study, []))
        if arm_id is not None:
            arms.append((arm_id, arm))
    return [StudyChoice(study_id, name, arms) for study_id, (name, arms) in found.items()]


def volume(session: Session, scope: Scope, *, unit: str) -> Sequence[Bucket]:
    """Messages and first drafts by ``hour`` or ``day`` (UTC), oldest first, 400 at most."""
    rows = _ask(session, _VOLUME, scope, unit=unit, most=MOST_BUCKETS)
    return [Bucket(row.bucket, row.messages, row.replies) for row in reversed(rows)]


def counts(session: Session, scope: Scope) -> Counts:
    """The totals that other figures are shares of."""
    row = _ask(session, _COUNTS, scope)[0]
    return Counts(row.messages, row.escalations, row.automatic, row.open_reviews, row.overdue)


def dispositions(session: Session, scope: Scope) -> Mapping[Disposition, int]:
    """How reviews ended."""
    rows = _ask(session, _DISPOSITIONS, scope)
    return {Disposition(row.disposition): row.reviews for row in rows}


def decided_drafts(session: Session, scope: Scope) -> Mapping[DecisionKind, int]:
    """What people decided about drafts: approve, edit, replace or withhold, each draft once."""
    return {DecisionKind(row.kind): row.drafts for row in _ask(session, _DECIDED, scope)}


def overridden(decided: Mapping[DecisionKind, int]) -> Share:
    """Of the drafts that a person decided, those not sent as they were."""
    whole = sum(decided.values())
    return Share(whole - decided.get(DecisionKind.APPROVE, 0), whole)


def own_levels(session: Session, scope: Scope) -> OwnLevels:
    """How people's own levels compare with the level on the card when they decided."""
    same = higher = lower = unscored = 0
    for row in _ask(session, _OWN_LEVELS, scope):
        own, shown = Severity(row.own), Severity(row.shown)
        if shown is Severity.LU:
            unscored += row.decisions
        elif own is shown:
            same += row.decisions
        elif own.rank > shown.rank:
            higher += row.decisions
        else:
            lower += row.decisions
    return OwnLevels(same, higher, lower, unscored)


def deliveries(
    session: Session, scope: Scope
) -> Mapping[DeliveryKind, Mapping[DeliveryStatus, int]]:
    """Texts for participants by what they are and what became of them."""
    found: dict[DeliveryKind, dict[DeliveryStatus, int]] = {}
    for row in _ask(session, _DELIVERIES, scope):
        found.setdefault(DeliveryKind(row.kind), {})[DeliveryStatus(row.status)] = row.texts
    return found


def waits(session: Session, scope: Scope) -> tuple[Sequence[Wait], Sequence[Wait]]:
    """How long until read, and until decided, by level, the gravest first.

    Messages that still wait count for as long as they have (Kaplan-Meier, open ones censored).
    Messages released by a policy without coming up for review are not in it.
    """
    rows = _ask(session, _WAITS, scope)
    return _by_level(rows, "read"), _by_level(rows, "decided")


def _by_level(rows: Sequence[Row[Any]], until: str) -> Sequence[Wait]:
    """One line a level. Any: the columns of _WAITS."""
    found = []
    for severity in sorted(Severity, key=lambda one: one.rank, reverse=True):
        mine = [row for row in rows if row.until == until and row.severity == severity]
        if mine:
            found.append(_wait(severity, mine))
    return found


def _wait(severity: Severity, rows: Sequence[Row[Any]]) -> Wait:
    curve = kaplan_meier(Waited(row.seconds, row.ended, row.messages) for row in rows)
    least = [row.least_target for row in rows if row.least_target is not None]
    most = [row.most_target for row in rows if row.most_target is not None]
    within = Share(sum(row.within for row in rows), sum(row.settled for row in rows))
    return Wait(severity, curve, within, (min(least), max(most)) if least else None)


def _ask(
    session: Session, statement: TextClause, scope: Scope, **more: object
) -> Sequence[Row[Any]]:
    """The rows of one statement. Any: its columns."""
    return session.execute(statement, {**scope.parameters(), **more}).all()

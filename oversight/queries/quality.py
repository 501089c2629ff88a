"""What the Quality page shows: a sample to rate, one decided case, agreement, lowered levels."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, repeat

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.tables import (
    Clinician,
    Conversation,
    Decision,
    Draft,
    LevelChange,
    Participant,
    Rating,
    ReviewItem,
)
from oversight.domain.agreement import Agreement, Estimate, agreement, positive_agreement
from oversight.domain.errors import NotFound
from oversight.domain.flags import Flag, Grade
from oversight.domain.proportions import Share
from oversight.domain.rubric import GATES, Question
from oversight.domain.severity import Severity, at_least
from oversight.domain.words import DecisionKind
from oversight.queries.conversation import ShownTurn, turns_of

SAMPLE_DAYS = 14
SAMPLE_A_DAY = 20
TURNS_SHOWN = 40
RATED_KINDS = (
    DecisionKind.APPROVE,
    DecisionKind.EDIT,
    DecisionKind.REPLACE,
    DecisionKind.WITHHOLD,
    DecisionKind.ESCALATE,
    DecisionKind.MARK_READ,
)

# Each day's decisions in the order of the SHA-256 of their ids; the first of each day are that
# day's sample. Nobody chooses, everybody draws the same, and anyone can draw it again. What was
# recalled before it was sent is no decision to rate.
_SAMPLE = text("""
    SELECT s.id, d.day::date AS day, r.id IS NOT NULL AS rated
    FROM (
        SELECT date_trunc('day', oversight_now(), 'UTC') - n * interval '1 day' AS day
        FROM generate_series(0, :days - 1) AS n
    ) d
    CROSS JOIN LATERAL (
        SELECT x.id, x.clinician_id, sha256(uuid_send(x.id)) AS place
        FROM decisions x
        WHERE x.created_at >= d.day AND x.created_at < d.day + interval '1 day'
          AND x.clinician_id IS NOT NULL AND x.kind = ANY(:kinds)
          AND NOT EXISTS (
              SELECT FROM deliveries y WHERE y.decision_id = x.id AND y.status = 'recalled')
        ORDER BY place
        LIMIT :a_day
    ) s
    LEFT JOIN ratings r ON r.decision_id = s.id AND r.rater_id = :rater_id
    WHERE s.clinician_id <> :rater_id
    ORDER BY d.day DESC, s.place
""")


@dataclass(frozen=True)
class Sample:
    """One supervisor's sample of the last days: the next to rate, and how far they are."""

    next_id: uuid.UUID | None
    next_day: date | None
    drawn: int
    rated: int


@dataclass(frozen=True)
class DecidedCase:
    """One decision with what its reader had before them. ``text`` is what was released."""

    decision_id: uuid.UUID
    conversation_id: uuid.UUID
    participant: str
    timezone: str | None
    language: str | None
    turns: Sequence[ShownTurn]
    draft_text: str | None
    kind: DecisionKind
    text: str | None
    reason: str | None
    flags: Sequence[Flag]
    draft_flags: Sequence[Flag]
    draft_grade: Grade | None
    own_severity: Severity | None
    severity: Severity | None
    decided_at: datetime
    decided_by: str
    waited: timedelta | None


@dataclass(frozen=True)
class RatingSummary:
    """All ratings of a study team together, each figure with its cases."""

    ratings: int
    agrees: Share
    passed: Share
    levels: Agreement
    risky: Agreement
    positive: Estimate | None
    answers: Mapping[Question, Mapping[int | None, int]]


@dataclass(frozen=True)
class LoweredLevel:
    """A level lowered from high or imminent that a second person has not confirmed yet."""

    change_id: uuid.UUID
    conversation_id: uuid.UUID
    participant: str
    before: Severity
    after: Severity
    reason: str
    by: str
    by_id: uuid.UUID
    at: datetime
    due_at: datetime
    overdue: bool


def sample(session: Session, rater_id: uuid.UUID) -> Sample:
    """The sample this person rates: never their own decisions, newest day first.

    At most SAMPLE_A_DAY decisions of each of the last SAMPLE_DAYS days (UTC).
    """
    rows = session.execute(
        _SAMPLE,
        {
            "days": SAMPLE_DAYS,
            "a_day": SAMPLE_A_DAY,
            "kinds": [kind.value for kind in RATED_KINDS],
            "rater_id": rater_id,
        },
    ).all()
    unrated = next((row for row in rows if not row.rated), None)
    return Sample(
        next_id=unrated.id if unrated else None,
        next_day=unrated.day if unrated else None,
        drawn=len(rows),
        rated=sum(row.rated for row in rows),
    )


def decided_case(session: Session, decision_id: uuid.UUID) -> DecidedCase:
    """One decision, and the conversation up to it; NotFound when no person made it."""
    row = session.execute(
        select(Decision, Draft, Clinician.name, Participant, ReviewItem.opened_at)
        .join(Clinician, Clinician.id == Decision.clinician_id)
        .join(Conversation, Conversation.id == Decision.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(Draft, Draft.id == Decision.draft_id)
        .outerjoin(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(Decision.id == decision_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such decision", decision_id=str(decision_id))
    return _case(session, *row)


def _case(
    session: Session,
    decision: Decision,
    draft: Draft | None,
    decided_by: str,
    participant: Participant,
    opened_at: datetime | None,
) -> DecidedCase:
    return DecidedCase(
        decision_id=decision.id,
        conversation_id=decision.conversation_id,
        participant=participant.external_id,
        timezone=participant.timezone,
        language=participant.language,
        turns=_before(turns_of(session, decision.conversation_id), decision, draft),
        draft_text=draft.text if draft is not None else None,
        kind=DecisionKind(decision.kind),
        text=decision.text,
        reason=decision.reason,
        flags=[Flag(one) for one in decision.flags],
        draft_flags=[Flag(one) for one in draft.flags] if draft is not None else [],
        draft_grade=Grade(draft.grade) if draft is not None else None,
        own_severity=Severity(decision.own_severity) if decision.own_severity else None,
        severity=Severity(decision.severity) if decision.severity else None,
        decided_at=decision.created_at,
        decided_by=decided_by,
        waited=None if opened_at is None else decision.created_at - opened_at,
    )


def _before(
    turns: Sequence[ShownTurn], decision: Decision, draft: Draft | None
) -> Sequence[ShownTurn]:
    """The turns the reader had seen, without the draft they decided on, which stands apart."""
    own = draft.sequence if draft is not None else None
    read = decision.read_sequence
    seen = [
        turn
        for turn in turns
        if turn.at <= decision.created_at
        and not (turn.draft_status is not None and turn.sequence == own)
        and not (read is not None and turn.sequence > read)
    ]
    return seen[-TURNS_SHOWN:]


def rating_summary(session: Session) -> RatingSummary:
    """Everything rated so far, counted in the database."""
    totals = session.execute(
        select(
            func.count().label("ratings"),
            func.count().filter(Rating.agrees).label("agrees"),
            func.count()
            .filter(*(Rating.scores[gate.value].astext.is_distinct_from("0") for gate in GATES))
            .label("passed"),
        )
    ).one()
    rows = session.execute(
        select(Decision.own_severity, Rating.own_severity, func.count().label("pairs"))
        .join(Decision, Decision.id == Rating.decision_id)
        .where(Decision.own_severity.is_not(None), Rating.own_severity.is_not(None))
        .group_by(Decision.own_severity, Rating.own_severity)
    ).all()
    pairs = list(
        chain.from_iterable(
            repeat((Severity(first), Severity(second)), count)
            for first, second, count in rows
            if first is not None and second is not None
        )
    )
    risky = [(at_least(a, Severity.L2), at_least(b, Severity.L2)) for a, b in pairs]
    return RatingSummary(
        ratings=totals.ratings,
        agrees=Share(totals.agrees, totals.ratings),
        passed=Share(totals.passed, totals.ratings),
        levels=agreement(pairs),
        risky=agreement(risky),
        positive=positive_agreement(risky),
        answers=_answers(session),
    )


def _answers(session: Session) -> Mapping[Question, Mapping[int | None, int]]:
    each = func.jsonb_each_text(Rating.scores).table_valued("key", "value")
    rows = session.execute(
        select(each.c.key, each.c.value, func.count())
        .select_from(Rating)
        .join(each, text("true"))
        .group_by(each.c.key, each.c.value)
    )
    found: dict[Question, dict[int | None, int]] = {question: {} for question in Question}
    for key, value, count in rows:
        found[Question(key)][None if value is None else int(value)] = count
    return found


def lowered_levels(session: Session, *, limit: int = 100) -> Sequence[LoweredLevel]:
    """What waits for a second person, the most overdue first."""
    rows = session.execute(
        select(
            LevelChange,
            Clinician.name,
            ReviewItem.conversation_id,
            Participant.external_id,
            (LevelChange.confirm_due_at < func.oversight_now()).label("overdue"),
        )
        .join(Clinician, Clinician.id == LevelChange.clinician_id)
        .join(ReviewItem, ReviewItem.id == LevelChange.item_id)
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .where(LevelChange.confirm_due_at.is_not(None), LevelChange.confirmed_at.is_(None))
        .order_by(LevelChange.confirm_due_at, LevelChange.id)
        .limit(limit)
    )
    return [
        LoweredLevel(
            change_id=change.id,
            conversation_id=conversation_id,
            participant=participant,
            before=Severity(change.from_severity),
            after=Severity(change.to_severity),
            reason=change.reason,
            by=name,
            by_id=change.clinician_id,
            at=change.at,
            due_at=change.confirm_due_at,
            overdue=overdue,
        )
        for change, name, conversation_id, participant, overdue in rows
        if change.confirm_due_at is not None
    ]

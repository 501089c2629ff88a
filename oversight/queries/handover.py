"""What somebody has in hand: the one-page brief of a handover, and the handovers themselves."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Session, aliased

from db.session import now as database_now
from db.tables import (
    Claim,
    Clinician,
    Conversation,
    Decision,
    Escalation,
    Handover,
    Participant,
    ReviewItem,
    Snooze,
)
from oversight.domain import rota as rules
from oversight.domain.errors import NotFound
from oversight.domain.handover import HandedOver
from oversight.domain.lifecycle import EscalationStatus, ItemStatus
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind
from oversight.queries.exposure import shift_began
from oversight.queries.questions import AskedQuestion, asked_by, asked_of
from oversight.queries.rota import INSTANT, on_until, rotas


@dataclass(frozen=True)
class InHand:
    """One thing somebody has. ``due_at``: the item's deadline, when it comes back, or when the
    acknowledgement ends, whatever it is that this kind of thing has.
    """

    kind: HandedOver
    subject: uuid.UUID
    conversation_id: uuid.UUID
    item_id: uuid.UUID | None
    participant: str
    language: str | None
    severity: Severity | None
    since: datetime
    due_at: datetime | None
    reason: str | None
    contact_begun_at: datetime | None


@dataclass(frozen=True)
class Brief:
    """One page about one person's shift: what they have, what they wait for, what they did."""

    clinician_id: uuid.UUID
    name: str
    shift_began_at: datetime
    shift_ends_at: datetime | None
    in_hand: Sequence[InHand]
    asked_of_them: Sequence[AskedQuestion]
    asked_by_them: Sequence[AskedQuestion]
    decisions: Mapping[str, int]
    at: datetime

    @property
    def gravest_first(self) -> Sequence[InHand]:
        """What they have, the gravest first, then what is due first."""
        return sorted(
            self.in_hand,
            key=lambda one: (-(one.severity.rank if one.severity else 0), one.due_at or one.since),
        )


@dataclass(frozen=True)
class OfferedHandover:
    """A handover that nobody has answered yet, with its brief as things stand now."""

    id: uuid.UUID
    giver_id: uuid.UUID
    giver: str
    taker_id: uuid.UUID
    taker: str
    note: str
    offered_at: datetime
    brief: Brief


def brief(session: Session, clinician_id: uuid.UUID) -> Brief:
    """What this person has in hand and did in their shift; NotFound for nobody."""
    person = session.get(Clinician, clinician_id)
    if person is None:
        raise NotFound("no such person")
    now = database_now(session)
    began = shift_began(session, clinician_id, now=now)
    decided = session.execute(
        select(Decision.kind, func.count())
        .where(Decision.clinician_id == clinician_id, Decision.created_at >= began)
        .group_by(Decision.kind)
        .order_by(Decision.kind)
    )
    return Brief(
        clinician_id=clinician_id,
        name=person.name,
        shift_began_at=began,
        shift_ends_at=on_until(session, now=now).get(clinician_id),
        in_hand=in_hand(session, clinician_id),
        asked_of_them=asked_of(session, clinician_id),
        asked_by_them=[one for one in asked_by(session, clinician_id) if one.answer is None],
        decisions={row[0]: row[1] for row in decided},
        at=now,
    )


def in_hand(session: Session, clinician_id: uuid.UUID) -> Sequence[InHand]:
    """Every claim, snooze, escalation and conversation taken over that this person has."""
    statements = (
        _claims(clinician_id),
        _snoozes(clinician_id),
        _escalations(clinician_id),
        _taken_over(clinician_id),
    )
    return [
        _in_hand(kind, row)
        for kind, statement in zip(HandedOver, statements, strict=True)
        for row in session.execute(statement)
    ]


def offered_handovers(session: Session, clinician_id: uuid.UUID) -> Sequence[OfferedHandover]:
    """Handovers that wait for an answer, given or taken by this person, oldest first."""
    giver, taker = aliased(Clinician), aliased(Clinician)
    rows = session.execute(
        select(Handover, giver.name.label("giver"), taker.name.label("taker"))
        .join(giver, giver.id == Handover.giver_id)
        .join(taker, taker.id == Handover.taker_id)
        .where(
            or_(Handover.giver_id == clinician_id, Handover.taker_id == clinician_id),
            Handover.accepted_at.is_(None),
            Handover.declined_at.is_(None),
            Handover.withdrawn_at.is_(None),
        )
        .order_by(Handover.offered_at, Handover.id)
    ).all()
    return [
        OfferedHandover(
            id=row.Handover.id,
            giver_id=row.Handover.giver_id,
            giver=row.giver,
            taker_id=row.Handover.taker_id,
            taker=row.taker,
            note=row.Handover.note,
            offered_at=row.Handover.offered_at,
            brief=brief(session, row.Handover.giver_id),
        )
        for row in rows
    ]


def shifts_ended(
    session: Session, people: Collection[uuid.UUID], *, since: datetime, now: datetime
) -> dict[uuid.UUID, datetime]:
    """When the last shift of each of these people ended that they had since then.

    Not before now for whoever is on duty; whoever was on none since is left out.
    """
    ended: dict[uuid.UUID, datetime] = {}
    for team in rotas(session, since, now + INSTANT):
        for stretch in rules.coverage(team.rota, since, now + INSTANT):
            for person in {*people} & {*stretch.people}:
                ended[person] = max(ended.get(person, since), stretch.ends_at)
    return ended


def _claims(clinician_id: uuid.UUID) -> Select[*tuple[Any, ...]]:
    return _of_item(
        Claim.id, since=Claim.claimed_at, due_at=ReviewItem.deadline_at, reason=None
    ).join(
        Claim,
        and_(
            Claim.item_id == ReviewItem.id,
            Claim.clinician_id == clinician_id,
            Claim.ended_at.is_(None),
            Claim.expires_at > func.oversight_now(),
        ),
    )


def _snoozes(clinician_id: uuid.UUID) -> Select[*tuple[Any, ...]]:
    return _of_item(
        Snooze.id, since=Snooze.snoozed_at, due_at=Snooze.until_at, reason=Snooze.reason
    ).join(
        Snooze,
        and_(
            Snooze.item_id == ReviewItem.id,
            Snooze.clinician_id == clinician_id,
            Snooze.ended_at.is_(None),
        ),
    )


def _of_item(subject: Any, *, since: Any, due_at: Any, reason: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            subject.label("subject"),
            ReviewItem.conversation_id,
            ReviewItem.id.label("item_id"),
            Participant.external_id.label("participant"),
            ReviewItem.language,
            ReviewItem.severity,
            since.label("since"),
            due_at.label("due_at"),
            (literal(None) if reason is None else reason).label("reason"),
            literal(None).label("contact_begun_at"),
        )
        .select_from(ReviewItem)
        .join(Conversation, Conversation.id == ReviewItem.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
    )


def _escalations(clinician_id: uuid.UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Escalation.id.label("subject"),
            Escalation.conversation_id,
            Escalation.item_id,
            Participant.external_id.label("participant"),
            Participant.language,
            Escalation.severity,
            Escalation.acknowledged_at.label("since"),
            Escalation.acknowledged_until.label("due_at"),
            Escalation.reason,
            Escalation.contact_begun_at,
        )
        .join(Conversation, Conversation.id == Escalation.conversation_id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .where(Escalation.owner_id == clinician_id, Escalation.status != EscalationStatus.RESOLVED)
    )


def _taken_over(clinician_id: uuid.UUID) -> Select[*tuple[Any, ...]]:
    item = and_(
        ReviewItem.conversation_id == Conversation.id,
        ReviewItem.kind == ItemKind.REVIEW,
        ReviewItem.status != ItemStatus.CLOSED,
    )
    return (
        select(
            Conversation.id.label("subject"),
            Conversation.id.label("conversation_id"),
            func.coalesce(ReviewItem.id, literal(None, UUID(as_uuid=True))).label("item_id"),
            Participant.external_id.label("participant"),
            Participant.language,
            ReviewItem.severity,
            Conversation.created_at.label("since"),
            ReviewItem.deadline_at.label("due_at"),
            literal(None).label("reason"),
            literal(None).label("contact_begun_at"),
        )
        .join(Participant, Participant.id == Conversation.participant_id)
        .outerjoin(ReviewItem, item)
        .where(Conversation.taken_over_by == clinician_id)
    )


def _in_hand(kind: HandedOver, row: Any) -> InHand:  # Any: the columns of the statements above
    return InHand(
        kind=kind,
        subject=row.subject,
        conversation_id=row.conversation_id,
        item_id=row.item_id,
        participant=row.participant,
        language=row.language,
        severity=Severity(row.severity) if row.severity else None,
        since=row.since,
        due_at=row.due_at,
        reason=row.reason,
        contact_begun_at=row.contact_begun_at,
    )

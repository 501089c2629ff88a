"""What the Triage page shows: the queue beside the card, and the card itself."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from db.tables import (
    Arm,
    Claim,
    Clinician,
    Conversation,
    Draft,
    Escalation,
    Participant,
    Question,
    ReviewItem,
    WorkingText,
)
from oversight.domain.errors import NotFound
from oversight.domain.flags import Flag, Grade
from oversight.domain.lifecycle import DraftStatus, EscalationStatus, ItemStatus
from oversight.domain.permissions import ItemView
from oversight.domain.policy import crisis_line
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind, Scoring
from oversight.queries.assessments import AssessmentView, newest_assessments
from oversight.queries.conversation import ShownTurn, proposed, turns_of
from oversight.queries.delivery import TextInDoubt, texts_in_doubt
from oversight.queries.escalations import EscalationView, escalation_of
from oversight.queries.policies import policy_of
from oversight.queries.questions import AskedQuestion, asked_about
from oversight.queries.stops import blocked, rule_of_conversation


@dataclass(frozen=True)
class DraftView:
    """The held draft."""

    id: uuid.UUID
    text: str
    grade: Grade
    flags: Sequence[Flag]
    scoring: str
    received_at: datetime
    assessment: AssessmentView | None


@dataclass(frozen=True)
class Card:
    """Everything about one item that a reader needs on one screen."""

    item_id: uuid.UUID
    conversation_id: uuid.UUID
    conversation: str
    version: int
    status: ItemStatus
    severity: Severity
    lowered: bool
    language: str | None
    deadline_at: datetime
    opened_at: datetime
    bridge_due_at: datetime | None
    read_sequence: int
    notice: str | None
    undelivered: Sequence[TextInDoubt]
    participant: str
    participant_language: str | None
    arm: str
    jurisdiction: str | None
    timezone: str | None
    profile: dict[str, object]
    crisis_line: str
    ai_blocked: bool
    taken_over: bool
    holder: str | None
    holder_id: uuid.UUID | None
    claim_expires_at: datetime | None
    turns: Sequence[ShownTurn]
    draft: DraftView | None
    assessment: AssessmentView | None
    escalation: EscalationView | None
    wording: str | None
    others_wording: tuple[str, str] | None
    questions: Sequence[AskedQuestion]
    undo_seconds: float
    own_level_share: float
    at: datetime

    @property
    def view(self) -> ItemView:
        """What permissions look at; the same facts as the server checks."""
        return ItemView(
            status=self.status,
            severity=self.severity,
            claimed_by=str(self.holder_id) if self.holder_id else None,
            draft_held=self.draft is not None,
            reply_grade=self.draft.grade if self.draft else Grade.H0,
            escalation_unowned=self.escalation is not None and self.escalation.owner_id is None,
            ai_blocked=self.ai_blocked,
            undelivered=bool(self.undelivered),
            escalated=self.escalation is not None,
        )


def version_of(session: Session, item_id: uuid.UUID) -> int | None:
    """The version of an item by now; None for an unknown one."""
    return session.scalar(select(ReviewItem.version).where(ReviewItem.id == item_id))


_CARD = (
    select(
        ReviewItem,
        Conversation,
        Participant,
        Arm.name.label("arm"),
        func.oversight_now().label("at"),
        Claim.clinician_id.label("holder_id"),
        Claim.expires_at.label("claim_expires_at"),
        Clinician.name.label("holder"),
        Draft.id.label("draft_id"),
        Draft.reply_id,
        rule_of_conversation().label("rule"),
        select(Escalation.id)
        .where(
            Escalation.conversation_id == Conversation.id,
            Escalation.status != EscalationStatus.RESOLVED,
        )
        .exists()
        .label("escalated"),
        select(WorkingText.item_id)
        .where(WorkingText.item_id == ReviewItem.id)
        .exists()
        .label("wording_kept"),
        select(Question.id)
        .where(Question.item_id == ReviewItem.id, Question.withdrawn_at.is_(None))
        .exists()
        .label("asked"),
    )
    .join(Conversation, Conversation.id == ReviewItem.conversation_id)
    .join(Participant, Participant.id == Conversation.participant_id)
    .outerjoin(Arm, Arm.id == Participant.arm_id)
    .outerjoin(
        Claim,
        and_(
            Claim.item_id == ReviewItem.id,
            Claim.ended_at.is_(None),
            Claim.expires_at > func.oversight_now(),
        ),
    )
    .outerjoin(Clinician, Clinician.id == Claim.clinician_id)
    .outerjoin(
        Draft,
        and_(
            Draft.conversation_id == Conversation.id,
            Draft.status == DraftStatus.HELD,
            ReviewItem.kind == ItemKind.REVIEW,
        ),
    )
    .where(ReviewItem.id == bindparam("item"))
)


def card(session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID) -> Card:
    """The card of one item, as this clinician sees it; NotFound when there is none."""
    found = session.execute(_CARD, {"item": item_id}).one_or_none()
    if found is None:
        raise NotFound("no such review item", item_id=str(item_id))
    item, conversation, participant = found.ReviewItem, found.Conversation, found.Participant
    policy = policy_of(session, item.policy_version_id)
    turns = turns_of(session, conversation.id, limit=40)
    of_message, of_reply = newest_assessments(session, _gravest(turns, item), found.reply_id)
    kept = found.wording_kept
    wording, others = _wording(session, item_id, clinician_id) if kept else (None, None)
    return Card(
        item_id=item.id,
        conversation_id=conversation.id,
        conversation=conversation.external_id,
        version=item.version,
        status=ItemStatus(item.status),
        severity=Severity(item.severity),
        lowered=item.lowered_to is not None,
        language=item.language,
        deadline_at=item.deadline_at,
        opened_at=item.opened_at,
        bridge_due_at=item.bridge_due_at,
        read_sequence=item.read_sequence,
        notice=item.notice,
        undelivered=texts_in_doubt(session, conversation.id) if item.undelivered_at else (),
        participant=participant.external_id,
        participant_language=participant.language,
        arm=found.arm or "default",
        jurisdiction=participant.jurisdiction,
        timezone=participant.timezone,
        profile=dict(participant.card),
        crisis_line=crisis_line(policy, participant.jurisdiction),
        ai_blocked=blocked(policy, participant.jurisdiction, found.rule),
        taken_over=conversation.taken_over_by is not None,
        holder=found.holder,
        holder_id=found.holder_id,
        claim_expires_at=found.claim_expires_at,
        turns=turns,
        draft=_draft(session, turns, found.draft_id, of_reply) if found.draft_id else None,
        assessment=of_message,
        escalation=escalation_of(session, conversation.id) if found.escalated else None,
        wording=wording,
        others_wording=others,
        questions=asked_about(session, item_id) if found.asked else (),
        undo_seconds=policy.undo_window(Severity(item.severity)).total_seconds(),
        own_level_share=policy.own_level_share,
        at=found.at,
    )


def _wording(
    session: Session, item_id: uuid.UUID, clinician_id: uuid.UUID
) -> tuple[str | None, tuple[str, str] | None]:
    """One's own unfinished text, and the newest of a colleague's, by name, to read only."""
    rows = session.execute(
        select(WorkingText.clinician_id, WorkingText.text, Clinician.name)
        .join(Clinician, Clinician.id == WorkingText.clinician_id)
        .where(WorkingText.item_id == item_id)
        .order_by(WorkingText.saved_at.desc())
    ).all()
    mine = next((row.text for row in rows if row.clinician_id == clinician_id), None)
    others = next(((row.name, row.text) for row in rows if row.clinician_id != clinician_id), None)
    return mine, others


def _draft(
    session: Session,
    turns: Sequence[ShownTurn],
    draft_id: uuid.UUID,
    assessment: AssessmentView | None,
) -> DraftView:
    """The held draft; read again only where it is older than every turn shown."""
    shown = next((turn for turn in turns if turn.draft_id == draft_id), None)
    if shown is None:
        shown = proposed(session.get_one(Draft, draft_id))
    return DraftView(
        id=draft_id,
        text=shown.text,
        grade=shown.grade or Grade.H0,
        flags=shown.flags,
        scoring=shown.scoring or Scoring.PENDING,
        received_at=shown.at,
        assessment=assessment,
    )


def _gravest(turns: Sequence[ShownTurn], item: ReviewItem) -> Sequence[uuid.UUID]:
    """The gravest of the item's messages not yet read, or of all of them; the newest first.

    An "ok" after a grave message can be as grave by what it follows: there may be several.
    """
    said = [turn for turn in turns if turn.message_id and turn.sequence >= item.first_sequence]
    shown = [turn for turn in said if turn.sequence > item.read_sequence] or said
    most = max((turn.rank for turn in shown), default=-1)
    return [turn.message_id for turn in reversed(shown) if turn.rank == most and turn.message_id]

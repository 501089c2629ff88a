"""After a score (or its absence): release by itself what the policy allows, put up the rest.

Only for arms that do not read everything first. Whatever cannot plainly be released is held for
a person, in an item.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlalchemy.orm import Session

from db.tables import Draft, Escalation, Message, ReviewItem, ScoringWork, table_of
from oversight.domain.chance import sampled
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import DraftEvent, DraftStatus, EscalationStatus
from oversight.domain.policy import Mode, Policy
from oversight.domain.release import Situation, flagged, harmful, reasons_to_hold
from oversight.domain.severity import Severity, worst
from oversight.domain.words import DecisionKind, DeliveryKind, ItemKind, Scoring
from oversight.queries.policies import policy_of
from oversight.queries.stops import uncovered_now
from oversight.services.audit import Actor, Event, record
from oversight.services.decisions import Chosen, queue_delivery, write_decision
from oversight.services.gathering import gather, unanswered, with_strays
from oversight.services.items import open_item, policy_version_for, refresh_items
from oversight.services.locking import LockedConversation, lock_conversations, lock_open_items
from oversight.services.transition import DRAFT, move

POLICY = Actor.system("policy")
_LATE = text("""
    SELECT work.id, conversations.id AS conversation_id
    FROM scoring_work work
    LEFT JOIN messages ON messages.id = work.message_id
    LEFT JOIN drafts ON drafts.id = work.draft_id
    JOIN conversations
        ON conversations.id = coalesce(messages.conversation_id, drafts.conversation_id)
    JOIN participants ON participants.id = conversations.participant_id
    LEFT JOIN arms ON arms.id = participants.arm_id
    LEFT JOIN arms usual ON usual.study_id = conversations.study_id AND usual.name = 'default'
    LEFT JOIN policy_versions policy
        ON policy.id = coalesce(arms.policy_version_id, usual.policy_version_id)
    WHERE NOT work.late AND work.created_at < CAST(:now AS timestamptz)
        - make_interval(secs => coalesce(CAST(policy.document ->> 'unscored_seconds' AS float), 5))
    ORDER BY work.created_at
    LIMIT :limit
""")


def settle(
    session: Session, conversation: LockedConversation, *, now: datetime, stray: bool
) -> None:
    """Decide by policy about one locked conversation whose texts have just been scored.

    ``stray`` says that a turn of it is in no item (``gathering.with_strays``).
    """
    version_id = policy_version_for(session, conversation)
    policy = policy_of(session, version_id)
    mode = policy.mode_for(conversation.jurisdiction, conversation.rule)
    if mode is Mode.HOLD_ALL and not stray:
        return
    items = lock_open_items(session, [conversation.id])
    item = items[0] if items else None
    if stray and (item is not None or mode is Mode.HOLD_ALL):
        item = put_up(session, conversation, now=now, actor=POLICY, why="unhandled")
    if mode is Mode.HOLD_ALL:
        return
    messages = _unhandled(session, conversation.id, item)
    draft = session.scalars(
        select(Draft).where(
            Draft.conversation_id == conversation.id, Draft.status == DraftStatus.HELD
        )
    ).one_or_none()
    if item is None and (_flagged(messages) or (draft is not None and _harmful(draft))):
        put_up(session, conversation, now=now, actor=POLICY, why="flagged")
        return
    if draft is None or draft.scoring == Scoring.PENDING or _pending(messages):
        return
    reasons = reasons_to_hold(
        _situation(session, conversation, policy, mode, item, messages, draft)
    )
    if not reasons:
        _release(session, conversation, version_id, policy, item, draft, now=now)
    elif item is None:
        put_up(session, conversation, now=now, actor=POLICY, why=reasons[0])
    else:
        record(session, _held(conversation, item.id, draft.id, reasons))


def put_up(
    session: Session,
    conversation: LockedConversation,
    *,
    now: datetime,
    actor: Actor,
    why: str,
) -> ReviewItem:
    """See that every turn which nobody has handled is in the open item, opened if need be."""
    items = lock_open_items(session, [conversation.id])
    item = items[0] if items else None
    if item is None:
        item = open_item(
            session,
            conversation,
            first_sequence=conversation.last_sequence,
            last_sequence=conversation.last_sequence,
            now=now,
            actor=actor,
            why=why,
        )
    gather(session, item)
    refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=actor)
    return item


def put_up_late(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Texts without a score for longer than their policy allows are LU: a person looks."""
    late = session.execute(_LATE, {"now": now, "limit": limit}).all()
    found = {one.conversation_id for one in late}
    conversations = lock_conversations(session, found)
    session.execute(
        update(table_of(ScoringWork))
        .where(table_of(ScoringWork).c.id.in_([one.id for one in late]))
        .values(late=True)
    )
    clock = Actor.system("clock")
    for conversation_id in sorted(with_strays(session, found)):
        conversation = conversations[conversation_id]
        put_up(session, conversation, now=now, actor=clock, why="not scored in time")
    return len(late)


def put_up_unanswered(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Messages that the bot does not answer come up at their level: nobody else would see them."""
    found = unanswered(session, now=now, limit=limit)
    conversations = lock_conversations(session, found)
    clock = Actor.system("clock")
    strays = with_strays(session, found)  # asked again under the lock: an answer may have come
    for conversation_id in sorted(strays):
        put_up(session, conversations[conversation_id], now=now, actor=clock, why="no reply came")
    return len(strays)


def _unhandled(
    session: Session, conversation_id: uuid.UUID, item: ReviewItem | None
) -> list[Message]:
    """The messages of the open item, and those that are in no item."""
    mine: ColumnElement[bool] = Message.item_id.is_(None)
    if item is not None:
        mine = or_(mine, Message.item_id == item.id)
    return list(
        session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, mine)
            .execution_options(populate_existing=True)
        )
    )


def _pending(messages: list[Message]) -> bool:
    return any(one.scoring == Scoring.PENDING for one in messages)


def _flagged(messages: list[Message]) -> bool:
    return any(flagged(Severity(one.severity), Scoring(one.scoring)) for one in messages)


def _harmful(draft: Draft) -> bool:
    return harmful(Grade(draft.grade), Scoring(draft.scoring))


def _situation(
    session: Session,
    conversation: LockedConversation,
    policy: Policy,
    mode: Mode,
    item: ReviewItem | None,
    messages: list[Message],
    draft: Draft,
) -> Situation:
    levels = [Severity(one.severity) for one in messages]
    # A reply to somebody at risk is read, even when what they wrote was read before it came.
    levels.append(_answered_severity(session, draft))
    if item is not None:
        levels.append(Severity(item.severity))
    limit = timedelta(seconds=policy.unscored_seconds)
    unscored = select(Message.id).where(
        Message.conversation_id == conversation.id, Message.scoring != Scoring.SCORED
    )
    newer = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.sequence
        > select(Message.sequence).where(Message.id == draft.message_id).scalar_subquery(),
    )
    escalation = select(Escalation.id).where(
        Escalation.conversation_id == conversation.id,
        Escalation.status != EscalationStatus.RESOLVED,
    )
    answered = [one for one in messages if one.id == draft.message_id]
    timed = [(draft.received_at, draft.scored_at)]
    timed += [(one.received_at, one.scored_at) for one in answered]
    return Situation(
        mode=mode,
        automatic_release=policy.automatic_release,
        messages_scored=session.scalar(unscored.limit(1)) is None,
        scored_in_time=all(done is not None and done - at <= limit for at, done in timed),
        draft_scored=draft.scoring == Scoring.SCORED,
        reply_grade=Grade(draft.grade),
        conversation_severity=worst(levels),
        escalated=session.scalar(escalation.limit(1)) is not None,
        taken_over=conversation.taken_over_by is not None,
        covered=not uncovered_now(session, conversation.study_id),
        newest_draft=draft.revision == 1 and session.scalar(newer.limit(1)) is None,
    )


def _answered_severity(session: Session, draft: Draft) -> Severity:
    found = session.scalar(select(Message.severity).where(Message.id == draft.message_id))
    return Severity(found or Severity.LU)


def _release(
    session: Session,
    conversation: LockedConversation,
    version_id: uuid.UUID,
    policy: Policy,
    item: ReviewItem | None,
    draft: Draft,
    *,
    now: datetime,
) -> None:
    chosen = Chosen(
        kind=DecisionKind.RELEASE,
        policy_version_id=version_id,
        text=draft.text,
        item_id=item.id if item else None,
        item_version=item.version if item else None,
        draft_id=draft.id,
    )
    decision = write_decision(session, conversation, chosen, actor=POLICY)
    move(
        session,
        DRAFT,
        draft.id,
        DraftStatus.HELD,
        DraftEvent.RELEASE,
        actor=POLICY,
        values={"status_at": now},
    )
    queue_delivery(
        session,
        conversation,
        decision,
        DeliveryKind.REPLY,
        now=now,
        draft_id=draft.id,
        actor=POLICY,
    )
    if item is not None:
        item.covered_sequence = draft.sequence
        item.covered_severity = item.severity
        session.flush()
        refresh_items(session, [item], {conversation.id: conversation}, now=now, actor=POLICY)
    elif sampled(draft.id, policy.sampling_share):
        _audit_item(session, conversation, draft, now=now)


def _audit_item(
    session: Session, conversation: LockedConversation, draft: Draft, *, now: datetime
) -> None:
    open_item(
        session,
        conversation,
        first_sequence=draft.sequence - 1,
        last_sequence=draft.sequence,
        now=now,
        actor=POLICY,
        kind=ItemKind.AUDIT,
        floor=Severity.L0,
        why="sampled",
    )


def _held(
    conversation: LockedConversation,
    item_id: uuid.UUID,
    draft_id: uuid.UUID,
    reasons: tuple[str, ...],
) -> Event:
    return Event(
        "draft.hold",
        POLICY,
        study_id=conversation.study_id,
        conversation_id=conversation.id,
        item_id=item_id,
        subject=draft_id,
        detail={"reasons": list(reasons)},
    )

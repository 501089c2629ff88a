"""Opening, extending and refreshing review items. Callers hold the conversations' locks."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.rows import listed, save_together
from db.session import Topic, ring
from db.tables import Draft, Message, ReviewItem, new_id
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import DraftStatus, ItemEvent, ItemStatus
from oversight.domain.queue import Standing, Summary, Turn, summarise
from oversight.domain.severity import Severity, at_least, worst
from oversight.domain.words import ItemKind, Scoring
from oversight.queries.policies import default_version, policy_of
from oversight.services.audit import Actor, Event, record_all
from oversight.services.escalating import raise_escalation
from oversight.services.locking import LockedConversation
from oversight.services.transition import ITEM, move

_REFRESHED = (
    "severity",
    "grade",
    "priority",
    "language",
    "version",
    "last_sequence",
    "deadline_at",
    "bridge_due_at",
)
_HELD_DRAFTS = (
    select(Draft)
    .where(listed(Draft.conversation_id, "conversations"), Draft.status == DraftStatus.HELD)
    .execution_options(populate_existing=True)
)
_TURNS = (
    select(
        Message.item_id,
        Message.sequence,
        Message.severity,
        Message.scoring,
        Message.urgency,
        Message.received_at,
        Message.sent_at,
        Message.language,
    )
    .where(listed(Message.item_id, "items"))
    .order_by(Message.sequence)
)
_ANSWERED_ELSEWHERE = (
    select(Draft.item_id, Message.severity)
    .join(Message, Message.id == Draft.message_id)
    .where(
        listed(Draft.item_id, "items"),
        Draft.status == DraftStatus.HELD,
        Message.item_id.is_distinct_from(Draft.item_id),
    )
)


def policy_version_for(session: Session, conversation: LockedConversation) -> uuid.UUID:
    """The policy version in force for a conversation; an omitted arm means the default."""
    found: uuid.UUID | None = conversation.policy_version_id
    return found or default_version(session, conversation.study_id)


def new_item(
    session: Session,
    conversation: LockedConversation,
    *,
    first_sequence: int,
    last_sequence: int,
    now: datetime,
    kind: ItemKind = ItemKind.REVIEW,
    floor: Severity = Severity.LU,
) -> ReviewItem:
    """An item not yet written: callers that open several write them together."""
    version_id = policy_version_for(session, conversation)
    return ReviewItem(
        id=new_id(),
        study_id=conversation.study_id,
        conversation_id=conversation.id,
        policy_version_id=version_id,
        kind=kind,
        status=ItemStatus.WAITING,
        severity=floor,
        grade=Grade.H0,
        priority=floor.rank * 1000,
        language=base_language(conversation.language),
        version=1,
        first_sequence=first_sequence,
        last_sequence=last_sequence,
        read_sequence=first_sequence - 1,
        covered_sequence=first_sequence - 1,
        opened_at=now,
        deadline_at=policy_of(session, version_id).deadline(floor, now),
    )


def write_items(
    session: Session, opened: Sequence[ReviewItem], *, actor: Actor, why: str = "received"
) -> None:
    """Write new items together. The database refuses a second open review item."""
    if opened:
        session.add_all(opened)
        session.flush()
    record_all(
        session,
        [_event("item.open", item, actor, {"kind": item.kind, "why": why}) for item in opened],
    )
    for item in opened:
        ring(session, Topic.LIVE, item.conversation_id)


def extend_items(
    session: Session, extended: Sequence[tuple[ReviewItem, int, int]], *, actor: Actor
) -> None:
    """Give open items new turns: each with its newest turn's number, and how many were added.

    Written to the table by the refresh that must follow.
    """
    for item, last_sequence, turns in extended:
        item.last_sequence = last_sequence
        item.version += turns
        ring(session, Topic.LIVE, item.conversation_id)
    record_all(
        session,
        [_event("item.extend", item, actor, {"version": item.version}) for item, _, _ in extended],
    )


def open_item(
    session: Session,
    conversation: LockedConversation,
    *,
    first_sequence: int,
    last_sequence: int,
    now: datetime,
    actor: Actor,
    kind: ItemKind = ItemKind.REVIEW,
    floor: Severity = Severity.LU,
    why: str = "received",
) -> ReviewItem:
    """Open one item."""
    item = new_item(
        session,
        conversation,
        first_sequence=first_sequence,
        last_sequence=last_sequence,
        now=now,
        kind=kind,
        floor=floor,
    )
    write_items(session, [item], actor=actor, why=why)
    return item


def refresh_items(
    session: Session,
    items: Sequence[ReviewItem],
    conversations: Mapping[uuid.UUID, LockedConversation],
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Recompute level, order and clocks of items from their turns; a raised level escalates."""
    with session.no_autoflush:  # What changed in the items is written once, below.
        turns, languages = _turns(session, [item.id for item in items])
        drafts = held_drafts(session, [item.conversation_id for item in items])
        floors = _answered_floors(session, items)
    events = []
    for item in items:
        conversation = conversations[item.conversation_id]
        draft = drafts.get(item.conversation_id)
        summary = _summary(
            session, item, conversation, turns[item.id], draft, floor=floors.get(item.id)
        )
        raised = summary.severity.rank > Severity(item.severity).rank
        if summary.severity != item.severity:
            detail = {"from": item.severity, "to": summary.severity.value}
            events.append(_event("item.level", item, actor, detail))
        _apply(item, summary, draft, raised=raised)
        item.language = languages.get(item.id) or item.language
    save_together(session, items, _REFRESHED)
    session.flush()
    record_all(session, events)
    for item in items:
        ring(session, Topic.LIVE, item.conversation_id)
        if item.kind == ItemKind.REVIEW and at_least(Severity(item.severity), Severity.L3):
            escalate_item(session, item, now=now, actor=actor)


def escalate_item(
    session: Session,
    item: ReviewItem,
    *,
    now: datetime,
    actor: Actor,
    opened_by: uuid.UUID | None = None,
    reason: str | None = None,
) -> None:
    """See that the item's conversation has an escalation, and that a waiting item shows it."""
    raise_escalation(session, item, now=now, actor=actor, opened_by=opened_by, reason=reason)
    if item.status == ItemStatus.WAITING:
        move(session, ITEM, item.id, ItemStatus.WAITING, ItemEvent.ESCALATE, actor=actor)
        session.refresh(item)


def held_drafts(session: Session, conversation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Draft]:
    """The held draft of each conversation that has one."""
    rows = session.scalars(_HELD_DRAFTS, {"conversations": list(conversation_ids)})
    return {row.conversation_id: row for row in rows}


def base_language(language: str | None) -> str | None:
    """``es-MX`` is read by whoever reads ``es``."""
    return language.lower().split("-")[0] if language else None


def _turns(
    session: Session, item_ids: Sequence[uuid.UUID]
) -> tuple[dict[uuid.UUID, list[Turn]], dict[uuid.UUID, str]]:
    """Each item's turns, and the language of its newest message whose language is known."""
    rows = session.execute(_TURNS, {"items": list(item_ids)})
    turns: dict[uuid.UUID, list[Turn]] = defaultdict(list)
    languages: dict[uuid.UUID, str] = {}
    for item_id, sequence, severity, scoring, urgency, received_at, sent_at, language in rows:
        assert item_id is not None
        turns[item_id].append(
            Turn(sequence, Severity(severity), Scoring(scoring), urgency, received_at, sent_at)
        )
        if language is not None:
            languages[item_id] = base_language(language) or ""
    return turns, languages


def _answered_floors(session: Session, items: Sequence[ReviewItem]) -> dict[uuid.UUID, Severity]:
    """For a draft that came after its message was closed: the level of that message."""
    rows = session.execute(_ANSWERED_ELSEWHERE, {"items": [item.id for item in items]})
    return {row.item_id: Severity(row.severity) for row in rows}


def _summary(
    session: Session,
    item: ReviewItem,
    conversation: LockedConversation,
    turns: Sequence[Turn],
    draft: Draft | None,
    *,
    floor: Severity | None,
) -> Summary:
    policy = policy_of(session, item.policy_version_id)
    standing = Standing(
        read_sequence=item.read_sequence,
        lowered_to=Severity(item.lowered_to) if item.lowered_to else None,
        lowered_sequence=item.lowered_sequence or 0,
        covered_sequence=item.covered_sequence,
        covered_severity=Severity(item.covered_severity) if item.covered_severity else None,
        refused_at=_refused_at(item),
        undelivered=Severity(item.undelivered_severity) if item.undelivered_severity else None,
        undelivered_at=item.undelivered_at,
    )
    noticed = Severity.LU if item.notice else Severity.L0
    return summarise(
        turns,
        standing,
        policy=policy,
        mode=policy.mode_for(conversation.jurisdiction),
        draft_held=draft is not None,
        opened_at=item.opened_at,
        floor=worst([floor or Severity.L0, noticed]),
    )


def _refused_at(item: ReviewItem) -> datetime | None:
    """When a message was refused, unless something was sent since."""
    if item.notice is None or item.notice_at is None:
        return None
    covered = item.covered_at is not None and item.covered_at >= item.notice_at
    return None if covered else item.notice_at


def _apply(item: ReviewItem, summary: Summary, draft: Draft | None, *, raised: bool) -> None:
    item.severity = summary.severity.value
    item.grade = draft.grade if draft is not None else Grade.H0.value
    item.priority = summary.priority
    item.deadline_at = summary.deadline_at
    item.bridge_due_at = summary.bridge_due_at if item.kind == ItemKind.REVIEW else None
    item.version += 1 if raised else 0


def _event(kind: str, item: ReviewItem, actor: Actor, detail: Mapping[str, object]) -> Event:
    return Event(
        kind=kind,
        actor=actor,
        study_id=item.study_id,
        conversation_id=item.conversation_id,
        item_id=item.id,
        subject=item.id,
        detail=detail,
    )

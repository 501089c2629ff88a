"""Opening, extending and refreshing review items. Callers hold the conversations' locks."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.rows import Part, as_loaded, changed, inserted, keep, listed, values_of, write
from db.session import Topic, ring
from db.tables import Draft, ReviewItem, new_id
from oversight.domain.flags import Grade
from oversight.domain.ladder import OpeningRule, escalates
from oversight.domain.lifecycle import DraftStatus, ItemEvent, ItemStatus
from oversight.domain.queue import LATE_REPORT, Standing, Summary, Turn, summarise
from oversight.domain.severity import Severity, worst
from oversight.domain.words import ItemKind, Scoring
from oversight.queries.policies import default_version, policy_of
from oversight.services.audit import Actor, Event, record_all
from oversight.services.escalating import (
    open_escalation_of,
    open_escalations,
    raise_escalation,
)
from oversight.services.locking import LockedConversation
from oversight.services.transition import ITEM, move
from oversight.services.waking import wake_for_news

_OPENED = (
    "id",
    "study_id",
    "conversation_id",
    "policy_version_id",
    "kind",
    "status",
    "severity",
    "grade",
    "priority",
    "language",
    "version",
    "first_sequence",
    "last_sequence",
    "read_sequence",
    "covered_sequence",
    "opened_at",
    "deadline_at",
)
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
_TURNS = text("""
    SELECT told.item_id, max(m.sequence), m.severity, m.scoring, max(m.urgency),
        min(m.received_at), min(
            CASE WHEN m.sent_at BETWEEN m.received_at - CAST(:late AS interval) AND m.received_at
                THEN m.sent_at ELSE m.received_at END
        )
    FROM unnest(
        CAST(:items AS uuid[]), CAST(:read AS integer[]), CAST(:covered AS integer[])
    ) AS told (item_id, read, covered)
    JOIN messages m ON m.item_id = told.item_id
    GROUP BY told.item_id, m.severity, m.scoring,
        m.sequence > told.read, m.sequence > told.covered
""")
"""Turns that a summary treats alike are one, by the newest: an item may hold thousands.

The last column is ``Turn.waiting_since``.
"""

_STANDS = text("""
    SELECT i.id, d.grade, answered.severity, newest.language
    FROM review_items i
    LEFT JOIN drafts d ON d.conversation_id = i.conversation_id AND d.status = 'held'
    LEFT JOIN messages answered ON answered.id = d.message_id
        AND d.item_id = i.id AND answered.item_id IS DISTINCT FROM d.item_id
    LEFT JOIN LATERAL (
        SELECT m.language FROM messages m
        WHERE m.item_id = i.id AND m.language IS NOT NULL
        ORDER BY m.sequence DESC LIMIT 1
    ) newest ON true
    WHERE i.id = ANY(CAST(:items AS uuid[]))
""")


@dataclass(frozen=True)
class _Stand:
    """What an item's summary needs besides its turns.

    ``grade`` is that of the conversation's held draft, if there is one; ``answered`` the level of
    the message it answers, where that was closed before it came; ``language`` that of the newest
    message whose language is known.
    """

    grade: Grade | None
    answered: Severity
    language: str | None


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


def write_items(session: Session, opened: Sequence[ReviewItem], *, actor: Actor, why: str) -> None:
    """Write new items together. The database refuses a second open review item."""
    write(session, rows_of(opened))
    items_opened(session, opened, actor=actor, why=why)


def rows_of(opened: Sequence[ReviewItem]) -> Part:
    """New items as rows; once they are written, ``items_opened`` must follow."""
    return inserted(ReviewItem, [{name: getattr(one, name) for name in _OPENED} for one in opened])


def items_opened(session: Session, opened: Sequence[ReviewItem], *, actor: Actor, why: str) -> None:
    """Take items just written into the session, record that they are open, and ring."""
    as_loaded(session, opened)
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
        keep(item, last_sequence=last_sequence, version=item.version + turns)
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
        turns = _turns(session, items)
        stands = _stands(session, items)
    events = []
    for item in items:
        stand = stands[item.id]
        summary = _summary(
            session, item, conversations[item.conversation_id], turns[item.id], stand
        )
        raised = summary.severity.rank > Severity(item.severity).rank
        if summary.severity != item.severity:
            detail = {"from": item.severity, "to": summary.severity.value}
            events.append(_event("item.level", item, actor, detail))
        _apply(item, summary, stand, raised=raised)
    wake_for_news(session, items, now=now, actor=actor)
    write(session, changed(ReviewItem, values_of(items, _REFRESHED)))
    record_all(session, events)
    for item in items:
        ring(session, Topic.LIVE, item.conversation_id)
    grave = [item for item in items if _escalates(item)]
    if grave:
        session.flush()
        escalations = open_escalations(session, [item.conversation_id for item in grave])
        for item in grave:
            current = escalations.get(item.conversation_id)
            raise_escalation(session, item, current, now=now, actor=actor, rule=_rule_of(item))
            _show_escalated(session, item, actor=actor)


def escalate_item(
    session: Session,
    item: ReviewItem,
    *,
    now: datetime,
    actor: Actor,
    opened_by: uuid.UUID | None = None,
    reason: str | None = None,
    rule: OpeningRule = OpeningRule.BY_HAND,
) -> None:
    """See that the item's conversation has an escalation, and that a waiting item shows it."""
    session.flush()
    current = open_escalation_of(session, item.conversation_id)
    raise_escalation(
        session, item, current, now=now, actor=actor, opened_by=opened_by, reason=reason, rule=rule
    )
    _show_escalated(session, item, actor=actor)


def _rule_of(item: ReviewItem) -> OpeningRule:
    """A text in doubt opens it where that alone gives the item its level."""
    return OpeningRule.UNDELIVERED if item.undelivered_severity else OpeningRule.SEVERITY


def _escalates(item: ReviewItem) -> bool:
    return item.kind == ItemKind.REVIEW and escalates(Severity(item.severity))


def _show_escalated(session: Session, item: ReviewItem, *, actor: Actor) -> None:
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


def _turns(session: Session, items: Sequence[ReviewItem]) -> dict[uuid.UUID, list[Turn]]:
    """Each item's turns, as far as they differ in what a summary looks at."""
    said = {
        "items": [item.id for item in items],
        "read": [item.read_sequence for item in items],
        "covered": [item.covered_sequence for item in items],
        "late": LATE_REPORT,
    }
    turns: dict[uuid.UUID, list[Turn]] = defaultdict(list)
    for row in session.connection().execute(_TURNS, said):
        item_id, sequence, severity, scoring, urgency, received_at, waiting_since = row
        turns[item_id].append(
            Turn(
                sequence,
                Severity(severity),
                Scoring(scoring),
                urgency,
                received_at,
                sent_at=waiting_since,
            )
        )
    return turns


def _stands(session: Session, items: Sequence[ReviewItem]) -> dict[uuid.UUID, _Stand]:
    rows = session.connection().execute(_STANDS, {"items": [item.id for item in items]})
    return {
        item_id: _Stand(
            grade=Grade(grade) if grade else None,
            answered=Severity(severity) if severity else Severity.L0,
            language=base_language(language),
        )
        for item_id, grade, severity, language in rows
    }


def _summary(
    session: Session,
    item: ReviewItem,
    conversation: LockedConversation,
    turns: Sequence[Turn],
    stand: _Stand,
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
        mode=policy.mode_for(conversation.jurisdiction, conversation.rule),
        draft_held=stand.grade is not None,
        opened_at=item.opened_at,
        floor=worst([stand.answered, noticed]),
    )


def _refused_at(item: ReviewItem) -> datetime | None:
    """When a message was refused, unless something was sent since."""
    if item.notice is None or item.notice_at is None:
        return None
    covered = item.covered_at is not None and item.covered_at >= item.notice_at
    return None if covered else item.notice_at


def _apply(item: ReviewItem, summary: Summary, stand: _Stand, *, raised: bool) -> None:
    keep(
        item,
        severity=summary.severity.value,
        grade=(stand.grade or Grade.H0).value,
        language=stand.language or item.language,
        priority=summary.priority,
        deadline_at=summary.deadline_at,
        bridge_due_at=summary.bridge_due_at if item.kind == ItemKind.REVIEW else None,
        version=item.version + (1 if raised else 0),
        last_sequence=item.last_sequence,
    )


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

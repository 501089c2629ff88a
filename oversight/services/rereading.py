"""Reading the history again with another version of the classifier: it raises, never lowers.

Texts are found by their newest score; one that the version has scored is done, so a run that was
cut off goes on where it stopped. A raised level of L2 or worse that is in no open item is put up
for a person, and high or imminent calls the people on duty, as any such level does.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from classifiers.protocol import RiskAssessment as Assessment
from db import session as db_session
from db.rows import among, insert_rows, save_together
from db.session import Topic, ring
from db.tables import Draft, Message, ReviewItem, RiskAssessment
from oversight.domain.flags import GRADES, Flag, Grade, grade_at_least, worst_grade
from oversight.domain.lifecycle import DraftStatus
from oversight.domain.severity import Severity, at_least, worst
from oversight.services.audit import Actor, Event, record_all
from oversight.services.escalating import imminent_again
from oversight.services.evidence import ASSESSED
from oversight.services.gathering import ask_again
from oversight.services.items import refresh_items
from oversight.services.locking import LockedConversation, lock_conversations, lock_open_items
from oversight.services.scoring import CONTEXT_TURNS, Task, assessment_row, subjects, task_of
from oversight.services.settling import put_up

MOST_AT_ONCE = 16
REREADER = Actor.system("rescore")

_NEXT = text("""
    SELECT r.id FROM risk_assessments r
    LEFT JOIN messages m ON m.id = r.message_id
    LEFT JOIN drafts d ON d.id = r.draft_id
    WHERE r.id > :after AND NOT r.shadow
      AND coalesce(m.received_at, d.received_at) >= :since
      AND NOT EXISTS (
          SELECT FROM risk_assessments n
          WHERE NOT n.shadow AND (n.id > r.id OR n.model_version = :model_version)
            AND n.message_id = r.message_id)
      AND NOT EXISTS (
          SELECT FROM risk_assessments n
          WHERE NOT n.shadow AND (n.id > r.id OR n.model_version = :model_version)
            AND n.draft_id = r.draft_id)
    ORDER BY r.id
    LIMIT :most
""")
_SUBJECTS = subjects(ASSESSED)


@dataclass
class Reread:
    """What a run did: texts read, levels raised, items put up, sent replies with grave flags."""

    texts: int = 0
    unscored: int = 0
    raised: int = 0
    put_up: int = 0
    sent_with_flags: int = 0

    def add(self, other: "Reread") -> None:
        self.texts += other.texts
        self.unscored += other.unscored
        self.raised += other.raised
        self.put_up += other.put_up
        self.sent_with_flags += other.sent_with_flags


def words(done: Reread) -> str:
    """What a run did, for whoever started it."""
    return (
        f"{done.texts} texts read, {done.unscored} of them not scorable; {done.raised} levels"
        f" raised, {done.put_up} conversations put up again; {done.sent_with_flags} replies already"
        " sent have new flags that must be looked at"
    )


def next_texts(session: Session, *, after: int, model_version: str, since: datetime) -> list[Task]:
    """The next texts, oldest score first, that this version has not scored."""
    ids = session.scalars(
        _NEXT,
        {"after": after, "model_version": model_version, "since": since, "most": MOST_AT_ONCE},
    ).all()
    found = session.execute(_SUBJECTS, {"work_ids": list(ids), "turns": CONTEXT_TURNS})
    return sorted((task_of(row) for row in found), key=lambda task: task.work_id)


def record_reread(
    session: Session, tasks: Sequence[Task], assessments: Sequence[Assessment]
) -> Reread:
    """Write what the version said; raise levels and flags, and put up what was raised."""
    now = db_session.now(session)
    pairs = list(zip(tasks, assessments, strict=True))
    conversations = lock_conversations(session, {task.conversation_id for task in tasks})
    insert_rows(session, RiskAssessment, [assessment_row(*pair) for pair in pairs])
    items = {item.id: item for item in lock_open_items(session, list(conversations))}
    done = Reread(texts=len(pairs), unscored=sum(not one.scored for one in assessments))
    raised = _raise_messages(session, pairs, items)
    done.raised = len(raised)
    touched = _raise_drafts(session, pairs, done) | {one.conversation_id for one in raised}
    open_items = [item for item in items.values() if item.conversation_id in touched]
    refresh_items(session, open_items, conversations, now=now, actor=REREADER)
    for conversation_id in sorted({one.conversation_id for one in raised}):
        conversation = conversations[conversation_id]
        mine = [one for one in raised if one.conversation_id == conversation_id]
        done.put_up += _put_up(session, conversation, mine, items, now=now)
        ring(session, Topic.LIVE, conversation_id)
    return done


def _raise_messages(
    session: Session,
    pairs: Sequence[tuple[Task, Assessment]],
    items: dict[uuid.UUID, ReviewItem],
) -> list[Message]:
    """The messages whose level is higher now; a text that could not be scored keeps its level."""
    said = {task.message_id: one for task, one in pairs if task.message_id is not None}
    raised, events = [], []
    for message in session.scalars(
        select(Message).where(among(Message.id, said)).execution_options(populate_existing=True)
    ):
        before = Severity(message.severity)
        after = _level(before, said[message.id])
        if after is before:
            continue
        message.severity = after.value
        message.categories = list(
            dict.fromkeys([*message.categories, *said[message.id].categories])
        )
        if at_least(after, Severity.L2):
            item = items.get(message.item_id) if message.item_id is not None else None
            ask_again(message, item)
        raised.append(message)
        events.append(_event("message.rescore", message, said[message.id], before, after))
    save_together(session, raised, ("severity", "categories", "item_id"))
    record_all(session, events)
    return raised


def _level(before: Severity, one: Assessment) -> Severity:
    levels = [before]
    if one.scored:
        levels.append(one.severity)
    if one.phrase_floor is not None:
        levels.append(one.phrase_floor)
    return worst(levels)


def _raise_drafts(
    session: Session, pairs: Sequence[tuple[Task, Assessment]], done: Reread
) -> set[uuid.UUID]:
    """Flags are added, never taken away; the conversations whose held draft is worse now."""
    said = {task.draft_id: one for task, one in pairs if task.draft_id is not None}
    changed, held = [], set()
    for draft in session.scalars(
        select(Draft).where(among(Draft.id, said)).execution_options(populate_existing=True)
    ):
        new = [flag for flag in said[draft.id].flags if flag.value not in draft.flags]
        if not new:
            continue
        draft.flags = sorted({*draft.flags, *(flag.value for flag in new)})
        draft.grade = worst_grade(Flag(flag) for flag in draft.flags)
        changed.append(draft)
        if draft.status == DraftStatus.HELD:
            held.add(draft.conversation_id)
        elif any(grade_at_least(GRADES[flag], Grade.H2) for flag in new):
            done.sent_with_flags += draft.status in _SENT
    save_together(session, changed, ("flags", "grade"))
    return held


_SENT = (DraftStatus.RELEASED, DraftStatus.DELIVERED)


def _put_up(
    session: Session,
    conversation: LockedConversation,
    raised: Sequence[Message],
    items: dict[uuid.UUID, ReviewItem],
    *,
    now: datetime,
) -> int:
    """Bring raised messages that no open item holds before a person; how many items that opened."""
    grave = [one for one in raised if at_least(Severity(one.severity), Severity.L2)]
    was_open = any(item.conversation_id == conversation.id for item in items.values())
    outside = [one for one in grave if one.item_id is None]
    if outside:
        put_up(session, conversation, now=now, actor=REREADER, why="rescored")
    if any(one.severity == Severity.L4 for one in grave):
        for item in lock_open_items(session, [conversation.id]):
            imminent_again(session, item, now=now, actor=REREADER)
    return int(bool(outside) and not was_open)


def _event(
    kind: str, message: Message, one: Assessment, before: Severity, after: Severity
) -> Event:
    return Event(
        kind=kind,
        actor=REREADER,
        study_id=message.study_id,
        conversation_id=message.conversation_id,
        subject=message.id,
        detail={"from": before.value, "to": after.value, "model_version": one.model_version},
    )

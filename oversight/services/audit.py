"""The audit record: every change leaves an event, in the same transaction as the change."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from db.rows import insert_rows
from db.tables import AuditEvent
from oversight.domain.words import ActorKind

_GATHERED = "gathered_events"


@dataclass(frozen=True)
class Actor:
    """Who does something: a clinician, a study's bot, or one of our own processes."""

    kind: ActorKind
    id: str | None = None

    @classmethod
    def clinician(cls, clinician_id: uuid.UUID) -> "Actor":
        """A signed-in person."""
        return cls(ActorKind.CLINICIAN, str(clinician_id))

    @classmethod
    def bot(cls, study_id: uuid.UUID) -> "Actor":
        """The outside bot of a study."""
        return cls(ActorKind.BOT, str(study_id))

    @classmethod
    def system(cls, process: str) -> "Actor":
        """One of our processes, by name: gateway, scorer, courier, clock."""
        return cls(ActorKind.SYSTEM, process)


@dataclass(frozen=True)
class Event:
    """One line of the record. ``detail`` holds ids, statuses and numbers, never words said."""

    kind: str
    actor: Actor
    study_id: uuid.UUID | None = None
    conversation_id: uuid.UUID | None = None
    item_id: uuid.UUID | None = None
    subject: uuid.UUID | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


def record(session: Session, *events: Event) -> None:
    """Write events in order; they appear with the transaction that caused them, or not at all."""
    record_all(session, events)


def record_all(session: Session, events: Sequence[Event]) -> None:
    """Write many events in one statement."""
    gathered = session.info.get(_GATHERED)
    if gathered is not None:
        gathered.extend(events)
    elif events:
        _write(session, events)


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Write what is recorded inside the block at its end, in one statement instead of many.

    A block that fails writes nothing: nor does the transaction around it. Nobody may catch the
    failure and commit.
    """
    if _GATHERED in session.info:
        yield  # the outer block writes
        return
    gathered: list[Event] = []
    session.info[_GATHERED] = gathered
    try:
        yield
    finally:
        del session.info[_GATHERED]
    if gathered:
        _write(session, gathered)


def _write(session: Session, events: Sequence[Event]) -> None:
    rows = [
        {
            "study_id": event.study_id,
            "conversation_id": event.conversation_id,
            "item_id": event.item_id,
            "subject": event.subject,
            "actor_kind": event.actor.kind.value,
            "actor_id": event.actor.id,
            "kind": event.kind,
            "detail": dict(event.detail),
        }
        for event in events
    ]
    insert_rows(session, AuditEvent, rows)

"""Writing down what was chosen. A decision that sends something holds the exact text."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db.rows import insert_rows
from db.session import Topic, ring
from db.tables import Decision, Delivery, new_id
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.severity import Severity
from oversight.domain.words import DecisionKind, DeliveryKind
from oversight.services.audit import Actor, Event, record
from oversight.services.locking import LockedConversation


@dataclass(frozen=True)
class Chosen:
    """The content of a decision, whoever made it. ``text`` is what the participant will see."""

    kind: DecisionKind
    policy_version_id: uuid.UUID
    text: str | None = None
    item_id: uuid.UUID | None = None
    item_version: int | None = None
    draft_id: uuid.UUID | None = None
    clinician_id: uuid.UUID | None = None
    client_decision_id: uuid.UUID | None = None
    request_digest: str | None = None
    reason: str | None = None
    flags: Sequence[str] = ()
    own_severity: Severity | None = None
    severity: Severity | None = None
    read_sequence: int | None = None


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, as the database computes it too."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_decision(
    session: Session, conversation: LockedConversation, chosen: Chosen, *, actor: Actor
) -> Decision:
    """Append a decision and its audit event. What is returned is no part of the session."""
    written = {
        "id": new_id(),
        "study_id": conversation.study_id,
        "conversation_id": conversation.id,
        "policy_version_id": chosen.policy_version_id,
        "item_id": chosen.item_id,
        "item_version": chosen.item_version,
        "draft_id": chosen.draft_id,
        "clinician_id": chosen.clinician_id,
        "client_decision_id": chosen.client_decision_id,
        "request_digest": chosen.request_digest,
        "kind": chosen.kind,
        "text": chosen.text,
        "text_digest": None if chosen.text is None else digest(chosen.text),
        "reason": chosen.reason,
        "flags": list(chosen.flags),
        "own_severity": chosen.own_severity,
        "severity": chosen.severity,
        "read_sequence": chosen.read_sequence,
    }
    session.flush()
    insert_rows(session, Decision, [written])
    decision = Decision(**written)
    record(
        session,
        Event(
            kind=f"decision.{chosen.kind.value}",
            actor=actor,
            study_id=conversation.study_id,
            conversation_id=conversation.id,
            item_id=chosen.item_id,
            subject=decision.id,
            detail={
                "item_version": chosen.item_version,
                "draft_id": _name(chosen.draft_id),
                "policy_version_id": str(chosen.policy_version_id),
                "flags": list(chosen.flags),
                "severity": chosen.severity,
                "own_severity": chosen.own_severity,
            },
        ),
    )
    return decision


def queue_delivery(
    session: Session,
    conversation: LockedConversation,
    decision: Decision,
    kind: DeliveryKind,
    *,
    now: datetime,
    undo: timedelta = timedelta(0),
    draft_id: uuid.UUID | None = None,
    variant: str | None = None,
    corrects: uuid.UUID | None = None,
    actor: Actor,
) -> Delivery:
    """Queue the text that ``decision`` names; polls answer ``held`` until the undo window ends.

    What is returned is no part of the session.
    """
    if decision.text is None or decision.text_digest is None:
        raise ValueError("a delivery needs a decision that names its text")
    written = {
        "id": new_id(),
        "study_id": conversation.study_id,
        "conversation_id": conversation.id,
        "participant_id": conversation.participant_id,
        "draft_id": draft_id,
        "decision_id": decision.id,
        "corrects": corrects,
        "kind": kind,
        "variant": variant,
        "text": decision.text,
        "text_digest": decision.text_digest,
        "status": DeliveryStatus.QUEUED,
        "queued_at": now,
        "not_before": now + undo,
    }
    insert_rows(session, Delivery, [written])
    delivery = Delivery(**written)
    record(
        session,
        Event(
            kind="delivery.queue",
            actor=actor,
            study_id=conversation.study_id,
            conversation_id=conversation.id,
            item_id=decision.item_id,
            subject=delivery.id,
            detail={"kind": kind.value, "variant": variant, "decision_id": str(decision.id)},
        ),
    )
    ring(session, Topic.DELIVER, conversation.id)
    return delivery


def _name(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)

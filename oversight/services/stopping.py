"""The emergency stop, participants' own switches, consent and its withdrawal.

What is stopped is enforced where releases happen: automatic release reads the conversation's
switch, approving is not offered, and handing out looks once more. Open risk stays with people.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db import session as db_session
from db.session import Topic, ring
from db.tables import (
    Arm,
    BotStop,
    Clinician,
    Consent,
    Conversation,
    Delivery,
    Participant,
    new_id,
    table_of,
)
from oversight.domain.errors import Incomplete, NotFound, NotPermitted
from oversight.domain.lifecycle import DeliveryStatus
from oversight.domain.permissions import Role, plans_rota
from oversight.domain.policy import JurisdictionRule
from oversight.domain.stopping import StopCause, StopScope
from oversight.domain.words import DeliveryKind
from oversight.queries.stops import stopped
from oversight.services.audit import Actor, Event, record
from oversight.services.locking import lock_conversations
from oversight.services.recalling import put_back, recall_unsent

SYSTEM = Actor.system("clock")


def stop_bot(
    session: Session,
    clinician_id: uuid.UUID,
    study_id: uuid.UUID,
    *,
    scope: StopScope,
    reason: str,
    arm_id: uuid.UUID | None = None,
    participant_id: uuid.UUID | None = None,
    bot: str | None = None,
) -> uuid.UUID:
    """Stop a bot at once, for a study, arm, bot or participant. Anybody on the team may.

    What was released and not handed out yet comes back to Triage. Pressed twice it is one stop.
    """
    _role(session, clinician_id)
    if not reason.strip():
        raise Incomplete("write why the bot is stopped", field="reason")
    stop_id = open_stop(
        session,
        study_id,
        scope=scope,
        cause=StopCause.EMERGENCY,
        reason=reason.strip(),
        actor=Actor.clinician(clinician_id),
        stopped_by=clinician_id,
        arm_id=arm_id,
        participant_id=participant_id,
        bot=bot,
    )
    recall_stopped(session, now=db_session.now(session))
    return stop_id


def open_stop(
    session: Session,
    study_id: uuid.UUID,
    *,
    scope: StopScope,
    cause: StopCause,
    reason: str,
    actor: Actor,
    stopped_by: uuid.UUID | None = None,
    arm_id: uuid.UUID | None = None,
    participant_id: uuid.UUID | None = None,
    bot: str | None = None,
) -> uuid.UUID:
    """Begin a stop, or find the one of the same scope and cause that holds already."""
    given = {
        StopScope.STUDY: True,
        StopScope.ARM: arm_id is not None,
        StopScope.PARTICIPANT: participant_id is not None,
        StopScope.BOT: bool(bot),
    }
    if not given[scope]:
        raise Incomplete(f"name the {scope.value} to stop", field=scope.value)
    target = {
        "arm_id": arm_id if scope is StopScope.ARM else None,
        "participant_id": participant_id if scope is StopScope.PARTICIPANT else None,
        "bot": bot if scope is StopScope.BOT else None,
    }
    if (
        scope is StopScope.ARM
        and session.scalar(select(Arm.study_id).where(Arm.id == arm_id)) != study_id
    ):
        raise NotFound("the study has no such arm")
    fresh = insert(BotStop).values(
        id=new_id(),
        study_id=study_id,
        scope=scope,
        cause=cause,
        reason=reason,
        stopped_by=stopped_by,
        **target,
    )
    made = session.scalar(fresh.on_conflict_do_nothing().returning(BotStop.id))
    if made is None:
        same = [getattr(BotStop, name).is_not_distinct_from(one) for name, one in target.items()]
        known: uuid.UUID = session.scalars(
            select(BotStop.id).where(
                BotStop.study_id == study_id,
                BotStop.scope == scope,
                BotStop.cause == cause,
                BotStop.lifted_at.is_(None),
                *same,
            )
        ).one()
        return known
    detail = {"scope": scope.value, "why": cause.value}
    record(session, Event("bot.stop", actor, study_id=study_id, subject=made, detail=detail))
    ring(session, Topic.LIVE)
    return uuid.UUID(str(made))


def lift_stop(
    session: Session, stop_id: uuid.UUID, clinician_id: uuid.UUID, *, reason: str
) -> None:
    """Let the bot speak again. Only a supervisor, study lead or administrator, with a reason.

    A withdrawn consent is not lifted here: only a new consent does that.
    """
    if not plans_rota(_role(session, clinician_id)):
        raise NotPermitted("only a supervisor, study lead or administrator lifts a stop")
    if not reason.strip():
        raise Incomplete("write why the bot may speak again", field="reason")
    cause = session.scalar(
        select(BotStop.cause).where(BotStop.id == stop_id, BotStop.lifted_at.is_(None))
    )
    if cause is None:
        raise NotFound("no such stop holds", stop_id=str(stop_id))
    if cause == StopCause.CONSENT_WITHDRAWN:
        raise NotPermitted("the participant withdrew: only a new consent lets the bot speak")
    close_stops(
        session,
        [stop_id],
        reason=reason.strip(),
        actor=Actor.clinician(clinician_id),
        lifted_by=clinician_id,
    )


def close_stops(
    session: Session,
    stop_ids: Sequence[uuid.UUID],
    *,
    reason: str,
    actor: Actor,
    lifted_by: uuid.UUID | None = None,
) -> None:
    """End stops; what was held meanwhile stays with people."""
    stops = table_of(BotStop)
    rows = session.execute(
        update(stops)
        .where(stops.c.id.in_(list(stop_ids)), stops.c.lifted_at.is_(None))
        .values(lifted_at=db_session.now(session), lifted_by=lifted_by, lift_reason=reason)
        .returning(stops.c.id, stops.c.study_id, stops.c.cause)
    ).all()
    for row in rows:
        detail = {"why": row.cause}
        event = Event("bot.lift", actor, study_id=row.study_id, subject=row.id, detail=detail)
        record(session, event)
    ring(session, Topic.LIVE)


def recall_stopped(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Bring back to Triage what the bot was about to say where it is stopped by now."""
    found = session.scalars(
        select(Conversation.id)
        .join(Participant, Participant.id == Conversation.participant_id)
        .join(Delivery, Delivery.conversation_id == Conversation.id)
        .where(
            Delivery.status == DeliveryStatus.QUEUED,
            Delivery.kind == DeliveryKind.REPLY,
            stopped(),
        )
        .distinct()
        .limit(limit)
    ).all()
    if not found:
        return 0
    conversations = lock_conversations(session, found)
    back = recall_unsent(
        session,
        conversations,
        now=now,
        actor=SYSTEM,
        why="bot stopped",
        kinds=(DeliveryKind.REPLY,),
    )
    for conversation_id, recalled in back.items():
        conversation = conversations[conversation_id]
        put_back(session, conversation, recalled, now=now, actor=SYSTEM, why="bot stopped")
    return len(back)


def set_rule(
    session: Session,
    participant_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    rule: JurisdictionRule | None,
    reason: str,
) -> None:
    """A participant's own hard switch: the bot blocked, everything read first, or neither.

    Anybody on the team may tighten it; loosening takes who may lift a stop.
    """
    role = _role(session, clinician_id)
    if not reason.strip():
        raise Incomplete("write why", field="reason")
    participant = session.scalars(
        select(Participant).where(Participant.id == participant_id).with_for_update(key_share=True)
    ).one_or_none()
    if participant is None:
        raise NotFound("no such participant")
    tightens = rule is JurisdictionRule.BLOCK_AI or (rule is not None and participant.rule is None)
    if not tightens and rule != participant.rule and not plans_rota(role):
        raise NotPermitted("only a supervisor, study lead or administrator loosens this")
    before, participant.rule = participant.rule, rule.value if rule else None
    session.flush()
    detail = {"from": before, "to": participant.rule, "reason": reason.strip()}
    event = Event(
        "participant.rule",
        Actor.clinician(clinician_id),
        study_id=participant.study_id,
        subject=participant_id,
        detail=detail,
    )
    record(session, event)


def record_consent(
    session: Session, participant_id: uuid.UUID, clinician_id: uuid.UUID, *, version: str
) -> uuid.UUID:
    """A participant agreed to a version; a stop by an earlier withdrawal ends with it."""
    _role(session, clinician_id)
    if not version.strip():
        raise Incomplete("name the version of the consent", field="version")
    participant = _participant(session, participant_id)
    consent = Consent(
        id=new_id(),
        participant_id=participant_id,
        version=version.strip(),
        recorded_by=clinician_id,
    )
    session.add(consent)
    session.flush()
    actor = Actor.clinician(clinician_id)
    detail = {"version": version.strip()}
    event = Event(
        "consent.give", actor, study_id=participant.study_id, subject=participant_id, detail=detail
    )
    record(session, event)
    stops = session.scalars(
        select(BotStop.id).where(
            BotStop.participant_id == participant_id,
            BotStop.cause == StopCause.CONSENT_WITHDRAWN,
            BotStop.lifted_at.is_(None),
        )
    ).all()
    close_stops(session, stops, reason="consented again", actor=actor, lifted_by=clinician_id)
    return consent.id


def withdraw_consent(session: Session, participant_id: uuid.UUID, *, actor: Actor) -> uuid.UUID:
    """The participant took their consent back: the bot stops at once; open risk stays open."""
    participant = _participant(session, participant_id)
    consents = table_of(Consent)
    now = db_session.now(session)
    session.execute(
        update(consents)
        .where(consents.c.participant_id == participant_id, consents.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    event = Event("consent.withdraw", actor, study_id=participant.study_id, subject=participant_id)
    record(session, event)
    stop_id = open_stop(
        session,
        participant.study_id,
        scope=StopScope.PARTICIPANT,
        cause=StopCause.CONSENT_WITHDRAWN,
        reason="consent withdrawn",
        actor=actor,
        participant_id=participant_id,
    )
    recall_stopped(session, now=now)
    return stop_id


def _participant(session: Session, participant_id: uuid.UUID) -> Participant:
    found = session.get(Participant, participant_id)
    if found is None:
        raise NotFound("no such participant")
    return found


def _role(session: Session, clinician_id: uuid.UUID) -> Role:
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == clinician_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role is None:
        raise NotPermitted("this person is not on the team any more")
    return Role(role)

"""The closure record of a case: written on, completed, signed, co-signed. Signed it is final."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import (
    CaseForm,
    CaseRecord,
    Clinician,
    Escalation,
    FollowUp,
    Message,
    WelfareCheck,
    new_id,
    table_of,
)
from oversight.domain.closure import (
    FIELDS,
    OPTIONAL,
    SignatureMeaning,
    Standing,
    closing_missing,
)
from oversight.domain.contact import tried_enough
from oversight.domain.errors import Conflict, Incomplete, NotFound, NotPermitted, StaleVersion
from oversight.domain.follow_ups import follow_ups_due
from oversight.domain.ladder import escalates
from oversight.domain.permissions import Role
from oversight.domain.severity import Severity, worst
from oversight.services.attempts import attempts_of
from oversight.services.case_events import note_case
from oversight.services.escalating import locked_escalation, require_reader, resolve
from oversight.services.locking import lock_conversation, lock_open_items
from oversight.services.people import knows_password

LONGEST_FIELD = 8_000


def open_record(session: Session, escalation_id: uuid.UUID) -> CaseRecord:
    """The case's record, begun if need be with what the system knows: the message that began it."""
    escalation = escalation_of(session, escalation_id)
    trigger = session.scalars(
        select(Message).where(Message.item_id == escalation.item_id).order_by(Message.sequence)
    ).all()
    gravest = max(trigger, key=lambda one: Severity(one.severity).rank, default=None)
    row = insert(CaseRecord).values(
        id=new_id(),
        escalation_id=escalation_id,
        study_id=escalation.study_id,
        conversation_id=escalation.conversation_id,
        fields={"trigger_message_id": str(gravest.id)} if gravest is not None else {},
    )
    session.execute(row.on_conflict_do_nothing())
    return record_of(session, escalation_id)


def save_record(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    fields: Mapping[str, str],
    assigned: Severity | None,
    version: int,
) -> int:
    """Keep unfinished wording; returns the new version. StaleVersion when somebody was faster."""
    require_reader(session, clinician_id)
    unknown = sorted(set(fields) - set(FIELDS) - OPTIONAL)
    if unknown or any(len(value) > LONGEST_FIELD for value in fields.values()):
        raise Incomplete(f"no such field, or one over {LONGEST_FIELD:,} characters: {unknown}")
    records = table_of(CaseRecord)
    saved = session.execute(
        update(records)
        .where(
            records.c.escalation_id == escalation_id,
            records.c.version == version,
            records.c.signed_at.is_(None),
        )
        .values(fields=dict(fields), assigned=assigned, version=version + 1)
        .returning(records.c.version)
    ).one_or_none()
    if saved is None:
        raise StaleVersion("the record was saved or signed meanwhile: look at it again")
    return version + 1


def still_missing(session: Session, escalation_id: uuid.UUID) -> tuple[str, ...]:
    """What keeps the case from closing, in words; empty means it can be signed."""
    escalation = escalation_of(session, escalation_id)
    kept = record_of(session, escalation_id)
    forms = _newest_forms(session, escalation_id)
    severity = Severity(escalation.severity)
    ordered = session.scalar(
        select(WelfareCheck.ordered_at).where(WelfareCheck.escalation_id == escalation_id)
    )
    levels = session.scalars(select(Message.severity).where(Message.item_id == escalation.item_id))
    said = [Severity(one) for one in levels]
    open_items = lock_open_items(session, [escalation.conversation_id])
    standing = Standing(
        assigned=Severity(kept.assigned) if kept.assigned else None,
        model_level=worst(said) if said else severity,
        screener_complete="screener" in forms,
        safety_plan_complete="safety_plan" in forms,
        tried_enough=tried_enough(
            severity, attempts_of(session, escalation_id), welfare_check_ordered=ordered is not None
        ),
        follow_ups_owned=_follow_ups_owned(session, escalation),
        adverse_event_assessed="adverse_event" in forms,
        conversation_answered=not any(escalates(Severity(one.severity)) for one in open_items),
    )
    return closing_missing(kept.fields, standing)


def sign_and_close(
    session: Session,
    escalation_id: uuid.UUID,
    clinician_id: uuid.UUID,
    *,
    password: str,
    version: int,
    now: datetime,
) -> str:
    """Sign the record as its author and resolve the escalation; returns the signed digest.

    Refused until everything required stands, with all that is missing named. The password is the
    signature: it is asked for again, whoever sits there.
    """
    lock_conversation(session, escalation_of(session, escalation_id).conversation_id)
    escalation = locked_escalation(session, escalation_id)
    kept = record_of(session, escalation_id)
    if kept.signed_at is not None:
        raise Conflict("this record is signed already")
    if kept.version != version:
        raise StaleVersion("the record was saved meanwhile: read it again before you sign")
    complete(still_missing(session, escalation_id))
    require_reader(session, clinician_id)
    if not knows_password(session, clinician_id, password):
        raise NotPermitted("the password is wrong: nothing was signed")
    digest = _digest(session, kept)
    kept.signed_by, kept.signed_at = clinician_id, now
    kept.signed_meaning, kept.digest = SignatureMeaning.AUTHOR, digest
    session.flush()
    note_case(session, "case.sign", escalation, clinician_id, digest=digest)
    disposition = kept.fields["disposition"]
    resolve(session, escalation_id, clinician_id, resolution=disposition, now=now)
    return digest


def cosign(
    session: Session,
    escalation_id: uuid.UUID,
    supervisor_id: uuid.UUID,
    *,
    password: str,
    now: datetime,
) -> None:
    """A supervisor who did not write it has reviewed it. NotPermitted when it was changed since."""
    role = session.scalar(
        select(Clinician.role).where(
            Clinician.id == supervisor_id, Clinician.deactivated_at.is_(None)
        )
    )
    if role != Role.SUPERVISOR:
        raise NotPermitted("only a supervisor co-signs a case")
    kept = record_of(session, escalation_id, lock=True)
    if kept.signed_by is None:
        raise NotPermitted("nobody has signed this record yet")
    if kept.signed_by == supervisor_id:
        raise NotPermitted("a second person must co-sign: you wrote it yourself")
    if kept.cosigned_by is not None:
        raise Conflict("this record is co-signed already")
    if not knows_password(session, supervisor_id, password):
        raise NotPermitted("the password is wrong: nothing was signed")
    if _digest(session, kept) != kept.digest:
        raise NotPermitted("what was signed and what is stored differ: tell your administrator")
    kept.cosigned_by, kept.cosigned_at = supervisor_id, now
    kept.cosigned_meaning = SignatureMeaning.REVIEW
    session.flush()
    note_case(session, "case.cosign", escalation_of(session, escalation_id), supervisor_id)


def complete(missing: Sequence[str]) -> None:
    """Incomplete, naming all that is missing."""
    if missing:
        raise Incomplete(f"still missing: {'; '.join(missing)}", missing=list(missing))


def _follow_ups_owned(session: Session, escalation: Escalation) -> bool:
    owners = session.scalars(
        select(FollowUp.due_at)
        .join(Clinician, Clinician.id == FollowUp.owner_id)
        .where(FollowUp.escalation_id == escalation.id, Clinician.deactivated_at.is_(None))
    ).all()
    wanted = follow_ups_due(Severity(escalation.severity), escalation.opened_at)
    return set(wanted) <= set(owners)


def _newest_forms(session: Session, escalation_id: uuid.UUID) -> dict[str, CaseForm]:
    rows = session.scalars(
        select(CaseForm)
        .where(CaseForm.escalation_id == escalation_id)
        .order_by(CaseForm.at, CaseForm.id)
    )
    return {row.kind: row for row in rows}


def _digest(session: Session, kept: CaseRecord) -> str:
    """SHA-256 over everything that is signed, in one fixed form."""
    forms = _newest_forms(session, kept.escalation_id)
    attempts = attempts_of(session, kept.escalation_id)
    told = {
        "escalation": str(kept.escalation_id),
        "fields": kept.fields,
        "assigned": kept.assigned,
        "forms": {kind: form.content for kind, form in forms.items()},
        "attempts": [[one.at.isoformat(), one.channel, one.outcome] for one in attempts],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def escalation_of(session: Session, escalation_id: uuid.UUID) -> Escalation:
    """The escalation of a case; NotFound without one."""
    found = session.get(Escalation, escalation_id)
    if found is None:
        raise NotFound("no such escalation", escalation_id=str(escalation_id))
    return found


def record_of(session: Session, escalation_id: uuid.UUID, *, lock: bool = False) -> CaseRecord:
    """The record of a case; NotFound where nobody opened it."""
    question = select(CaseRecord).where(CaseRecord.escalation_id == escalation_id)
    if lock:
        question = question.with_for_update()
    found = session.scalars(question.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("this case has no record yet: open it first")
    return found

"""The list of open items as one reader filters it, with counts of what they would see."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from db.rows import listed, spelled
from db.session import now as database_now
from db.tables import (
    Arm,
    Claim,
    Clinician,
    Conversation,
    Draft,
    Escalation,
    Participant,
    ReviewItem,
    Snooze,
)
from oversight.domain.errors import Incomplete, NotPermitted
from oversight.domain.lifecycle import DraftStatus, EscalationStatus, ItemStatus
from oversight.domain.permissions import Role
from oversight.domain.routing import GoesTo, goes_to, may_read
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind
from oversight.queries.on_call import on_call
from oversight.queries.queue_filter import QueueFilter, Show


@dataclass(frozen=True)
class ListedItem:
    """One open item in the list: enough to see what waits and who has it, and nothing said.

    ``owner`` has its escalation, ``holder`` has it open, ``set_aside_by`` snoozed it until
    ``back_at``. ``for_me``: whether it is offered to this reader by its language.
    """

    item_id: uuid.UUID
    participant: str
    arm: str
    kind: ItemKind
    severity: Severity
    status: ItemStatus
    deadline_at: datetime
    opened_at: datetime
    language: str | None
    goes_to: GoesTo
    for_me: bool
    holder: str | None
    owner: str | None
    set_aside_by: str | None
    back_at: datetime | None
    held: bool
    mine: bool
    undelivered: bool
    version: int


@dataclass(frozen=True)
class Counts:
    """How many open items there are under a filter."""

    by_severity: Mapping[Severity, int]
    overdue: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_severity.values())


@dataclass(frozen=True)
class FilteredQueue:
    """The worst lines first, and how many there are of them in all."""

    lines: Sequence[ListedItem]
    counts: Counts
    at: datetime


@dataclass(frozen=True)
class Choices:
    """How many open items each choice alone would show, for the buttons of the filter.

    ``unread_languages``: items below high in a language that nobody on duty reads, by language.
    They go to a supervisor.
    """

    arms: Mapping[str, int]
    languages: Mapping[str, int]
    severities: Mapping[Severity, int]
    show: Mapping[Show, int]
    unread_languages: Mapping[str, int]


_OPEN = ReviewItem.status != spelled(ItemStatus.CLOSED)[0]
"""Spelled out, not a parameter: only so is the index of what is open sure to be used."""
_HOLDER, _OWNER, _SNOOZER = aliased(Clinician), aliased(Clinician), aliased(Clinician)
_ARM = func.coalesce(Arm.name, "default")
_HELD = and_(
    ReviewItem.kind == ItemKind.REVIEW,
    select(Draft.id)
    .where(Draft.conversation_id == ReviewItem.conversation_id, Draft.status == DraftStatus.HELD)
    .exists(),
)


def filtered_queue(
    session: Session, clinician_id: uuid.UUID, chosen: QueueFilter, *, limit: int = 40
) -> FilteredQueue:
    """Open items that fit the filter, in the order in which they are handed out.

    Raises Incomplete for an arm that no study has, NotPermitted for whoever is not on the team.
    """
    reader = _reader(session, clinician_id)
    _check_arms(session, chosen.arms)
    at = database_now(session)
    counted = session.execute(
        _chosen(
            chosen,
            clinician_id,
            ReviewItem.severity,
            func.count(),
            func.count().filter(ReviewItem.deadline_at < func.oversight_now()),
        ).group_by(ReviewItem.severity)
    ).all()
    worst_first = (ReviewItem.priority.desc(), ReviewItem.deadline_at, ReviewItem.id)
    ids = session.scalars(
        _chosen(chosen, clinician_id, ReviewItem.id).order_by(*worst_first).limit(limit)
    ).all()
    rows = session.execute(
        _open_items(*_columns(clinician_id))
        .where(listed(ReviewItem.id, "ids"))
        .order_by(*worst_first),
        {"ids": list(ids)},
    ).all()
    foreign = {row.language for row in rows} - {None, *reader.languages}
    read_on_duty = _read_on_duty(session, at) if foreign else frozenset(reader.languages)
    return FilteredQueue(
        lines=[_line(row, reader, read_on_duty) for row in rows],
        counts=Counts(
            {Severity(row[0]): row[1] for row in counted}, sum(row[2] for row in counted)
        ),
        at=at,
    )


def choices(session: Session, clinician_id: uuid.UUID) -> Choices:
    """What can be chosen, and how many open items each choice alone would show."""
    _reader(session, clinician_id)
    shown = [func.count().filter(_shows(one, clinician_id)) for one in Show]
    totals = session.execute(_open_items(*shown)).one()
    groups = session.execute(
        _open_items(_ARM, ReviewItem.language, ReviewItem.severity, func.count()).group_by(
            _ARM, ReviewItem.language, ReviewItem.severity
        )
    ).all()
    arms: dict[str, int] = dict.fromkeys(session.scalars(select(Arm.name).distinct()), 0)
    languages: dict[str, int] = {}
    severities = dict.fromkeys(Severity, 0)
    unread: dict[str, int] = {}
    read_on_duty = _read_on_duty(session, database_now(session))
    for arm, language, severity, count in groups:
        arms[arm] = arms.get(arm, 0) + count
        severities[Severity(severity)] += count
        if language is not None:
            languages[language] = languages.get(language, 0) + count
            route = goes_to(language, Severity(severity), read_on_duty=read_on_duty)
            if route is GoesTo.SUPERVISOR:
                unread[language] = unread.get(language, 0) + count
    return Choices(
        arms=dict(sorted(arms.items())),
        languages=dict(sorted(languages.items())),
        severities=severities,
        show=dict(zip(Show, totals, strict=True)),
        unread_languages=dict(sorted(unread.items())),
    )


def _reader(session: Session, clinician_id: uuid.UUID) -> Clinician:
    found = session.get(Clinician, clinician_id)
    if found is None or found.deactivated_at is not None:
        raise NotPermitted("only people on the team see the queue")
    return found


def _check_arms(session: Session, arms: Collection[str]) -> None:
    known = set(session.scalars(select(Arm.name).distinct())) if arms else set()
    unknown = sorted(set(arms) - known)
    if unknown:
        raise Incomplete(
            f"arm {unknown[0]!r} is not known: choose among {', '.join(sorted(known))}", field="arm"
        )


def _chosen(chosen: QueueFilter, clinician_id: uuid.UUID, *columns: Any) -> Select[Any]:
    """Open items that fit the filter; joined with others only where the filter looks at them.

    With ten thousand waiting the joins took nine tenths of the time.
    """
    conditions = _conditions(chosen, clinician_id)
    if chosen.arms or chosen.show:
        return _open_items(*columns).where(*conditions)
    return select(*columns).where(_OPEN, *conditions)


def _open_items(*columns: Any) -> Select[Any]:  # Any: whatever is asked of the items
    """Everything open, joined with whatever a filter or a line looks at; one row an item."""
    return (
        select(*columns)
        .select_from(ReviewItem)
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
        .outerjoin(Snooze, and_(Snooze.item_id == ReviewItem.id, Snooze.ended_at.is_(None)))
        .outerjoin(
            Escalation,
            and_(
                Escalation.conversation_id == ReviewItem.conversation_id,
                Escalation.status != EscalationStatus.RESOLVED,
                ReviewItem.kind == ItemKind.REVIEW,
            ),
        )
        .outerjoin(_HOLDER, _HOLDER.id == Claim.clinician_id)
        .outerjoin(_OWNER, _OWNER.id == Escalation.owner_id)
        .outerjoin(_SNOOZER, _SNOOZER.id == Snooze.clinician_id)
        .where(_OPEN)
    )


def _columns(clinician_id: uuid.UUID) -> Sequence[ColumnElement[Any]]:
    return (
        ReviewItem.id.label("item_id"),
        Participant.external_id.label("participant"),
        _ARM.label("arm"),
        ReviewItem.kind.label("kind"),
        ReviewItem.severity.label("severity"),
        ReviewItem.status.label("status"),
        ReviewItem.deadline_at.label("deadline_at"),
        ReviewItem.opened_at.label("opened_at"),
        ReviewItem.language.label("language"),
        _HOLDER.name.label("holder"),
        _OWNER.name.label("owner"),
        _SNOOZER.name.label("set_aside_by"),
        Snooze.until_at.label("back_at"),
        _HELD.label("held"),
        func.coalesce(_shows(Show.MINE, clinician_id), literal(False)).label("mine"),  # noqa: FBT003
        ReviewItem.undelivered_at.is_not(None).label("undelivered"),
        ReviewItem.version.label("version"),
    )


def _shows(show: Show, clinician_id: uuid.UUID) -> ColumnElement[bool]:
    conditions: Mapping[Show, ColumnElement[bool]] = {
        Show.MINE: or_(
            Claim.clinician_id == clinician_id,
            Snooze.clinician_id == clinician_id,
            Escalation.owner_id == clinician_id,
            and_(
                ReviewItem.assigned_to == clinician_id,
                ReviewItem.assigned_until > func.oversight_now(),
            ),
        ),
        Show.HELD: _HELD,
        Show.AUDIT: ReviewItem.kind == ItemKind.AUDIT,
        Show.SNOOZED: ReviewItem.status == ItemStatus.SNOOZED,
    }
    return conditions[show]


def _conditions(chosen: QueueFilter, clinician_id: uuid.UUID) -> list[ColumnElement[bool]]:
    found = [_shows(one, clinician_id) for one in chosen.show]
    if chosen.arms:
        found.append(_ARM.in_(chosen.arms))
    if chosen.languages:
        found.append(ReviewItem.language.in_(chosen.languages))
    if chosen.severities:
        found.append(ReviewItem.severity.in_([one.value for one in chosen.severities]))
    return found


def _read_on_duty(session: Session, at: datetime) -> frozenset[str]:
    """The languages that the people on duty read between them."""
    people = on_call(session, ["shift"], now=at)
    known = session.scalars(select(Clinician.languages).where(Clinician.id.in_(people)))
    return frozenset(one for languages in known for one in languages)


def _line(row: Any, reader: Clinician, read_on_duty: Collection[str]) -> ListedItem:
    values = dict(row._mapping)
    severity = Severity(values.pop("severity"))
    return ListedItem(
        kind=ItemKind(values.pop("kind")),
        severity=severity,
        status=ItemStatus(values.pop("status")),
        goes_to=goes_to(row.language, severity, read_on_duty=read_on_duty),
        for_me=may_read(row.language, severity, languages=reader.languages, role=Role(reader.role)),
        **values,
    )

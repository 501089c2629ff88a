"""Who may do what. The buttons shown and the actions accepted come from these functions."""

from dataclasses import dataclass
from enum import StrEnum

from oversight.domain.flags import Grade
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.severity import Severity, at_least
from oversight.domain.snoozing import snoozable
from oversight.domain.words import ShiftPosition


class Role(StrEnum):
    """The four kinds of people who sign in."""

    CLINICIAN = "clinician"
    SUPERVISOR = "supervisor"
    STUDY_LEAD = "study_lead"
    ADMIN = "admin"


class Page(StrEnum):
    """The console's screens."""

    TRIAGE = "triage"
    TOGETHER = "together"
    SHIFT = "shift"
    CONVERSATION = "conversation"
    RECORD = "record"
    QUALITY = "quality"
    METRICS = "metrics"
    ESCALATIONS = "escalations"
    CASE = "case"
    ON_CALL = "on_call"
    INBOX = "inbox"


PAGES: dict[Role, tuple[Page, ...]] = {
    Role.CLINICIAN: (
        Page.TRIAGE,
        Page.TOGETHER,
        Page.SHIFT,
        Page.ESCALATIONS,
        Page.CASE,
        Page.ON_CALL,
        Page.INBOX,
        Page.CONVERSATION,
        Page.RECORD,
    ),
    Role.SUPERVISOR: (
        Page.TRIAGE,
        Page.TOGETHER,
        Page.SHIFT,
        Page.ESCALATIONS,
        Page.CASE,
        Page.ON_CALL,
        Page.INBOX,
        Page.QUALITY,
        Page.CONVERSATION,
        Page.RECORD,
        Page.METRICS,
    ),
    Role.STUDY_LEAD: (
        Page.METRICS,
        Page.QUALITY,
        Page.ESCALATIONS,
        Page.CASE,
        Page.ON_CALL,
        Page.INBOX,
        Page.CONVERSATION,
        Page.RECORD,
    ),
    Role.ADMIN: (Page.METRICS, Page.ON_CALL, Page.INBOX, Page.RECORD),
}


class Action(StrEnum):
    """What a reader can do with a review item."""

    CLAIM = "claim"
    UNCLAIM = "unclaim"
    SKIP = "skip"
    SNOOZE = "snooze"
    APPROVE = "approve"
    EDIT = "edit"
    REPLACE = "replace"
    WITHHOLD = "withhold"
    ESCALATE = "escalate"
    MARK_READ = "mark_read"
    RESEND = "resend"
    REACHED = "reached"
    ACKNOWLEDGE = "acknowledge"
    LOWER = "lower"


NEEDS_CURRENT_VERSION = frozenset(
    {
        Action.APPROVE,
        Action.EDIT,
        Action.REPLACE,
        Action.MARK_READ,
        Action.RESEND,
        Action.REACHED,
        Action.SNOOZE,
    }
)
"""Decisions refused when something new has arrived. Withhold and escalate are never stale."""

NEEDS_REASON = frozenset(
    {
        Action.WITHHOLD,
        Action.ESCALATE,
        Action.SKIP,
        Action.SNOOZE,
        Action.LOWER,
        Action.REACHED,
    }
)
"""Actions that the server refuses without a written reason."""

NEEDS_TEXT = frozenset({Action.EDIT, Action.REPLACE})
"""Actions that send words of a person's own."""

MAY_FLAG = frozenset({Action.EDIT, Action.REPLACE, Action.WITHHOLD})
NEEDS_FLAG = frozenset({Action.EDIT})
"""Actions refused without saying what was wrong: the study learns from what was changed."""


@dataclass(frozen=True)
class ItemView:
    """The few facts of an item that permissions depend on.

    A claimed item that nobody holds is one whose lease ran out: anybody may take it.
    """

    status: ItemStatus
    severity: Severity
    claimed_by: str | None
    draft_held: bool
    reply_grade: Grade
    escalation_unowned: bool
    ai_blocked: bool
    undelivered: bool = False
    escalated: bool = False


def names_next_owner(severity: Severity) -> bool:
    """Whether passing an item on must say who has it next: high and imminent wait for nobody."""
    return at_least(severity, Severity.L3)


def plans_rota(role: Role) -> bool:
    """Whether the role plans other people's duty. Everybody asks for their own leave and swaps."""
    return role in (Role.SUPERVISOR, Role.STUDY_LEAD, Role.ADMIN)


def answers_for(role: Role, position: ShiftPosition) -> bool:
    """Whether somebody of this role may stand at a position of the ladder."""
    if position is ShiftPosition.STUDY_LEAD:
        return role is Role.STUDY_LEAD
    if position is ShiftPosition.SUPERVISOR:
        return role is Role.SUPERVISOR
    return reads_items(role)


def reads_items(role: Role) -> bool:
    """Whether the role takes part in triage."""
    return role in (Role.CLINICIAN, Role.SUPERVISOR)


def allowed_actions(item: ItemView, *, clinician_id: str, role: Role) -> frozenset[Action]:
    """Every action that this person may take on this item now."""
    if not reads_items(role) or item.status is ItemStatus.CLOSED:
        return frozenset()
    acknowledge = {Action.ACKNOWLEDGE} if item.escalation_unowned else set()
    if item.status is not ItemStatus.CLAIMED or item.claimed_by is None:
        return frozenset({Action.CLAIM} | acknowledge)
    if item.claimed_by != clinician_id:
        return frozenset(acknowledge)
    return frozenset(
        {Action.UNCLAIM, Action.SKIP, Action.ESCALATE}
        | acknowledge
        | _decisions(item)
        | ({Action.LOWER} if at_least(item.severity, Severity.L1) else set())
        | ({Action.SNOOZE} if _may_wait(item) else set())
    )


def _may_wait(item: ItemView) -> bool:
    """Whether it can be set aside; that it has time left is asked when it is."""
    return snoozable(item.severity) and not (item.escalated or item.undelivered)


def _decisions(item: ItemView) -> set[Action]:
    """Approve is not offered for H3; the bot's words are never offered where AI is blocked.

    Reading alone is no answer to a text that may not have arrived.
    """
    doubts = {Action.RESEND, Action.REACHED} if item.undelivered else set()
    if not item.draft_held:
        return doubts | {Action.REPLACE} if doubts else {Action.MARK_READ, Action.REPLACE}
    decisions = doubts | {Action.REPLACE, Action.WITHHOLD}
    if not item.ai_blocked:
        decisions.add(Action.EDIT)
        if item.reply_grade in (Grade.H0, Grade.H1):
            decisions.add(Action.APPROVE)
    return decisions

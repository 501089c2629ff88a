"""The remaining vocabulary of the record: kinds, sources and actors. Values are stored as text."""

from enum import StrEnum


class ItemKind(StrEnum):
    """A review item is ordinary work; an audit item is a sampled, already released turn."""

    REVIEW = "review"
    AUDIT = "audit"


class Scoring(StrEnum):
    """Whether a text has its score. A failed score stays failed: rescoring may only raise."""

    PENDING = "pending"
    SCORED = "scored"
    FAILED = "failed"


class DecisionKind(StrEnum):
    """What was chosen; release, bridge and recall may come from a policy."""

    APPROVE = "approve"
    EDIT = "edit"
    REPLACE = "replace"
    WITHHOLD = "withhold"
    ESCALATE = "escalate"
    MARK_READ = "mark_read"
    LOWER = "lower"
    RECALL = "recall"
    CORRECT = "correct"
    RETRACT = "retract"
    RESEND = "resend"
    REACHED = "reached"
    RELEASE = "release"
    BRIDGE = "bridge"


class DeliveryKind(StrEnum):
    """What a delivered text is to the participant."""

    REPLY = "reply"
    BRIDGE = "bridge"
    NOTE = "note"
    CLINICIAN = "clinician"
    CORRECTION = "correction"
    RETRACTION = "retraction"


class ClaimEnd(StrEnum):
    """How a claim ended."""

    DECIDED = "decided"
    RETURNED = "returned"
    SKIPPED = "skipped"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    LAPSED = "lapsed"
    HANDED_OVER = "handed_over"


class ActorKind(StrEnum):
    """Who did something that stands in the audit record."""

    CLINICIAN = "clinician"
    BOT = "bot"
    SYSTEM = "system"


class ShiftPosition(StrEnum):
    """Which step of the ladder somebody on call answers for."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    SUPERVISOR = "supervisor"
    STUDY_LEAD = "study_lead"


class ModelState(StrEnum):
    """What a classifier other than the shipped one is used for."""

    LIVE = "live"
    SHADOW = "shadow"
    RETIRED = "retired"

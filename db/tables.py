"""Every table, by name. Importing this module completes ``Base.metadata``."""

from db.base import Base, new_id, table_of
from db.tables_calls import Escalation, Paging, Shift
from db.tables_people import (
    Arm,
    Clinician,
    Participant,
    PolicyVersion,
    SignIn,
    SignInFailure,
    Study,
    StudyKey,
)
from db.tables_review import (
    AuditEvent,
    Claim,
    Decision,
    Delivery,
    LevelChange,
    Rating,
    ReviewItem,
    Skip,
    WorkingText,
)
from db.tables_talk import (
    Conversation,
    Draft,
    Evidence,
    Message,
    RiskAssessment,
    ScoringModel,
    ScoringWork,
)

__all__ = [
    "Arm",
    "AuditEvent",
    "Base",
    "Claim",
    "Clinician",
    "Conversation",
    "Decision",
    "Delivery",
    "Draft",
    "Escalation",
    "Evidence",
    "LevelChange",
    "Message",
    "Paging",
    "Participant",
    "PolicyVersion",
    "Rating",
    "ReviewItem",
    "RiskAssessment",
    "ScoringModel",
    "ScoringWork",
    "Shift",
    "SignIn",
    "SignInFailure",
    "Skip",
    "Study",
    "StudyKey",
    "WorkingText",
    "new_id",
    "table_of",
]

"""Follow-ups after a case: when each is due, and when silence is told to others."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from oversight.domain.severity import Severity

AFTER: Mapping[Severity, Sequence[timedelta]] = {
    Severity.L4: (
        timedelta(hours=24),
        timedelta(hours=72),
        *(timedelta(weeks=number) for number in (1, 2, 3, 4)),
    ),
    Severity.L3: (timedelta(hours=24), timedelta(hours=72)),
}
"""From the opening of the escalation (protocol, section 3)."""

TOLD_TO_OTHERS_AFTER = timedelta(hours=1)
"""A follow-up still missed so long after its owner was paged is told to the supervisors."""


def follow_ups_due(severity: Severity, opened_at: datetime) -> tuple[datetime, ...]:
    """When the follow-ups of a case at this level are due, the earliest first."""
    level = Severity.L4 if severity is Severity.L4 else Severity.L3
    return tuple(opened_at + after for after in AFTER[level])

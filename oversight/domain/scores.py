"""What a score does to a message: the first one sets its level, every later one only raises it."""

from oversight.domain.severity import Severity, worst
from oversight.domain.words import Scoring


def level_after(
    before: Severity, scoring: Scoring, scored: Severity | None, *, floor: Severity | None
) -> Severity:
    """The level of a message once a score has come.

    ``scored`` is the classifier's level, None when it failed: then a person looks. ``floor`` is
    the level that the phrase rules demand. Only "not scored yet" may give way to something lower.
    """
    levels = [scored or Severity.LU]
    if floor is not None:
        levels.append(floor)
    if scoring is not Scoring.PENDING or before is not Severity.LU:
        levels.append(before)
    return worst(levels)


def scoring_after(before: Scoring, *, scored: bool) -> Scoring:
    """A failure never takes back a score."""
    if scored:
        return Scoring.SCORED
    return before if before is Scoring.SCORED else Scoring.FAILED

"""What may be set aside, and for how long at most."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.severity import Severity, at_least
from oversight.domain.snoozing import (
    LONGEST,
    Waiting,
    latest_until,
    reasons_against,
    snoozable,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALM = Waiting(
    severity=Severity.L1,
    deadline_at=NOW + timedelta(hours=20),
    escalated=False,
    undelivered=False,
    lowering_unconfirmed=False,
    supervisor=False,
)
waits = st.builds(
    Waiting,
    severity=st.sampled_from(Severity),
    deadline_at=st.integers(-5_000, 5_000).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    escalated=st.booleans(),
    undelivered=st.booleans(),
    lowering_unconfirmed=st.booleans(),
    supervisor=st.booleans(),
)


@pytest.mark.parametrize("severity", Severity)
def test_high_imminent_and_not_scored_are_never_set_aside(severity: Severity) -> None:
    grave = severity is Severity.LU or at_least(severity, Severity.L3)
    assert snoozable(severity) is not grave
    assert bool(reasons_against(replace(CALM, severity=severity, supervisor=True))) is grave


@pytest.mark.parametrize("doubt", ["escalated", "undelivered", "lowering_unconfirmed"])
def test_each_thing_that_cannot_wait_alone_is_enough(doubt: str) -> None:
    assert reasons_against(CALM) == ()
    assert len(reasons_against(replace(CALM, **{doubt: True}))) == 1  # type: ignore[arg-type]


@given(waits)
def test_nobody_but_a_supervisor_sets_aside_beyond_the_deadline(waiting: Waiting) -> None:
    latest = latest_until(waiting, NOW)
    assert latest <= NOW + LONGEST.get(waiting.severity, timedelta(0))
    assert waiting.supervisor or latest <= waiting.deadline_at


@given(waits, st.sampled_from(Severity))
def test_what_is_graver_never_waits_longer(waiting: Waiting, other: Severity) -> None:
    worse = replace(waiting, severity=other)
    if other.rank >= waiting.severity.rank:
        assert latest_until(worse, NOW) <= latest_until(waiting, NOW)

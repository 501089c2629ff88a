"""What may be decided together, and each thing that alone keeps it out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.bulk import HARMLESS, REASONS, Band, Stretch, action_for, reasons_against
from oversight.domain.errors import Incomplete
from oversight.domain.flags import Grade
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.severity import Severity

HARMLESS_ONE = Stretch(
    severity=Severity.L1,
    status=ItemStatus.WAITING,
    all_scored=True,
    draft_held=True,
    draft_grade=Grade.H0,
    escalated=False,
    undelivered=False,
    refused_message=False,
    lowered=False,
    taken_over=False,
    ai_blocked=False,
    own_level_first=False,
    switched_on=True,
)
DOUBTS = [
    *[("severity", one) for one in Severity if one not in HARMLESS],
    *[("status", one) for one in ItemStatus if one is not ItemStatus.WAITING],
    *[("draft_grade", one) for one in Grade if one is not Grade.H0],
    ("all_scored", False),
    ("switched_on", False),
    *[
        (name, True)
        for name in ("escalated", "undelivered", "refused_message", "lowered", "taken_over")
    ],
    ("ai_blocked", True),
    ("own_level_first", True),
]


@pytest.mark.parametrize(("what", "value"), DOUBTS)
def test_each_doubt_alone_keeps_it_out(what, value):
    assert reasons_against(HARMLESS_ONE) == ()
    (reason,) = reasons_against(replace(HARMLESS_ONE, **{what: value}))
    assert REASONS[reason]


def test_the_doubts_tested_are_all_there_are():
    found = {reasons_against(replace(HARMLESS_ONE, **{what: value}))[0] for what, value in DOUBTS}
    assert found == set(REASONS)


@given(st.builds(Stretch))
def test_nothing_above_low_and_nothing_unscored_is_ever_decided_together(stretch: Stretch):
    if not reasons_against(stretch):
        assert stretch.severity in (Severity.L0, Severity.L1)
        assert stretch.all_scored
        assert stretch.status is ItemStatus.WAITING
        if action_for(stretch) is Action.APPROVE:
            assert stretch.draft_grade is Grade.H0


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.5), (0.5, 1.1), (0.6, 0.5), (float("nan"), 1)])
def test_a_band_lies_between_nought_and_one(low, high):
    with pytest.raises(Incomplete):
        Band(low, high)

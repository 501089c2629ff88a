"""How much was read, where the limits are, when a break is due."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.exposure import (
    ExposureLimits,
    Load,
    Reading,
    exposure,
    reading_block,
    strictest,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = ExposureLimits()
ITEMS = [uuid.UUID(int=number) for number in range(6)]


def reading(began: float, ended: float, *, item: int = 0, heavy: bool = False) -> Reading:
    """In minutes before now."""
    return Reading(
        ITEMS[item],
        NOW - timedelta(minutes=began),
        NOW - timedelta(minutes=ended),
        heavy,
    )


readings = st.lists(
    st.builds(
        lambda began, length, item, heavy: reading(
            began, max(0, began - length), item=item, heavy=heavy
        ),
        st.integers(0, 600),
        st.integers(0, 60),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=12,
)


def test_an_item_opened_twice_is_one_and_its_minutes_add_up():
    found = exposure(
        [reading(60, 50, heavy=True), reading(20, 15, heavy=True), reading(10, 8, item=1)],
        since=NOW - timedelta(hours=2),
    )
    assert (found.items, found.heavy_items) == (2, 1)
    assert (found.minutes, found.heavy_minutes) == (17, 15)


def test_only_what_was_read_in_the_shift_counts():
    found = exposure([reading(60, 20, heavy=True)], since=NOW - timedelta(minutes=30))
    assert (found.heavy_items, found.heavy_minutes) == (1, 10)
    assert exposure([reading(60, 20)], since=NOW - timedelta(minutes=20)).items == 0


@pytest.mark.parametrize(
    ("count", "load"),
    [(0, Load.BELOW), (7, Load.BELOW), (8, Load.SOFT), (11, Load.SOFT), (12, Load.HARD)],
)
def test_the_limits_are_reached_with_their_number(count, load):
    found = [
        Reading(uuid.UUID(int=n), NOW - timedelta(minutes=5), NOW, heavy=True) for n in range(count)
    ]
    assert exposure(found, since=NOW - timedelta(hours=1)).load(LIMITS) is load


@given(readings)
def test_heavy_is_never_more_than_all(found):
    summed = exposure(found, since=NOW - timedelta(hours=5))
    assert summed.heavy_items <= summed.items <= len(found)
    assert 0 <= summed.heavy_minutes <= summed.minutes


@given(readings)
def test_a_block_holds_no_break_and_ends_now(found):
    block = reading_block(found, LIMITS, now=NOW)
    pause = timedelta(minutes=LIMITS.break_minutes)
    if block is None:
        assert all(NOW - one.ended_at >= pause for one in found)
        return
    assert block.due == (NOW - block.began_at >= timedelta(minutes=LIMITS.block_minutes))
    within = sorted(
        (one for one in found if one.began_at >= block.began_at), key=lambda one: one.began_at
    )
    reached = block.began_at
    for one in within:
        assert one.began_at - reached < pause
        reached = max(reached, one.ended_at)
    assert NOW - reached < pause


def test_a_break_is_due_after_a_block_and_ends_it():
    going_on = [reading(55, 40), reading(35, 20), reading(15, 0)]
    assert reading_block(going_on, LIMITS, now=NOW).due
    assert not reading_block(going_on[1:], LIMITS, now=NOW).due
    assert reading_block(going_on[:2], LIMITS, now=NOW) is None
    assert reading_block([], LIMITS, now=NOW) is None


def test_under_several_policies_the_strictest_holds():
    assert strictest([]) == ExposureLimits()
    assert strictest([ExposureLimits(5, 20, 60, 5), ExposureLimits(8, 9, 40, 15)]) == (
        ExposureLimits(5, 9, 40, 15)
    )

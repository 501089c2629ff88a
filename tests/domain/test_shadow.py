"""What a comparison counts, and what it leaves out."""

from __future__ import annotations

import pytest

from oversight.domain.severity import Severity
from oversight.domain.shadow import Judged, Table, against_people

L0, L1, L2, L3, L4, LU = (
    Severity.L0, Severity.L1, Severity.L2, Severity.L3, Severity.L4, Severity.LU,
)  # fmt: skip


def test_a_text_that_either_could_not_score_is_neither_raised_nor_lowered_nor_agreement() -> None:
    table = Table({(L0, LU): 3, (LU, L4): 2, (LU, LU): 5, (L2, L3): 7, (L3, L0): 1, (L1, L1): 11})
    assert table.texts == 29
    assert (table.raised, table.lowered, table.unscored) == (7, 1, 3)
    assert (table.agreement().n, table.agreement().same) == (19, 11)


def test_recall_is_of_what_people_found_and_false_alarms_are_of_the_rest() -> None:
    judged = [
        Judged(own=L3, live=L3, candidate=L1),
        Judged(own=L2, live=L0, candidate=L4),
        Judged(own=L0, live=L2, candidate=L0),
        Judged(own=L1, live=L1, candidate=L1),
    ]
    found = against_people(judged, floor=L2)
    assert (found.live_recall.part, found.live_recall.whole) == (1, 2)
    assert (found.candidate_recall.part, found.candidate_recall.whole) == (1, 2)
    assert (found.live_false_alarms.part, found.live_false_alarms.whole) == (1, 2)
    assert (found.candidate_false_alarms.part, found.candidate_false_alarms.whole) == (0, 2)


@pytest.mark.parametrize("floor", [L2, L3])
def test_a_text_without_a_score_comes_before_a_person_and_counts_as_found(floor: Severity) -> None:
    found = against_people([Judged(L4, LU, LU), Judged(L0, LU, L0)], floor=floor)
    assert (found.live_recall.part, found.candidate_recall.part) == (1, 1)
    assert (found.live_false_alarms.part, found.candidate_false_alarms.part) == (1, 0)

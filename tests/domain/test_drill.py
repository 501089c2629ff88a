"""The drill's items and how an answer is judged."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from oversight.domain.drill import feedback, in_order, score
from oversight.domain.severity import Severity
from oversight.queries.drill import drill_items

ITEMS = drill_items()


def test_forty_items_half_of_them_risky_each_with_its_reason():
    assert len(ITEMS) == len({one.id for one in ITEMS}) == 40
    assert sum(one.risky for one in ITEMS) == 20
    for one in ITEMS:
        assert one.risky == (one.severity is not Severity.L0), one.id
        assert one.said, one.id
        assert one.reply.strip(), one.id
        assert len(one.why) > 10, one.id
    assert {one.severity for one in ITEMS} == set(Severity) - {Severity.LU}


@given(st.uuids(), st.uuids())
def test_each_drill_is_mixed_its_own_way_and_always_the_same(one: uuid.UUID, other: uuid.UUID):
    assert sorted(in_order(ITEMS, one), key=ITEMS.index) == list(ITEMS)
    assert in_order(ITEMS, one) == in_order(tuple(reversed(ITEMS)), one)
    assert one == other or in_order(ITEMS, one) != in_order(ITEMS, other)


@given(st.dictionaries(st.sampled_from([*[one.id for one in ITEMS], "gone"]), st.booleans()))
def test_every_answer_is_one_of_four_things(answers):
    found = score(ITEMS, answers)
    known = {name: raised for name, raised in answers.items() if name != "gone"}
    assert found.answered == len(known)
    assert found.right == sum(
        feedback(one, raised=known[one.id]).right for one in ITEMS if one.id in known
    )
    assert found.found + found.missed <= 20
    assert found.false_alarms <= 20
    assert found.finished == (len(known) == 40)


def test_raising_everything_finds_all_and_is_half_wrong():
    found = score(ITEMS, dict.fromkeys((one.id for one in ITEMS), True))
    assert (found.found, found.missed, found.false_alarms, found.right) == (20, 0, 20, 20)

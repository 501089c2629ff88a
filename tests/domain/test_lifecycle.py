"""Every status and event pair of the four lifecycles. What is not in these tables is refused."""

from itertools import product

import pytest

from oversight.domain import lifecycle
from oversight.domain.errors import IllegalTransition

ITEM = """
            claim    return   return_escalated  snooze   wake     escalate   close   settle
waiting     claimed  -        -                 -        -        escalated  -       closed
claimed     -        waiting  escalated         snoozed  -        escalated  closed  -
snoozed     claimed  -        -                 -        waiting  -          -       -
escalated   claimed  -        -                 -        -        -          closed  -
closed      -        -        -                 -        -        -          -       -
"""

DRAFT = """
            release   withhold  supersede   recall    deliver    correct    retract
held        released  withheld  superseded  -         -          -          -
released    -         -         -           recalled  delivered  -          -
withheld    -         -         -           -         -          -          -
superseded  -         -         -           -         -          -          -
recalled    -         -         -           -         -          -          -
delivered   -         -         -           -         -          corrected  retracted
corrected   -         -         -           -         -          -          -
retracted   -         -         -           -         -          -          -
"""

DELIVERY = """
           hand_out  confirm    retry   fail    lose_sight  recall    resend
queued     sending   -          -       -       -           recalled  -
sending    -         delivered  queued  failed  uncertain   -         -
delivered  -         -          -       -       -           -         -
failed     -         -          -       -       -           -         queued
uncertain  -         delivered  -       failed  -           -         queued
recalled   -         -          -       -       -           -         -
"""

ESCALATION = """
              acknowledge   lapse  restart  resolve
open          acknowledged  -      open     -
acknowledged  acknowledged  open   open     resolved
resolved      -             -      -        -
"""

CASES = [
    (lifecycle.ITEM, lifecycle.ItemStatus, lifecycle.ItemEvent, ITEM),
    (lifecycle.DRAFT, lifecycle.DraftStatus, lifecycle.DraftEvent, DRAFT),
    (lifecycle.DELIVERY, lifecycle.DeliveryStatus, lifecycle.DeliveryEvent, DELIVERY),
    (lifecycle.ESCALATION, lifecycle.EscalationStatus, lifecycle.EscalationEvent, ESCALATION),
]


def expected(table: str) -> dict[tuple[str, str], str]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return {
        (row[0], event): target for row in rows for event, target in zip(head, row[1:], strict=True)
    }


@pytest.mark.parametrize(("moves", "statuses", "events", "table"), CASES)
def test_every_pair_of_status_and_event_is_as_the_protocol_has_it(moves, statuses, events, table):
    told = expected(table)
    assert set(told) == {(s.value, e.value) for s, e in product(statuses, events)}
    for status, event in product(statuses, events):
        target = told[status.value, event.value]
        if target == "-":
            with pytest.raises(IllegalTransition) as refused:
                lifecycle.next_status(moves, status, event)
            assert refused.value.facts["status"] == status.value
        else:
            assert lifecycle.next_status(moves, status, event).value == target


def test_a_closed_item_and_a_resolved_escalation_are_final():
    for event in lifecycle.ItemEvent:
        assert (lifecycle.ItemStatus.CLOSED, event) not in lifecycle.ITEM
    for event in lifecycle.EscalationEvent:
        assert (lifecycle.EscalationStatus.RESOLVED, event) not in lifecycle.ESCALATION


def test_nothing_but_a_held_draft_can_be_released():
    assert lifecycle.sources(lifecycle.DRAFT, lifecycle.DraftEvent.RELEASE) == (
        lifecycle.DraftStatus.HELD,
    )


def test_an_unowned_escalation_cannot_be_resolved():
    assert lifecycle.sources(lifecycle.ESCALATION, lifecycle.EscalationEvent.RESOLVE) == (
        lifecycle.EscalationStatus.ACKNOWLEDGED,
    )

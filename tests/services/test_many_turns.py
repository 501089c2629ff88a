"""An item may hold thousands of unread turns: it is summed up by the database, to the same end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from db.rows import insert_rows
from db.tables import Message, ReviewItem, new_id
from oversight.domain.policy import Mode
from oversight.domain.queue import Standing, Turn, summarise
from oversight.domain.severity import Severity
from oversight.domain.words import Scoring
from oversight.queries.policies import policy_of
from oversight.services.items import _turns
from tests.services.clinic import Clinic

BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)
SEQUENCES = st.integers(0, 14)
LEVELS = st.sampled_from([Severity.L0, Severity.LU, Severity.L3])
TURNS = st.lists(
    st.tuples(
        LEVELS,
        st.sampled_from([Scoring.PENDING, Scoring.SCORED]),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        st.integers(0, 5000),
        st.sampled_from([None, 0, 1, 599, 600, 601, -30]),
    ),
    min_size=2,
    max_size=12,
)
STANDINGS = st.builds(
    Standing,
    read_sequence=SEQUENCES,
    lowered_to=st.none() | LEVELS,
    lowered_sequence=SEQUENCES,
    covered_sequence=SEQUENCES,
    covered_severity=st.none() | LEVELS,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns=TURNS, standing=STANDINGS, mode=st.sampled_from([*Mode]), held=st.booleans())
def test_turns_summed_up_in_the_database_amount_to_the_same(
    clinic: Clinic, turns: list, standing: Standing, mode: Mode, held: bool
):
    session = clinic.session
    with session.begin_nested() as undone:
        item = _item(clinic, standing)
        every = [
            Turn(number, level, scoring, urgency, *_times(seconds, late))
            for number, (level, scoring, urgency, seconds, late) in enumerate(turns, start=2)
        ]
        insert_rows(session, Message, [_row(item, turn) for turn in every])
        opened = Turn(1, Severity.LU, Scoring.PENDING, 0.0, BEGAN)
        said = {
            "policy": policy_of(session, item.policy_version_id),
            "mode": mode,
            "draft_held": held,
            "opened_at": BEGAN,
        }
        found = _turns(session, [item])[item.id]
        assert summarise(found, standing, **said) == summarise([opened, *every], standing, **said)
        undone.rollback()


def test_a_flood_of_alike_turns_is_read_as_few(clinic: Clinic):
    for number in range(60):
        clinic.say("c", f"line {number}")
    item = clinic.open_item("c")
    assert len(_turns(clinic.session, [item])[item.id]) == 1
    assert item.last_sequence == item.version == 60


def _times(seconds: int, late: int | None) -> tuple[datetime, datetime | None]:
    """Received so long after the first, and sent so long before that by the sender's clock."""
    received_at = BEGAN + timedelta(seconds=seconds)
    return received_at, None if late is None else received_at - timedelta(seconds=late)


def _item(clinic: Clinic, standing: Standing) -> ReviewItem:
    """An open item of one message, received at ``BEGAN``, of which so much is read and covered."""
    clinic.say("c", "words")
    item = clinic.open_item("c")
    item.read_sequence, item.covered_sequence = standing.read_sequence, standing.covered_sequence
    item.lowered_sequence = standing.lowered_sequence
    (message,) = clinic.messages("c")
    message.received_at, message.urgency = BEGAN, 0.0
    clinic.session.flush()
    return item


def _row(item: ReviewItem, turn: Turn) -> dict[str, object]:
    return {
        "id": new_id(),
        "study_id": item.study_id,
        "conversation_id": item.conversation_id,
        "item_id": item.id,
        "external_id": f"turn {turn.sequence}",
        "digest": "none",
        "sequence": turn.sequence,
        "text": "words",
        "received_at": turn.received_at,
        "sent_at": turn.sent_at,
        "severity": turn.severity,
        "scoring": turn.scoring,
        "urgency": turn.urgency,
    }

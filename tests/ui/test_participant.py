"""What stands on a participant's card for whoever has to call them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oversight.queries.conversation import ShownTurn
from oversight.ui.participant import participant_details
from oversight.ui.thread import thread

AT = datetime(2026, 11, 22, 3, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """The part of a card that the panel reads."""

    profile: dict[str, object]
    at: datetime = AT


def panel(**profile: object) -> str:
    return participant_details(Known(profile))  # type: ignore[arg-type]


def test_a_contact_says_when_it_was_last_verified() -> None:
    contacts = [
        {"kind": "phone", "value": "555-0101", "verified": "2026-11-02"},
        {"kind": "phone", "value": "555-0102", "date": "2026-11-22"},
        {"kind": "phone", "value": "555-0103"},
    ]
    found = panel(contacts=contacts)
    assert "<b>555-0101</b> <span" in found
    assert "last verified 20 days ago" in found
    assert "last verified today" in found
    assert "not known when this was last verified" in found


def test_whoever_has_not_agreed_to_be_called_is_named_so() -> None:
    found = panel(
        collateral=[
            {"name": "Ana", "relation": "sister", "phone": "555-0104", "consented": True},
            {"name": "Rui", "relation": "friend", "phone": "555-0105", "consented": False},
        ]
    )
    assert "Ana, sister" in found
    assert found.count("may be called") == 1
    assert "has not agreed to be called" in found.split("Rui")[1]


def test_a_measure_says_its_band_and_how_it_changed() -> None:
    found = panel(
        measures=[
            {"name": "PHQ-9", "value": 21, "date": "2026-11-15"},
            {"name": "PHQ-9", "value": 18, "date": "2026-11-01"},
            {"name": "GAD-7", "value": 9},
        ]
    )
    assert "21, severe, +3 since 18, 2026-11-15" in found
    assert 'aria-label="PHQ-9 over time: 18, 21"' in found
    assert "9, mild" in found


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_any_card_of_a_study_can_be_shown(content: dict[str, object]) -> None:
    found = panel(
        contacts=content, collateral=list(content.values()), measures=content, consent=content
    )
    assert "<script" not in found
    assert found.startswith("<details")


def turns(*minutes: int) -> list[ShownTurn]:
    return [
        ShownTurn(number, "participant", f"turn {number}", AT + timedelta(minutes=after))
        for number, after in enumerate(minutes, start=1)
    ]


def test_a_long_silence_between_turns_is_shown_with_its_new_day() -> None:
    found = thread(turns(0, 5, 65), zone="Europe/Madrid")
    assert found.count("ov-gap") == 1
    assert "1 h 00 min later" in found
    assert "Monday, 23 November" in thread(turns(0, 24 * 60), zone="Europe/Madrid")

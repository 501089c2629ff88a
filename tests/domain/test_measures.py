"""A low body-mass index is found however a study writes it."""

import pytest

from oversight.domain.measures import band, readings, underweight

LOW, FINE = 17.4, 21.0


@pytest.mark.parametrize(
    "measures",
    [
        [{"name": "BMI", "value": LOW, "date": "2026-11-01"}],
        [{"instrument": "bmi", "value": "17,4"}],
        [{"name": "PHQ-9", "value": 20}, {"measure": "BMI", "value": LOW}],
        {"BMI": LOW},
        {"bmi": {"value": LOW, "date": "2026-11-01"}},
        {"bmi": [{"value": FINE, "date": "2026-01-01"}, {"value": LOW, "date": "2026-11-01"}]},
        [{"BMI": LOW}],
    ],
)
def test_a_low_bmi_is_found(measures):
    assert underweight(measures)


@pytest.mark.parametrize(
    "measures",
    [
        None,
        "BMI 17.4",
        [],
        {},
        [{"name": "PHQ-9", "value": 17.4}],
        {"BMI": FINE},
        {"BMI": True},
        {"BMI": "unknown"},
        [
            {"name": "BMI", "value": LOW, "date": "2026-01-01"},
            {"name": "BMI", "value": FINE, "date": "2026-11-01"},
        ],
    ],
)
def test_nothing_else_is_taken_for_one(measures):
    assert not underweight(measures)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("PHQ-9", 4, "minimal"),
        ("PHQ-9", 20, "severe"),
        ("phq-9", 19, "moderately severe"),
        ("GAD-7", 15, "severe"),
        ("GAD-7", 22, ""),
        ("PHQ-9", -1, ""),
        ("BMI", 17, ""),
    ],
)
def test_scores_have_the_words_of_their_instrument(name: str, value: float, word: str) -> None:
    assert band(name, value) == word


def test_readings_are_in_the_order_of_their_dates() -> None:
    found = readings(
        [
            {"name": "PHQ-9", "value": 9, "date": "2026-11-02"},
            {"name": "PHQ-9", "value": "7,5", "date": "2026-10-02"},
            {"name": "PHQ-9"},
        ]
    )
    assert [one.value for one in found["PHQ-9"]] == [7.5, 9.0]

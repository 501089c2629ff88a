"""A low body-mass index is found however a study writes it."""

import pytest

from oversight.domain.measures import underweight

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

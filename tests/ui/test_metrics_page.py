"""The Metrics page says every figure with its cases, and not by colour alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oversight.domain.permissions import Action, Role
from oversight.domain.proportions import Share
from oversight.domain.severity import Severity
from oversight.queries.metrics import Bucket
from oversight.ui.metrics_charts import AXIS_INK, LEVEL_LINES, MESSAGES, REPLIES, volume_chart
from oversight.ui.metrics_figures import percent, share_figure, wait_words
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words

LIGHT, DARK = "#fbfcfc", "#12181c"


def test_an_empty_study_gets_no_figure(clinic: Clinic, see: See) -> None:
    page = see("metrics", Role.STUDY_LEAD)
    assert not page.exception
    said = words(page)
    assert "0 of 0 decided drafts; 10 more needed" in said
    assert "100 more messages needed" in said
    assert "No message was received in this period." in said
    assert "No message came up for review in this period." in said


def test_figures_come_with_their_cases(clinic: Clinic, see: See) -> None:
    reader = clinic.person()
    for number in range(12):
        clinic.say(f"talk-{number}", "a long day", "A draft.")
    while clinic.score(Severity.L0):
        pass
    for number in range(12):
        clinic.wait(30)
        clinic.claim(f"talk-{number}", reader)
        if number < 3:
            clinic.decide(
                f"talk-{number}", reader, Action.WITHHOLD, reason="no", own_severity=Severity.L1
            )
        else:
            clinic.decide(f"talk-{number}", reader, Action.APPROVE)
    page = see("metrics", Role.STUDY_LEAD)
    assert not page.exception
    said = words(page)
    assert "3 of 12 decided drafts; 95% interval 9% to 53%" in said
    assert "0 escalations, 12 messages; 88 more messages needed" in said
    assert "100% (12 of 12 due messages; 95% interval 76% to 100%)" in said
    assert "3 min" in said  # half of them were read within three minutes
    assert "not enough yet: 3 of 3 decisions with both levels; 7 more needed" in said
    charts = [one for one in page.main if one.type == "plotly_chart"]
    assert charts or "plotly" in str(page.main)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.STUDY_LEAD, Role.ADMIN])
def test_the_filters_can_be_turned_without_a_fault(clinic: Clinic, see: See, role: Role) -> None:
    clinic.say("talk", "a long day", "A draft.", arm="after")
    clinic.score(Severity.L0)
    page = see("metrics", role)
    study = page.selectbox[0].select_index(1).run()
    assert not study.exception
    assert "No message was received" not in words(study)
    arms = study.selectbox[1].select_index(2).run()
    assert not arms.exception


def test_a_clinician_has_no_metrics_page(clinic: Clinic, see: See) -> None:
    assert "This page is not part of your role." in words(see("metrics", Role.CLINICIAN))


def test_few_cases_give_a_count_and_no_figure() -> None:
    few = share_figure("x", Share(2, 3), "decided drafts")
    assert (few.value, few.cases) == ("not enough yet", "2 of 3 decided drafts; 7 more needed")
    many = share_figure("x", Share(12, 340), "decided drafts")
    assert many.cases == "12 of 340 decided drafts; 95% interval 2% to 6%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "not reached yet"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_waiting_times_carry_their_units(seconds: float | None, said: str) -> None:
    assert wait_words(seconds) == said


def test_a_share_close_to_none_or_all_is_not_rounded_to_it() -> None:
    assert [percent(one) for one in (0.0, 0.004, 0.5, 0.994, 1.0)] == [
        "0%",
        "0.4%",
        "50%",
        "99.4%",
        "100%",
    ]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [MESSAGES, REPLIES, *(one for one, _ in LEVEL_LINES.values())])
def test_chart_colours_stand_out_on_light_and_dark(colour: str) -> None:
    assert contrast(colour, LIGHT) >= 3
    assert contrast(colour, DARK) >= 3


def test_axis_words_can_be_read_on_light_and_dark() -> None:
    assert contrast(AXIS_INK["light"], LIGHT) >= 4.5
    assert contrast(AXIS_INK["dark"], DARK) >= 4.5


def test_every_level_has_a_line_of_its_own_kind() -> None:
    assert set(LEVEL_LINES) == set(Severity)
    assert len({dash for _, dash in LEVEL_LINES.values()}) == len(LEVEL_LINES)


def test_a_lone_hour_is_a_bar_that_one_can_see() -> None:
    alone = [Bucket(datetime(2026, 3, 1, 9, tzinfo=UTC), messages=19, replies=12)]
    figure = volume_chart(alone, unit="hour")
    first, last = figure.layout.xaxis.range
    assert all(bar.width > (last - first) / 25 for bar in figure.data)

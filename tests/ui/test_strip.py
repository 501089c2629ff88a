"""What stands on every page: nobody on call, a silent clock or pager, one's own pager."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oversight.domain.permissions import Role
from oversight.queries.pages import PagerState
from oversight.queries.people import Reader
from oversight.queries.watching import Watch
from oversight.services.people import Person
from oversight.ui.strip import banner_html, strip_html

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ME = Person(uuid.uuid4(), "ines", "Ines", Role.CLINICIAN, ("en",))


def test_while_all_is_well_no_banner_stands() -> None:
    assert banner_html(Watch("ok", "ok", "ok", "off")) == ""


@pytest.mark.parametrize(
    ("watch", "told"),
    [
        (Watch("nobody", "ok", "ok", "off"), "Nobody is on call."),
        (Watch("unanswered", "ok", "ok", "off"), "answered the test of their pager"),
        (Watch("ok", "silent", "ok", "off"), "The clock is silent."),
        (Watch("ok", "ok", "silent", "off"), "The pager is silent."),
    ],
)
def test_whatever_keeps_people_from_being_called_is_said(watch: Watch, told: str) -> None:
    assert told in banner_html(watch)


def test_the_strip_says_whether_ones_pager_works_and_who_else_is_on() -> None:
    others = [
        Reader(ME.id, "Ines", Role.CLINICIAN, on_duty=True, until=NOW),
        Reader(uuid.uuid4(), "Ada <b>", Role.CLINICIAN, on_duty=True, until=NOW),
        Reader(uuid.uuid4(), "Ben", Role.CLINICIAN, on_duty=False, until=None),
    ]
    silent = PagerState((), NOW - timedelta(hours=1), None, NOW)
    told = strip_html(others, silent, ME, now=NOW)
    assert "not proven to work" in told
    assert "you cannot be called" in told
    assert "Ada &lt;b&gt;" in told
    assert "Ben" not in told
    assert "Ines" not in told

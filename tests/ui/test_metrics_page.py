"""The Metrics page says every figure with its cases."""

from __future__ import annotations

import pytest

from oversight.domain.permissions import Action, Role
from oversight.domain.severity import Severity
from tests.services.clinic import Clinic
from tests.ui.conftest import See, words


def test_an_empty_study_gets_no_figure(clinic: Clinic, see: See) -> None:
    page = see("metrics", Role.STUDY_LEAD)
    assert not page.exception
    said = words(page)
    assert "0 of 0 decided drafts; 10 more needed" in said
    assert "No message was received in this period." in said
    assert "No message came up for review in this period." in said

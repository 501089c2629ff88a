"""How the console is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.runtime.pages_manager import PagesManager

from db.session import Database
from oversight.ui import runtime
from oversight.ui.server import create_console


def test_page_files_are_never_run_by_themselves(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first visit to /quality after a restart ran pages/quality.py, which draws nothing."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    runtime.settings.cache_clear()
    monkeypatch.setattr(runtime, "database", lambda: Database(engine))
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    create_console(str(Path(__file__).parents[2] / "app.py"))
    assert PagesManager.uses_pages_directory is False
    runtime.settings.cache_clear()

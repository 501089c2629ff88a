"""The command line: what it lists, what it refuses, and how."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oversight.cli import COMMANDS, main
from oversight.settings import VARIABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.setenv("OVERSIGHT_VAR", str(tmp_path / "var"))


def test_every_command_is_listed_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    for name, (_, purpose) in COMMANDS.items():
        assert f"  {name}" in listed
        assert purpose in listed


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["launch"])
    assert refusal.value.code == 2


@pytest.mark.parametrize(
    "command", ["gateway", "console", "scorer", "courier", "clock", "migrate", "seed", "player"]
)
def test_a_process_started_on_nothing_says_what_is_missing(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 2
    assert "start Oversight first (make run), or set DATABASE_URL" in capsys.readouterr().err


def test_a_process_takes_no_arguments_it_would_ignore() -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["clock", "--fast"])
    assert refusal.value.code == 2


def test_the_list_of_commands_is_there_at_once() -> None:
    """It loads neither the database's libraries nor the web's: help should not take seconds."""
    program = (
        "import sys\nfrom oversight.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(bool({'sqlalchemy', 'fastapi', 'streamlit', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=dict(os.environ))
    assert done.returncode == 0

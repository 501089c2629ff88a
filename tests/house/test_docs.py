"""The documentation names only what is there: files, commands and tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oversight.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
_COMMAND = re.compile(r"python -m oversight ([a-z]+)")
_TARGET = re.compile(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)")
_TEST = re.compile(r"`(test_\w+)`")
_TEST_IN_FILE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_TEST_PATH = re.compile(r"`(tests/[\w./]+)`")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = _LINK.findall(page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_named_is_a_command(page: Path) -> None:
    assert set(_COMMAND.findall(page.read_text())) <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_named_is_a_target(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(_TARGET.findall(page.read_text())) <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_named_exists(page: Path) -> None:
    words = page.read_text()
    written = "\n".join(test.read_text() for test in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in _TEST.findall(words) if f"def {name}(" not in written] == []
    assert [path for path in _TEST_PATH.findall(words) if not (ROOT / path).exists()] == []


def test_the_protocol_names_the_tests_that_guard_it() -> None:
    """Were its table written in another way, the test above would look at nothing."""
    assert len(_TEST.findall((ROOT / "docs" / "protocol.md").read_text())) >= 10


def test_every_safety_promise_names_a_test_that_is_there() -> None:
    named = _TEST_IN_FILE.findall((ROOT / "docs" / "safety-tests.md").read_text())
    assert len(named) > 100
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


def test_every_safety_promise_has_a_test() -> None:
    """A row of a table without one would be a promise and nothing else."""
    rows = [
        line
        for line in (ROOT / "docs" / "safety-tests.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| rule |")
    ]
    assert [row for row in rows if not _TEST_IN_FILE.search(row)] == []

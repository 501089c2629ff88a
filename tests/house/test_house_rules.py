"""Rules of this house that no general tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("oversight", "db", "classifiers", "pages")
LONGEST_MODULE = 400
VAGUE_NAMES = {
    *("utils", "util", "utilities", "helpers", "helper", "manager", "managers", "common"),
    *("misc", "tools", "core", "base_service", "stuff"),
}


def product_modules() -> list[Path]:
    found = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    return [*found, *ROOT.glob("app.py")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def tracked_files() -> list[Path]:
    """What travels with the repository: all of it, if this is not a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    hidden = {".venv", ".git", "var"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not hidden & set(p.parts)]


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_there_is_a_product_to_look_at() -> None:
    assert len(product_modules()) > 20


# A migration is read once, from top to bottom, and never changed again.
LIVING_MODULES = [path for path in product_modules() if "migrations" not in path.parts]


@pytest.mark.parametrize("path", LIVING_MODULES, ids=name_of)
def test_a_module_is_short_enough_to_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", product_modules(), ids=name_of)
def test_a_module_is_named_for_what_it_is_about(path: Path) -> None:
    assert not VAGUE_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=name_of)
def test_importing_a_page_draws_nothing(path: Path) -> None:
    """A page script with code at its top level is served to a visitor who has not signed in."""
    for statement in tree_of(path).body:
        assert _only_defines(statement), f"line {statement.lineno} does something"


def _only_defines(statement: ast.stmt) -> bool:
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    if isinstance(statement, definitions):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.If):
        return ast.unparse(statement.test).endswith("TYPE_CHECKING")
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return not any(isinstance(node, ast.Call) for node in ast.walk(statement))
    return False


@pytest.mark.parametrize(
    "path",
    [path for path in LIVING_MODULES if name_of(path) != "db/session.py"],
    ids=name_of,
)
def test_only_the_session_module_commits(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr != "commit", f"line {node.lineno} commits"


BARE_MODULES = [
    *sorted((ROOT / "oversight" / "domain").rglob("*.py")),
    ROOT / "oversight" / "settings.py",
    ROOT / "oversight" / "logs.py",
]


@pytest.mark.parametrize("path", BARE_MODULES, ids=name_of)
def test_the_innermost_layer_needs_the_standard_library_alone(path: Path) -> None:
    for name in imported_names(tree_of(path)):
        own = name == "oversight.domain" or name.startswith("oversight.domain.")
        assert own or name.partition(".")[0] in sys.stdlib_module_names, name


@pytest.mark.parametrize("path", product_modules(), ids=name_of)
def test_nothing_builds_on_the_outermost_layer(path: Path) -> None:
    assert "app" not in set(imported_names(tree_of(path)))
    assert not any(name.partition(".")[0] == "tests" for name in imported_names(tree_of(path)))


def test_torch_is_never_required() -> None:
    """Its ordinary Linux wheel brings gigabytes that nobody here needs."""
    for name in ("requirements.txt", "requirements.lock"):
        lines = (ROOT / name).read_text().lower().splitlines()
        assert not [line for line in lines if re.match(r"(torch|nvidia|triton)\b", line)]


# Spelled in parts, so that this file does not find itself.
OF_SOMEBODYS_MACHINE = re.compile(
    "|".join(
        (
            r"(?<![\w.$}/~-])/" + r"(?:work|root|home|Users)/\w",
            r"pypi\." + r"org",
            r"pythonhosted\." + r"org",
            r"registry\." + r"npmjs",
            r"--(?:extra-)?index-" + r"url",
        )
    )
)


def test_no_file_knows_somebodys_machine_or_where_packages_come_from() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if OF_SOMEBODYS_MACHINE.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []


NO_TEST_IS_LEFT_OUT = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)],
    ids=name_of,
)
def test_no_test_is_left_out(path: Path) -> None:
    assert not NO_TEST_IS_LEFT_OUT.search(path.read_text())

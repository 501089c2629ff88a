"""What every test of a whole start needs: a folder, ports, and nobody else's servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from oversight.embedded.throwaway import throwaway_folder
from oversight.settings import VARIABLES

# make tells a make that it starts about itself; the one under test is to stand alone.
FOREIGN = {variable.name for variable in VARIABLES} | {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}


@pytest.fixture
def environment(free_port: Callable[[], int]) -> Iterator[dict[str, str]]:
    """The environment of a start on its own data and ports, without the demonstration."""
    with throwaway_folder() as folder:
        ours = {
            "OVERSIGHT_VAR": str(folder / "var"),
            "OVERSIGHT_CONSOLE_PORT": str(free_port()),
            "OVERSIGHT_GATEWAY_PORT": str(free_port()),
            "OVERSIGHT_DEMO": "0",
        }
        kept = {name: text for name, text in os.environ.items() if name not in FOREIGN}
        yield {**kept, **ours}

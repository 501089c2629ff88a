from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.fake_gateway import KEY, FakeGateway, running_fake_gateway


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with running_fake_gateway() as running:
        yield running


@pytest.fixture
def var(tmp_path: Path, gateway: FakeGateway) -> Path:
    """A data folder in which the demonstration has written its sign-ins."""
    demo = {"console_url": "", "gateway_url": gateway.url, "study_key": KEY, "people": []}
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    return tmp_path

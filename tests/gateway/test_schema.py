"""Schemathesis asks whatever the schema allows, and much that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from db.session import Database
from oversight.gateway.app import create_app
from oversight.services.keys import create_key
from oversight.settings import Settings
from tests.gateway.conftest import bot_of, served

pytestmark = pytest.mark.slow

SCHEMA = schemathesis.openapi.from_dict(
    create_app(Settings(**dict.fromkeys(Settings.__dataclass_fields__))).openapi()
)
OPERATIONS = {
    f"{operation.ok().method.upper()} {operation.ok().path}": operation.ok()
    for operation in SCHEMA.get_all_operations()
}
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture
def served_with_key(settings: Settings, database: Database) -> Iterator[tuple[str, str]]:
    with database.transaction() as session:
        key = create_key(session, study="sparrow", label="schema")
    with served(replace(settings, rate_per_second=1_000_000.0)) as url:
        yield url, key


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_one_that_the_schema_promises(
    name: str, served_with_key: tuple[str, str]
) -> None:
    url, key = served_with_key
    checks = [one for one in CHECKS if name != "GET /readyz" or one is not not_a_server_error]
    operation = OPERATIONS[name]
    strategies = (
        operation.as_strategy(),
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )
    with bot_of(url, key) as bot:

        @hypothesis_settings(
            max_examples=30,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategies[0] | strategies[1])
        def ask(case: schemathesis.Case) -> None:
            if "wait" in (case.query or {}):
                case.query["wait"] = 0
            response = case.call(
                base_url=url, headers={"Authorization": f"Bearer {bot.key}"}, timeout=60
            )
            case.validate_response(response, checks=checks)

        ask()

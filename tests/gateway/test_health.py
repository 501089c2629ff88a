"""What operators ask: alive, ready, how much waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import redis

from db import session as db_session
from db.tables import Clinician, Shift, new_id
from oversight.bell import SCORER_ALIVE
from oversight.domain.permissions import Role
from oversight.domain.words import ShiftPosition
from oversight.services.watching import beat
from oversight.settings import Settings
from tests.gateway.conftest import Bot, Clinic, served


def somebody_on_call(clinic: Clinic) -> None:
    with clinic.database.transaction() as session:
        now = db_session.now(session)
        person = Clinician(
            id=new_id(), username="kim", name="Kim", role=Role.CLINICIAN, password_hash="x"
        )
        session.add(person)
        session.flush()
        session.add(
            Shift(
                id=new_id(),
                clinician_id=person.id,
                position=ShiftPosition.PRIMARY,
                starts_at=now - timedelta(hours=1),
                ends_at=now + timedelta(hours=1),
            )
        )


def test_readiness_names_each_part(bot: Bot, clinic: Clinic, redis_url: str) -> None:
    answer = bot.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not_ready",
        "database": "ok",
        "queue": "ok",
        "classifier": "no_scorer",
        "on_call": "nobody",
        "clock": "silent",
        "pager": "silent",
        "dead_man": "off",
    }
    somebody_on_call(clinic)
    with clinic.database.transaction() as session:
        for process in ("clock", "courier"):
            beat(session, process)
    redis.Redis.from_url(redis_url).set(SCORER_ALIVE, 1, ex=60)
    answer = bot.http.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json().values()) == {"ok", "off"}


def test_a_gateway_without_its_servers_lives_but_is_not_ready(
    settings: Settings, free_port: object
) -> None:
    nowhere = replace(
        settings,
        database_url="postgresql+psycopg://nobody@/none?host=/nowhere",
        redis_url="unix:///nowhere/v.sock",
    )
    with served(nowhere) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        assert http.get("/healthz").status_code == 200
        ready = http.get("/readyz")
        assert ready.status_code == 503
        assert (ready.json()["database"], ready.json()["queue"]) == ("unreachable", "unreachable")
        headers = {"Authorization": "Bearer x"}
        answer = http.get("/v1/deliveries", headers=headers)
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert "oversight_database_up 0.0" in http.get("/metrics").text


def test_keyless_calls_need_no_key(gateway_url: str) -> None:
    with httpx.Client(base_url=gateway_url, trust_env=False) as http:
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/openapi.json").status_code == 200
        assert http.get("/metrics").status_code == 200


@pytest.mark.usefixtures("gateway_url")
def test_metrics_count_calls_and_what_waits(bot: Bot) -> None:
    bot.exchange()
    bot.send("/v1/messages", {})
    page = bot.http.get("/metrics").text
    assert 'oversight_requests_total{call="/v1/exchanges",method="POST",status="202"} 1.0' in page
    assert 'oversight_requests_total{call="/v1/messages",method="POST",status="422"} 1.0' in page
    assert "oversight_unscored 2.0" in page
    assert "oversight_open_items 1.0" in page
    assert "oversight_batch_arrivals_count 1.0" in page

"""Keyless calls: alive, ready, metrics."""

import json
from collections.abc import Callable
from dataclasses import asdict

import redis
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from oversight.bell import SCORER_ALIVE
from oversight.gateway.problems import Problem
from oversight.gateway.state import Gateway, gateway_of
from oversight.queries.backlog import Backlog, backlog
from oversight.queries.watching import Watch, watch

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_REDIS_TIMEOUT_SECONDS = 2.0
router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """This process answers."""

    status: str


class Ready(BaseModel):
    """Each part is ``ok`` (or ``off``: not asked for) or says in a word what is wrong."""

    status: str
    database: str
    queue: str
    classifier: str
    on_call: str
    clock: str
    pager: str
    dead_man: str


@router.get("/healthz", response_model=Alive, summary="Whether this process lives")
async def healthz() -> Response:
    return _json(200, {"status": "ok"})


@router.get(
    "/readyz",
    response_model=Ready,
    summary="Whether every part that oversight needs is there",
    responses={503: {"model": Ready, "description": "Something is missing"}},
)
async def readyz(request: Request) -> Response:
    gateway = gateway_of(request)
    parts = await _database_parts(gateway)
    try:
        parts |= await gateway.run(lambda: _queue_parts(gateway.settings.redis_url))
    except Problem:
        parts |= {"queue": "unreachable", "classifier": "unknown"}
    ready = all(word in ("ok", "off") for word in parts.values())
    order = ("database", "queue", "classifier", "on_call", "clock", "pager", "dead_man")
    body = {"status": "ok" if ready else "not_ready", **{name: parts[name] for name in order}}
    return _json(200 if ready else 503, body)


@router.get(
    "/metrics",
    summary="Counts and durations for Prometheus",
    response_class=Response,
    responses={200: {"content": {PROMETHEUS: {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    gateway = gateway_of(request)
    gateway.meters.saw_backlog(await _read_backlog(gateway))
    gateway.meters.waiting.set(gateway.writer.waiting)
    gateway.meters.polls.set(gateway.hub.polls)
    return Response(gateway.meters.page(), headers={"content-type": PROMETHEUS})


async def _database_parts(gateway: Gateway) -> dict[str, str]:
    try:
        seen = await gateway.run(lambda: _watch(gateway))
    except (Problem, SQLAlchemyError):
        unknown = dict.fromkeys(("on_call", "clock", "pager", "dead_man"), "unknown")
        return {"database": "unreachable", **unknown}
    return {"database": "ok", **asdict(seen)}


def _watch(gateway: Gateway) -> Watch:
    with gateway.database.reading() as session:
        return watch(session, dead_man_wanted=gateway.settings.dead_man_url is not None)


def _queue_parts(redis_url: str | None) -> dict[str, str]:
    """The queue answers, and a scorer has said lately that it is fit to score."""
    if redis_url is None:
        return {"queue": "not_configured", "classifier": "unknown"}
    timeout = {
        "socket_timeout": _REDIS_TIMEOUT_SECONDS,
        "socket_connect_timeout": _REDIS_TIMEOUT_SECONDS,
    }
    client = redis.Redis.from_url(redis_url, **timeout)
    try:
        alive = bool(client.exists(SCORER_ALIVE))
    except (redis.RedisError, OSError):
        return {"queue": "unreachable", "classifier": "unknown"}
    finally:
        client.close()
    return {"queue": "ok", "classifier": "ok" if alive else "no_scorer"}


async def _read_backlog(gateway: Gateway) -> Backlog | None:
    def ask() -> Backlog:
        with gateway.database.reading() as session:
            return backlog(session)

    return await _or_none(gateway, ask)


async def _or_none(gateway: Gateway, ask: Callable[[], Backlog]) -> Backlog | None:
    try:
        return await gateway.run(ask)
    except Problem:
        return None


def _json(status: int, body: dict[str, str]) -> Response:
    return Response(json.dumps(body), status_code=status, media_type="application/json")

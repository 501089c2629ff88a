"""The guard before every page and websocket, asked as a server asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.session import Database
from oversight.domain.permissions import Role
from oversight.services.people import create_person, sign_in, sign_out
from oversight.ui.guard import CACHE_SECONDS, COOKIE, Guard
from tests.ui.conftest import PASSWORD

Message = MutableMapping[str, Any]
Ask = Callable[..., list[Message]]
HERE = "console.example"


async def _application(scope: Message, receive: Any, send: Any) -> None:
    """What stands behind the guard: it says who was let through."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    name = scope["state"]["person"].name if "state" in scope else "anybody"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": name.encode()})


@pytest.fixture
def guard(session: Session) -> Guard:
    return Guard(_application, Database(session.connection()))


@pytest.fixture
def token(session: Session) -> str:
    create_person(session, username="ines", name="Ines", role=Role.CLINICIAN, password=PASSWORD)
    signed_in = sign_in(session, "ines", PASSWORD)
    assert signed_in is not None
    session.flush()
    return signed_in[1]


def asked(guard: Guard, kind: str, path: str, **headers: str) -> list[Message]:
    told = {"host": HERE, **headers}
    scope: dict[str, Any] = {
        "type": kind,
        "method": "GET",
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "server": (HERE, 80),
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": f"{kind}.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def cookie(token: str) -> str:
    return f"{COOKIE}={token}"


@pytest.mark.parametrize("path", ["/live", "/_stcore/stream"])
def test_a_websocket_needs_a_sign_in_and_our_own_page(guard: Guard, token: str, path: str) -> None:
    ours, theirs = f"http://{HERE}", "http://elsewhere.example"
    (unknown,) = asked(guard, "websocket", path, origin=ours)
    assert unknown == {"type": "websocket.close", "code": 4401}
    (wrong,) = asked(guard, "websocket", path, origin=ours, cookie=cookie("guessed"))
    assert wrong == {"type": "websocket.close", "code": 4401}
    (foreign,) = asked(guard, "websocket", path, origin=theirs, cookie=cookie(token))
    assert foreign == {"type": "websocket.close", "code": 4403}
    (let_in,) = asked(guard, "websocket", path, origin=ours, cookie=cookie(token))
    assert let_in == {"type": "websocket.accept"}


def test_a_page_needs_a_sign_in_and_is_kept_by_nobody(guard: Guard, token: str) -> None:
    start, _ = asked(guard, "http", "/triage", accept="text/html")
    assert (start["status"], dict(start["headers"])[b"location"]) == (303, b"/sign-in")
    assert asked(guard, "http", "/triage")[0]["status"] == 401
    start, body = asked(guard, "http", "/triage", cookie=cookie(token))
    assert (start["status"], body["body"]) == (200, b"Ines")
    headers = dict(start["headers"])
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-frame-options"] == b"DENY"
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


def test_an_ended_sign_in_is_refused_within_a_second(
    guard: Guard, token: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(guard, "http", "/triage", cookie=cookie(token))[0]["status"] == 200
    sign_out(session, token)
    session.flush()
    moment = guard._known[token][0]  # until then the guard believes what it knew
    monkeypatch.setattr("oversight.ui.guard.time.monotonic", lambda: moment + 0.001)
    assert asked(guard, "http", "/triage", cookie=cookie(token))[0]["status"] == 401
    assert CACHE_SECONDS <= 1


def test_whoever_signs_out_here_is_out_at_once(guard: Guard, token: str, session: Session) -> None:
    assert asked(guard, "http", "/triage", cookie=cookie(token))[0]["status"] == 200
    sign_out(session, token)
    session.flush()
    guard.forget(token)
    assert asked(guard, "http", "/triage", cookie=cookie(token))[0]["status"] == 401


def test_while_the_record_is_away_nobody_is_let_in(
    guard: Guard, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_token: str) -> None:
        raise OperationalError("select", {}, ConnectionError())

    monkeypatch.setattr(guard, "_look_up", away)
    start, body = asked(guard, "http", "/triage", cookie=cookie(token))
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"5"
    assert b"nothing you wrote was lost" in body["body"]
    (closed,) = asked(guard, "websocket", "/live", cookie=cookie(token))
    assert closed["type"] == "websocket.close"

"""One log line a call, one count, and an answer whatever happens. Never a word that was said."""

import time
import uuid

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oversight.gateway.meters import Meters
from oversight.gateway.problems import Problem, render
from oversight.logs import Fact, logger

log = logger(__name__)
_FACTS = "oversight.facts"
_QUIET = ("/healthz", "/readyz", "/metrics", "/openapi.json")


def note(request: Request, **facts: uuid.UUID | str | int | None) -> None:
    """Add our own ids to the call's log line."""
    request.scope.setdefault(_FACTS, {}).update(facts)


class Seen:
    """Wraps the application: counts, times and logs each call, and catches what nobody expected."""

    def __init__(self, app: ASGIApp, *, meters: Meters) -> None:
        self.app = app
        self.meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noting_status)
        except Exception as error:  # noqa: BLE001 (answered and logged here, where calls end)
            log.crash("call_failed", error, call=_call(scope))
            if status == 0:
                problem = Problem("internal_error", "We failed. Nothing was acknowledged.")
                await render(problem)(scope, receive, send_noting_status)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        call = _call(scope)
        self.meters.answered(call, scope["method"], status, seconds)
        if call in _QUIET and status < 400:
            return
        facts: dict[str, Fact] = {"call": call, "method": scope["method"], "status": status}
        facts["took_ms"] = seconds * 1000
        log.info("answered", **facts, **scope.get(_FACTS, {}))


def _call(scope: Scope) -> str:
    """The call's own path, with names where ids stood: what was asked for may be anything."""
    route = scope.get("route")
    return str(getattr(route, "path", "unknown"))

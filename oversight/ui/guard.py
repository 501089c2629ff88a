"""Nobody sees the console, by HTTP or websocket, without a live sign-in."""

import time
from collections.abc import MutableMapping
from typing import Any

from anyio.to_thread import run_sync
from starlette.datastructures import URL
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from db.session import RECORD_ERRORS, Database
from oversight.logs import logger
from oversight.services.people import Person, person_of

COOKIE = "oversight_session"
OPEN_PATHS = ("/sign-in", "/_stcore/health", "/healthz")
OPEN_FOLDERS = ("/static/",)
LINKS_OF_PAGES = "/page/"
"""A page's own signed link says who follows it: no sign-in at three in the morning."""
ASKS_THEMSELVES = ("/desk/press", "/desk/wording", "/desk/lease", "/desk/find")
"""They ask the record who is calling in the transaction of what is done: once is enough."""
CACHE_SECONDS = 1.0

# Streamlit writes styles and scripts inline, and its charts evaluate some. What must never happen
# is that a page loads from, is framed by, or sends a participant's words to another address.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self';"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)

log = logger(__name__)


class Guard:
    """ASGI middleware. Who is allowed is asked of the database, at most once a second a token."""

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self.app = app
        self.database = database
        self._known: dict[str, tuple[float, Person | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the connection through, send a browser to the sign-in page, refuse the rest."""
        if scope["type"] not in ("http", "websocket") or self._open(scope["path"]):
            await self.app(scope, receive, self._harden(scope, send))
            return
        connection = HTTPConnection(scope)
        if scope["type"] == "websocket" and not same_origin(connection):
            await send({"type": "websocket.close", "code": 4403})
            return
        if scope["path"] in ASKS_THEMSELVES:
            await self.app(scope, receive, self._harden(scope, send))
            return
        try:
            person = await self._person(connection.cookies.get(COOKIE))
        except RECORD_ERRORS as error:  # whatever fails, nobody is let in
            log.warning("sign-in cannot be checked", error=type(error).__name__)
            await self._refuse(scope, receive, send, _unavailable())
            return
        if person is None:
            await self._refuse(scope, receive, send, _sign_in(scope))
            return
        scope.setdefault("state", {}).update(person=person, forget=self.forget)
        await self.app(scope, receive, self._harden(scope, send))

    def forget(self, token: str) -> None:
        """Ask the database anew about this token: whoever signed out is out at once."""
        self._known.pop(token, None)

    def _open(self, path: str) -> bool:
        return path in OPEN_PATHS or path.startswith((*OPEN_FOLDERS, LINKS_OF_PAGES))

    async def _person(self, token: str | None) -> Person | None:
        if not token:
            return None
        until, person = self._known.get(token, (0.0, None))
        if until > time.monotonic():
            return person
        person = await run_sync(self._look_up, token)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[token] = (time.monotonic() + CACHE_SECONDS, person)
        return person

    def _look_up(self, token: str) -> Person | None:
        with self.database.reading() as session:
            return person_of(session, token)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, response: Response) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
            return
        await response(scope, receive, self._harden(scope, send))

    def _harden(self, scope: Scope, send: Send) -> Send:
        """Security headers on every answer; pages are never cached by a shared machine."""
        if scope["type"] != "http":
            return send
        static = scope["path"].startswith(OPEN_FOLDERS)

        async def hardened(message: MutableMapping[str, Any]) -> None:  # Any: ASGI messages
            if message["type"] == "http.response.start":
                headers = [
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"DENY"),
                    (b"referrer-policy", b"same-origin"),
                    (b"content-security-policy", CONTENT_POLICY.encode()),
                ]
                if not static:
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = [*message.get("headers", []), *headers]
            await send(message)

        return hardened


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser's request comes from our own pages (no Origin: not a browser's)."""
    origin = connection.headers.get("origin")
    return origin is None or URL(origin).netloc == connection.headers.get("host")


def _sign_in(scope: Scope) -> Response:
    wants_page = scope["method"] == "GET" if scope["type"] == "http" else False
    accepts = dict(scope["headers"]).get(b"accept", b"")
    if wants_page and b"text/html" in accepts:
        return RedirectResponse("/sign-in", status_code=303)
    return PlainTextResponse("Sign in first.", status_code=401)


def _unavailable() -> Response:
    return PlainTextResponse(
        "The record cannot be reached right now. This page will work again when it is back;"
        " nothing you wrote was lost.",
        status_code=503,
        headers={"Retry-After": "5"},
    )

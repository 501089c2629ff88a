"""The console's own routes beside Streamlit's: sign-in and out, live push, and the desk's calls."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from db.session import RECORD_ERRORS
from oversight.domain.errors import ClaimLost, Incomplete, NotPermitted, Refusal, SignedOut
from oversight.domain.permissions import PAGES, Page
from oversight.services.claiming import renew
from oversight.services.people import Person, sign_in, sign_out
from oversight.services.wording import keep_wording
from oversight.ui import runtime, who
from oversight.ui.desk import DESKS
from oversight.ui.desk_view import view_of
from oversight.ui.finding import Answered, find
from oversight.ui.guard import COOKIE, same_origin
from oversight.ui.live import Live
from oversight.ui.page_link import link_routes
from oversight.ui.presses import Press, press
from oversight.ui.sign_in_page import sign_in_page
from oversight.ui.trouble import AWAY, FAILED

SESSION_SECONDS = 12 * 3600
BODY_LIMIT = 200_000


def routes(live: Live) -> list[BaseRoute]:
    """Everything that is not Streamlit's."""
    return [
        Route("/", _first_page, methods=["GET"]),
        Route("/sign-in", _show_sign_in, methods=["GET"]),
        Route("/sign-in", _sign_in, methods=["POST"]),
        Route("/sign-out", _sign_out, methods=["POST"]),
        *link_routes(),
        Route("/desk/press", _desk(_press), methods=["POST"]),
        Route("/desk/find", _desk(_find), methods=["POST"]),
        Route("/desk/wording", _desk(_keep_wording), methods=["POST"]),
        Route("/desk/lease", _desk(_renew), methods=["POST"]),
        WebSocketRoute("/live", live.serve),
    ]


async def _first_page(request: Request) -> Response:
    """The role's first page by its own address, so that a reload or a bookmark finds it."""
    person: Person = request.state.person
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{PAGES[person.role][0].value}{query}", status_code=303)


async def _show_sign_in(request: Request) -> Response:
    del request
    return HTMLResponse(sign_in_page())


async def _sign_in(request: Request) -> Response:
    if not same_origin(request):
        return HTMLResponse(sign_in_page("Please sign in from this page."), status_code=403)
    form = await request.form(max_fields=10)
    username, password = str(form.get("username", "")), str(form.get("password", ""))
    try:
        signed_in = await run_sync(_check, username, password)
    except NotPermitted as refusal:
        return HTMLResponse(sign_in_page(refusal.message, username), status_code=429)
    except RECORD_ERRORS:  # the record is away: say so, and let nobody in
        words = "The record cannot be reached right now. Try again in a moment."
        return HTMLResponse(sign_in_page(words, username), status_code=503)
    if signed_in is None:
        words = "That user name and password do not match. Check both and try again."
        return HTMLResponse(sign_in_page(words, username), status_code=401)
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        COOKIE,
        signed_in[1],
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


def _check(username: str, password: str) -> tuple[Person, str] | None:
    with runtime.database().transaction() as session:
        return sign_in(session, username, password)


async def _sign_out(request: Request) -> Response:
    token = request.cookies.get(COOKIE)
    if token and same_origin(request):
        await run_sync(_end, token)
        request.state.forget(token)
        who.forget(token)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _end(token: str) -> None:
    with runtime.database().transaction() as session:
        sign_out(session, token)


Work = Callable[[str, Mapping[str, Any]], object]
"""Takes the token of a sign-in and what a browser sent (Any: JSON)."""


def _desk(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """A small JSON call of an open card: own pages only, answered with what became of it."""

    async def answer(request: Request) -> Response:
        if not same_origin(request) or request.headers.get("x-oversight") != "desk":
            return JSONResponse({"error": "not from the console"}, status_code=403)
        if int(request.headers.get("content-length") or BODY_LIMIT + 1) > BODY_LIMIT:
            return JSONResponse({"error": "too long"}, status_code=413)
        try:
            done = await run_sync(work, request.cookies.get(COOKIE, ""), await request.json())
        except SignedOut as refusal:
            words = refusal.message[:1].upper() + refusal.message[1:] + "."
            return JSONResponse({"error": words, "code": refusal.code}, status_code=401)
        except ClaimLost as refusal:
            return JSONResponse({"error": refusal.message, "code": refusal.code}, status_code=409)
        except (Refusal, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": FAILED, "code": type(error).__name__}, status_code=422)
        except RECORD_ERRORS:  # the record is away: the page keeps the words and tries again
            return JSONResponse({"error": AWAY}, status_code=503)
        return JSONResponse({"done": done})

    return answer


def _press(token: str, body: Mapping[str, Any]) -> object:
    """Carry out what was pressed and answer with the desk as it then is.

    None for a desk that is not known here, because the console was restarted or somebody else
    signed in: the page then loads itself anew.
    """
    hand = DESKS.find(str(body.get("desk")), token)
    if hand is None:
        who.acting(Page.TRIAGE, token=token)
        return None
    sent = Press(str(body["id"]), str(body["name"]), str(body["about"]), dict(body["answer"]))
    with hand.lock:
        person = press(hand, sent)
        return asdict(view_of(hand, person))


def _find(token: str, body: Mapping[str, Any]) -> object:
    with runtime.database().reading() as session:
        person = who.acting(Page.CONVERSATION, session, token)
        try:
            return asdict(find(session, person.id, str(body.get("words", ""))))
        except Incomplete as refusal:
            return asdict(Answered((), f"{refusal.message[:1].upper()}{refusal.message[1:]}."))


def _keep_wording(token: str, body: Mapping[str, Any]) -> object:
    with runtime.database().transaction() as session:
        person = who.acting(Page.TRIAGE, session, token)
        keep_wording(session, uuid.UUID(str(body["item"])), person.id, str(body["text"]))
    return True


def _renew(token: str, body: Mapping[str, Any]) -> object:
    with runtime.database().transaction() as session:
        person = who.acting(Page.TRIAGE, session, token)
        return renew(session, uuid.UUID(str(body["item"])), person.id).isoformat()

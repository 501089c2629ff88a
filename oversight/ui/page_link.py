"""Behind the link of a page: plain HTML, without signing in. Looking changes nothing.

Scanners of mail and previews of chats follow links; only the form's own button confirms.
"""

from html import escape

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from db.session import RECORD_ERRORS
from oversight.domain.errors import Refusal
from oversight.domain.pages import SAID, PageKind
from oversight.services.answering import LinkState, LinkView, confirm, look
from oversight.ui import runtime
from oversight.ui.guard import same_origin
from oversight.ui.sign_in_page import plain_page

STATE_WORDS = {
    LinkState.READY: "",
    LinkState.USED: "This link was used already. Nothing more happens by it.",
    LinkState.TAKEN: "A colleague has it. You can say that you have it, too.",
    LinkState.OVER: "This is over: nobody is called for it any more.",
    LinkState.REPLACED: "Something graver was said since. Use the newer page, or open the console.",
}
AWAY = "The record cannot be reached right now. Try again; if in doubt, use your site's phone line."


def link_routes() -> list[BaseRoute]:
    """Looking, and confirming."""
    return [
        Route("/page/{token}", _look, methods=["GET"]),
        Route("/page/{token}", _confirm, methods=["POST"]),
    ]


async def _look(request: Request) -> Response:
    return await run_sync(_shown, request.path_params["token"])


async def _confirm(request: Request) -> Response:
    if not same_origin(request):
        return _page("Please confirm from this page.", status=403)
    return await run_sync(_confirmed, request.path_params["token"])


def _shown(token: str) -> Response:
    try:
        with runtime.database().reading() as session:
            view = look(session, token, now=runtime.now(session))
    except Refusal as refusal:
        return _page(_sentence(refusal), status=404)
    except RECORD_ERRORS:
        return _page(AWAY, status=503)
    button = view.state in (LinkState.READY, LinkState.TAKEN)
    return _page(STATE_WORDS[view.state], view, button=button)


def _confirmed(token: str) -> Response:
    try:
        with runtime.database().transaction() as session:
            view = confirm(session, token, now=runtime.now(session))
    except Refusal as refusal:
        return _page(_sentence(refusal), status=409)
    except RECORD_ERRORS:
        return _page(AWAY, status=503)
    done = "You have it." if view.kind is PageKind.ESCALATION else "Confirmed. Thank you."
    return _page(done, view)


def _page(
    words: str, view: LinkView | None = None, *, button: bool = False, status: int = 200
) -> Response:
    told = ""
    if view is not None:
        level = f", {view.severity.value} {view.severity.label}" if view.severity else ""
        told = f"<p>{escape(SAID[view.kind])} ({escape(view.reference + level)}).</p>"
    form = ""
    if button and view is not None:
        label = "I have it" if view.kind is PageKind.ESCALATION else "Yes, it reached me"
        form = f'<form method="post"><button type="submit">{label}</button></form>'
    body = f'{told}<p role="status"><b>{escape(words)}</b></p>{form}<p><a href="/">Console</a></p>'
    return HTMLResponse(plain_page("A page for you", body), status_code=status)


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.message[:1].upper()}{refusal.message[1:]}."

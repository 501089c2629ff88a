"""The console's ASGI application: Streamlit behind our own sign-in, with our own live push."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from oversight.logs import logger, start_logging
from oversight.ui import runtime
from oversight.ui.guard import Guard
from oversight.ui.live import Live
from oversight.ui.routes import routes

log = logger(__name__)


def create_console(script: str) -> st.App:
    """The application that uvicorn serves; ``script`` is run for each page by Streamlit."""
    settings = runtime.settings()
    start_logging(level=settings.log_level, form=settings.log_format)
    live = Live(str(settings.database_url))
    # Until st.navigation has run once, Streamlit 1.67 runs the files of a folder named "pages" by
    # themselves: a first visit to /quality after a restart showed an empty page.
    PagesManager.uses_pages_directory = False

    @asynccontextmanager
    async def lifespan(_app: st.App) -> AsyncIterator[dict[str, object]]:
        async with live.listening():
            log.info("console ready", port=settings.console_port)
            yield {}

    return st.App(
        script,
        lifespan=lifespan,
        routes=routes(live),
        middleware=[Middleware(Guard, database=runtime.database())],
        on_script_error=_note_script_error,
    )


def _note_script_error(error: Exception) -> bool:
    """Say in plain words that the page failed; details go to the log, never to the screen."""
    from oversight.ui.trouble import show_trouble

    log.error("page failed", error=type(error).__name__)
    show_trouble(error)
    return True

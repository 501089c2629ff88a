"""The gateway's application: what it is made of, how it starts and stops."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from db.session import Database, Ring, engine_for
from oversight.bell import make_bell
from oversight.domain.errors import Refusal
from oversight.gateway import calls, health, outgoing
from oversight.gateway.access import Access
from oversight.gateway.first_look import look
from oversight.gateway.hub import Hub, listen
from oversight.gateway.meters import Meters
from oversight.gateway.openapi import describe
from oversight.gateway.problems import Problem, problem_of, render, unavailable_problem
from oversight.gateway.seen import Seen
from oversight.gateway.state import Gateway, out_of_reach
from oversight.gateway.writer import Writer
from oversight.queries.study_keys import KeyStanding, key_standing
from oversight.settings import Settings

DESCRIPTION = (
    "Report what participants write and what the bot would answer; show what was released. "
    "Nothing is acknowledged that is not in the record."
)


def create_app(settings: Settings) -> FastAPI:
    """The application. Its connections and threads live from its start-up to its shutdown."""
    app = FastAPI(
        title="Oversight gateway",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    app.state.meters = Meters()
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.add_middleware(Seen, meters=app.state.meters)
    for router in (calls.bringing, calls.router, outgoing.router, health.router):
        app.include_router(router)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(HTTPException, _no_such_call)
    app.add_exception_handler(SQLAlchemyError, _database_trouble)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    if settings.database_url is None:
        raise ValueError("the gateway needs a database: set DATABASE_URL")
    engine = engine_for(settings, spare=1)
    look("good morning", None)  # Reads rules and weights now, not while the first bot waits.
    hub, bell, loop = Hub(), make_bell(settings), asyncio.get_running_loop()

    def ring(rings: frozenset[Ring]) -> None:
        bell(rings)
        named = {one.conversation_id for one in rings if one.conversation_id is not None}
        loop.call_soon_threadsafe(hub.wake, named)

    database = Database(engine, bell=ring)
    meters: Meters = app.state.meters
    writer = Writer(database, on_batch=meters.wrote)
    threads = ThreadPoolExecutor(settings.pool_size, thread_name_prefix="database")

    async def look_up(digest: str) -> KeyStanding | None:
        return await gateway.run(lambda: _standing(database, digest))

    gateway = Gateway(
        settings=settings,
        database=database,
        writer=writer,
        hub=hub,
        meters=meters,
        access=Access(look_up, settings.rate_per_second),
        threads=threads,
    )
    app.state.gateway = gateway
    listening = asyncio.create_task(listen(settings.database_url, hub))
    with _polls_go_home_on_signals(loop, hub):
        yield
    hub.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await asyncio.to_thread(writer.close)
    threads.shutdown(wait=False, cancel_futures=True)
    await asyncio.to_thread(bell.close)
    engine.dispose()


def _standing(database: Database, digest: str) -> KeyStanding | None:
    with database.reading() as session:
        return key_standing(session, digest)


@contextlib.contextmanager
def _polls_go_home_on_signals(loop: asyncio.AbstractEventLoop, hub: Hub) -> Iterator[None]:
    """The server waits for its calls before it stops; a poll of a minute must not hold that up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.close)
        servers_own = before[signal.Signals(number)]
        if callable(servers_own):
            servers_own(number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _problem(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, Problem)
    return render(error)


async def _refusal(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, Refusal)
    return render(problem_of(error))


async def _bad_parameter(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return render(Problem("invalid_field", f"{field}: {first['msg']}", field=field))


async def _no_such_call(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        answer = render(Problem("method_not_allowed", "This call takes another method."))
        answer.headers["Allow"] = (error.headers or {}).get("Allow", "")
        return answer
    return render(Problem("no_such_call", "The API has no such call; see /openapi.json."))


async def _database_trouble(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, SQLAlchemyError)
    if out_of_reach(error):
        return render(unavailable_problem())
    raise error

"""What one gateway process consists of, for the calls that need it."""

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request

from db.session import Database, unavailable
from oversight.gateway.access import Access
from oversight.gateway.hub import Hub
from oversight.gateway.meters import Meters
from oversight.gateway.problems import unavailable_problem
from oversight.gateway.writer import ANSWER_SECONDS, Writer
from oversight.settings import Settings

MOST_BRIDGES_REMEMBERED = 10_000
T = TypeVar("T")


@dataclass
class Gateway:
    """One process's connections, threads and waiting polls."""

    settings: Settings
    database: Database
    writer: Writer
    hub: Hub
    meters: Meters
    access: Access
    threads: ThreadPoolExecutor
    bridges_told: OrderedDict[uuid.UUID, uuid.UUID] = field(default_factory=OrderedDict)

    async def run(self, ask: Callable[[], T]) -> T:
        """Run a short piece of database work in a thread; 503 when the record is out of reach."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self.threads, ask)
        try:
            return await asyncio.wait_for(work, ANSWER_SECONDS)
        except TimeoutError:
            raise unavailable_problem() from None
        except SQLAlchemyError as error:
            if out_of_reach(error):
                raise unavailable_problem() from None
            raise

    def bridge_is_news(self, reply_id: uuid.UUID, delivery_id: uuid.UUID) -> bool:
        """Whether this process has not yet answered a poll of the reply with that bridge."""
        if self.bridges_told.get(reply_id) == delivery_id:
            return False
        self.bridges_told[reply_id] = delivery_id
        self.bridges_told.move_to_end(reply_id)
        while len(self.bridges_told) > MOST_BRIDGES_REMEMBERED:
            self.bridges_told.popitem(last=False)
        return True


def out_of_reach(error: SQLAlchemyError) -> bool:
    """Whether the database, rather than what was asked of it, is the trouble."""
    return isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and unavailable(error))


def gateway_of(request: Request) -> Gateway:
    """The process that answers this request."""
    gateway: Gateway = request.app.state.gateway
    return gateway

"""A refused message must not hide a person: what was refused still puts its conversation up."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from oversight.domain.errors import Refusal
from oversight.gateway.bodies import LONGEST_ID, is_storable
from oversight.gateway.problems import Problem
from oversight.gateway.state import Gateway
from oversight.logs import logger
from oversight.services.refusing import hold_for_refused

PUTS_UP = frozenset({409, 413, 422})
log = logger(__name__)


@asynccontextmanager
async def putting_up(
    gateway: Gateway,
    study_id: uuid.UUID,
    told: object,
    *,
    conversation_at: tuple[str, ...],
    problem_of: Callable[[Refusal], Problem],
) -> AsyncIterator[None]:
    """Turn refusals of the block into problems, and put up the conversation that the body names."""
    try:
        yield
    except (Refusal, Problem) as refused:
        problem = problem_of(refused) if isinstance(refused, Refusal) else refused
        conversation = _conversation(told, conversation_at)
        if problem.status in PUTS_UP and conversation is not None:
            await _put_up(gateway, study_id, conversation, reason=problem.code)
        raise problem from None


async def _put_up(gateway: Gateway, study_id: uuid.UUID, conversation: str, *, reason: str) -> None:
    """Best effort: whatever happens here, the bot gets its refusal."""

    def write() -> bool:
        with gateway.database.transaction() as session:
            return hold_for_refused(session, study_id, conversation, reason=reason)

    try:
        if await gateway.run(write):
            log.info("put_up", study=study_id, reason=reason)
    except (Refusal, Problem, SQLAlchemyError) as error:
        log.crash("cannot_put_up", error, study=study_id, reason=reason)


def _conversation(told: object, path: tuple[str, ...]) -> str | None:
    """The conversation's name, where the refused body still tells it."""
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    if not isinstance(told, str) or not 1 <= len(told) <= LONGEST_ID or not is_storable(told):
        return None
    return told

"""The two long polls: one reply, and everything a study's participants should see.

Each looks, sleeps until woken or until something falls due, and looks again. Handing a text out
is the start of sending, so a look first hands out what is due.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from db import session as db_session
from oversight.domain.lifecycle import DraftStatus
from oversight.gateway.state import Gateway
from oversight.queries.outgoing import ReplyState, Shown, feed, next_due, reply_state
from oversight.services.delivering import hand_out

SOON_SECONDS = 0.02
"""Never look more often than this, whatever the database's and our own clocks make of it."""

FEED_GAP_SECONDS = 0.1
"""News of other conversations may wake a feed at most this often."""


@dataclass(frozen=True)
class _Look:
    """What a reply's poll saw, and how long until it pays to look again."""

    state: ReplyState
    due: timedelta | None


async def poll_reply(
    gateway: Gateway, study_id: uuid.UUID, reply_id: uuid.UUID, *, wait_seconds: float
) -> ReplyState:
    """The reply's state, at once when it is news, else when it becomes news or time is up.

    News is a status beyond held, or a bridge that this process has not told yet.
    """
    give_up_at = _now() + wait_seconds
    look = await gateway.run(lambda: _look_at_reply(gateway, study_id, reply_id))
    with gateway.hub.waiting(str(look.state.conversation_id)) as woken:
        while not _is_news(gateway, look.state):
            left = give_up_at - _now()
            if left <= 0 or gateway.hub.closing:
                break
            await _sleep(gateway, woken, left, look.due)
            look = await gateway.run(lambda: _look_at_reply(gateway, study_id, reply_id))
    return look.state


def _look_at_reply(gateway: Gateway, study_id: uuid.UUID, reply_id: uuid.UUID) -> _Look:
    with gateway.database.reading() as session:
        state = reply_state(session, study_id, reply_id)
        due = next_due(session, study_id)
    if due == timedelta(0):
        with gateway.database.transaction() as session:
            handed_out = hand_out(session, study_id, reply_id=reply_id)
        if handed_out:
            with gateway.database.reading() as session:
                state = reply_state(session, study_id, reply_id)
    if state.wake_at is None:
        return _Look(state, None)
    with gateway.database.reading() as session:
        return _Look(state, max(state.wake_at - db_session.now(session), timedelta(0)))


def _is_news(gateway: Gateway, state: ReplyState) -> bool:
    if state.status is not DraftStatus.HELD and state.wake_at is None:
        return True
    return state.bridge is not None and gateway.bridge_is_news(state.reply_id, state.bridge[0])


async def poll_feed(
    gateway: Gateway, study_id: uuid.UUID, *, after: int, limit: int, wait_seconds: float
) -> Sequence[Shown]:
    """What was handed out after a position; empty when nothing was until time was up."""
    give_up_at = _now() + wait_seconds
    with gateway.hub.waiting() as woken:
        while True:
            shown, due = await gateway.run(lambda: _look_at_feed(gateway, study_id, after, limit))
            left = give_up_at - _now()
            if shown or left <= 0 or gateway.hub.closing:
                return shown
            looked_at = _now()
            await _sleep(gateway, woken, left, due)
            await asyncio.sleep(max(0.0, looked_at + FEED_GAP_SECONDS - _now()))


def _look_at_feed(
    gateway: Gateway, study_id: uuid.UUID, after: int, limit: int
) -> tuple[Sequence[Shown], timedelta | None]:
    with gateway.database.reading() as session:
        due = next_due(session, study_id)
        if due != timedelta(0):
            return feed(session, study_id, after=after, limit=limit), due
    with gateway.database.transaction() as session:
        hand_out(session, study_id)
    with gateway.database.reading() as session:
        return feed(session, study_id, after=after, limit=limit), next_due(session, study_id)


async def _sleep(
    gateway: Gateway, woken: asyncio.Event, left_seconds: float, due: timedelta | None
) -> None:
    seconds = min(left_seconds, gateway.hub.recheck_seconds)
    if due is not None:
        seconds = min(seconds, due.total_seconds() + SOON_SECONDS)
    try:
        await asyncio.wait_for(woken.wait(), seconds)
    except TimeoutError:
        return
    woken.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()

"""Who is calling, and how often they may."""

import math
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from oversight.gateway.problems import Problem
from oversight.queries.study_keys import KeyStanding
from oversight.services.keys import digest_of_key

REMEMBERED_SECONDS = 5.0
"""A revoked key is refused after at most this long."""

MOST_REMEMBERED = 4_096
LONGEST_KEY = 512


@dataclass
class _Bucket:
    """Tokens of one key, filled at its rate up to one second's worth (and one at least)."""

    rate: float
    tokens: float
    filled_at: float

    def seconds_until_token(self, at: float) -> float:
        """Take a token and return 0, or return how long the next one takes."""
        most = max(self.rate, 1.0)
        self.tokens = min(most, self.tokens + (at - self.filled_at) * self.rate)
        self.filled_at = at
        if self.tokens >= 1.0:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.rate


@dataclass
class _Remembered:
    standing: KeyStanding | None
    until: float


@dataclass
class Access:
    """Keys looked up lately, and the token bucket of each."""

    look_up: Callable[[str], Awaitable[KeyStanding | None]]
    rate_per_second: float
    _remembered: OrderedDict[str, _Remembered] = field(default_factory=OrderedDict)
    _buckets: dict[uuid.UUID, _Bucket] = field(default_factory=dict)

    async def study_of(self, request: Request) -> uuid.UUID:
        """The study whose live key the call carries; 401, 403 or 429 otherwise."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise Problem("key_missing", "Send the study key: Authorization: Bearer <study key>.")
        standing = await self._standing(key)
        if standing is None:
            raise Problem("key_unknown", "No study has this key.")
        if standing.revoked:
            raise Problem("key_revoked", "This key was revoked; ask the study for a new one.")
        self._spend(standing.key_id)
        return standing.study_id

    async def _standing(self, key: str) -> KeyStanding | None:
        if len(key) > LONGEST_KEY:
            return None
        digest = digest_of_key(key)
        known = self._remembered.get(digest)
        if known is None or known.until < time.monotonic():
            known = _Remembered(await self.look_up(digest), time.monotonic() + REMEMBERED_SECONDS)
            self._remembered[digest] = known
            self._remembered.move_to_end(digest)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return known.standing

    def _spend(self, key_id: uuid.UUID) -> None:
        at = time.monotonic()
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = _Bucket(self.rate_per_second, max(self.rate_per_second, 1.0), at)
            self._buckets[key_id] = bucket
        wait_seconds = bucket.seconds_until_token(at)
        if wait_seconds > 0:
            raise Problem(
                "rate_limited",
                f"This key may make {self.rate_per_second:g} calls a second.",
                retry_after_seconds=max(1, math.ceil(wait_seconds)),
            )

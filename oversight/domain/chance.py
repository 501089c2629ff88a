"""Coins that anybody can toss again: chosen by an id, so that nobody can choose."""

import hashlib
import hmac
import uuid

from oversight.domain.severity import Severity, at_least


def sampled(draft_id: uuid.UUID, share: float, seed: bytes = b"oversight") -> bool:
    """Whether a released draft is read afterwards: HMAC-SHA256(seed, id) below ``share``."""
    coin = hmac.new(seed, draft_id.bytes, hashlib.sha256).digest()
    return int.from_bytes(coin, "big") < share * 2**256


def own_level_first(severity: Severity, item_id: uuid.UUID, share: float) -> bool:
    """Whether the reader gives their own level before the classifier's is shown.

    Always from moderate up, and for a ``share`` of the rest: readers who see the answer first tend
    to adopt it.
    """
    if at_least(severity, Severity.L2):
        return True
    coin = hashlib.sha256(item_id.bytes).digest()
    return int.from_bytes(coin[:8], "big") < share * 2**64

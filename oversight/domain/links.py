"""Signed links that do one thing once, for whoever was sent them."""

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from datetime import datetime

from oversight.domain.errors import NotPermitted

SECRET_BYTES = 32
_MAC_BYTES = 20
_FORM = struct.Struct(f">16sQ{_MAC_BYTES}s")


class LinkRefused(NotPermitted):
    """The link is not ours, or its time is over."""

    code = "link_refused"


def sign(secret: bytes, page_id: uuid.UUID, expires_at: datetime) -> str:
    """The link's token: the same each time it is asked for, so that a page sent twice has one."""
    seconds = int(expires_at.timestamp())
    body = page_id.bytes + struct.pack(">Q", seconds)
    token = base64.urlsafe_b64encode(body + _mac(secret, body))
    return token.decode().rstrip("=")


def page_of(secret: bytes, token: str, *, now: datetime) -> uuid.UUID:
    """Which page a link belongs to; LinkRefused when it was not signed by us, or is too old."""
    try:
        told = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), b"-_", validate=True)
        page, seconds, mac = _FORM.unpack(told)
    except (binascii.Error, struct.error, ValueError) as error:
        raise LinkRefused("this link is not complete: open it from the page again") from error
    if not hmac.compare_digest(mac, _mac(secret, page + struct.pack(">Q", seconds))):
        raise LinkRefused("this link is not ours")
    if seconds <= now.timestamp():
        raise LinkRefused("this link is over a day old: open the console instead")
    return uuid.UUID(bytes=page)


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, b"oversight page link\x00" + body, hashlib.sha256).digest()[:_MAC_BYTES]

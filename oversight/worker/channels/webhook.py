"""Pages as signed JSON to an address of the person's own (Standard Webhooks form)."""

import base64
import hashlib
import hmac
import json
import time

import httpx

from oversight.services.paging import Outgoing
from oversight.worker.channels.protocol import SEND_SECONDS, NotSent

TRY_AGAIN = (408, 425, 429)


class Webhook:
    """POST; any 2xx means taken. Redirects are not followed: the page goes where it was told."""

    def __init__(self, *, seconds: float = SEND_SECONDS) -> None:
        self._seconds = seconds

    def send(self, page: Outgoing) -> None:
        """Send and wait for the answer's head alone."""
        body = json.dumps(content(page)).encode()
        headers = signed_headers(page, body, at=int(time.time()))
        try:
            with httpx.stream(
                "POST", page.address, content=body, headers=headers, timeout=self._seconds
            ) as answer:
                status = answer.status_code
        except httpx.TimeoutException as error:
            raise NotSent("timeout") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotSent("unreachable") from error
        if not 200 <= status < 300:
            refused = 300 <= status < 500 and status not in TRY_AGAIN
            raise NotSent(f"answered_{status}", final=refused)


def content(page: Outgoing) -> dict[str, str | None]:
    """What the receiver gets: ids, a level, a link."""
    return {
        "type": "page",
        "page_id": str(page.page_id),
        "kind": page.kind.value,
        "level": page.severity.value if page.severity is not None else None,
        "reference": page.reference,
        "text": page.words.subject,
        "link": page.link,
    }


def signed_headers(page: Outgoing, body: bytes, *, at: int) -> dict[str, str]:
    """Headers of the Standard Webhooks specification, version 1 (HMAC-SHA256)."""
    told = f"{page.page_id}.{at}.".encode() + body
    mac = hmac.new((page.secret or "").encode(), told, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": str(page.page_id),
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }

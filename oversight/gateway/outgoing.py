"""The calls that take something out: a reply's poll, the feed, and receipts."""

import uuid
from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from oversight.domain.lifecycle import DeliveryStatus
from oversight.gateway.answers import DeliveryPage, ReceiptTaken, ReplyNow
from oversight.gateway.bodies import ReceiptBody
from oversight.gateway.openapi import WITH_BODY, body_of, keyed, problems
from oversight.gateway.polls import poll_feed, poll_reply
from oversight.gateway.problems import Problem
from oversight.gateway.reading import check, read_json
from oversight.gateway.seen import note
from oversight.gateway.state import gateway_of
from oversight.queries.outgoing import ReplyState, Shown
from oversight.services.delivering import Receipt, take_receipt

LONGEST_WAIT_SECONDS = 60.0
MOST_DELIVERIES = 500
router = APIRouter(prefix="/v1")

Wait = Annotated[
    float,
    Query(ge=0, allow_inf_nan=False, description="seconds to wait for news; 60 at most"),
]
Cursor = Annotated[
    str,
    Query(pattern="^[0-9]{1,18}$", description="the last answer's cursor; none: from the start"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_DELIVERIES)]


@router.get(
    "/replies/{reply_id}",
    response_model=ReplyNow,
    summary="Where a reply stands; waits for news",
    openapi_extra=keyed(),
    responses=problems(404),
)
async def get_reply(request: Request, reply_id: str, wait: Wait = 0) -> Response:
    gateway = gateway_of(request)
    study_id = await gateway.access.study_of(request)
    known_id = _id(reply_id, "reply")
    note(request, study=study_id, reply=known_id)
    state = await poll_reply(
        gateway, study_id, known_id, wait_seconds=min(wait, LONGEST_WAIT_SECONDS)
    )
    return JSONResponse(_reply(state))


@router.get(
    "/deliveries",
    response_model=DeliveryPage,
    summary="Everything that participants should see, in order; waits for something",
    openapi_extra=keyed(),
    responses=problems(),
)
async def get_deliveries(
    request: Request, after: Cursor = "0", wait: Wait = 0, limit: Limit = 200
) -> Response:
    gateway = gateway_of(request)
    study_id = await gateway.access.study_of(request)
    shown = await poll_feed(
        gateway,
        study_id,
        after=int(after),
        limit=limit,
        wait_seconds=min(wait, LONGEST_WAIT_SECONDS),
    )
    note(request, study=study_id, deliveries=len(shown))
    cursor = str(shown[-1].feed_position) if shown else after
    return JSONResponse({"deliveries": [_delivery(one) for one in shown], "cursor": cursor})


@router.post(
    "/deliveries/{delivery_id}/receipt",
    response_model=ReceiptTaken,
    summary="What became of a delivery; only this makes it delivered",
    openapi_extra=body_of(ReceiptBody),
    responses=problems(*WITH_BODY, 404, 409),
)
async def post_receipt(request: Request, delivery_id: str) -> Response:
    gateway = gateway_of(request)
    study_id = await gateway.access.study_of(request)
    known_id = _id(delivery_id, "delivery")
    body = check(ReceiptBody, await read_json(request))
    note(request, study=study_id, delivery=known_id)
    receipt = Receipt(body.status == "delivered", at=body.at, read_at=body.read_at)

    def write() -> DeliveryStatus:
        with gateway.database.transaction() as session:
            return take_receipt(session, study_id, known_id, receipt)

    status = await gateway.run(write)
    return JSONResponse({"delivery_id": str(known_id), "status": status.value})


def _id(text: str, kind: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Problem("not_found", f"This study has no such {kind}.") from None


def _reply(state: ReplyState) -> dict[str, object]:
    body: dict[str, object] = {"reply_id": str(state.reply_id), "status": state.status.value}
    if state.text is not None:
        body["text"] = state.text
    if state.delivery_id is not None:
        body["delivery_id"] = str(state.delivery_id)
    if state.decision is not None:
        body["decision"] = state.decision
    if state.bridge is not None:
        body["bridge"] = {"delivery_id": str(state.bridge[0]), "text": state.bridge[1]}
    if state.released_at is not None:
        body["released_at"] = state.released_at.astimezone(UTC).isoformat()
    return body


def _delivery(one: Shown) -> dict[str, object]:
    body: dict[str, object] = {
        "delivery_id": str(one.delivery_id),
        "conversation_id": one.conversation_id,
        "participant_id": one.participant_id,
        "kind": one.kind.value,
        "text": one.text,
        "created_at": one.created_at.astimezone(UTC).isoformat(),
    }
    if one.corrects is not None:
        body["corrects"] = str(one.corrects)
    return body

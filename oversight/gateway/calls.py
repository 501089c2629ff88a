"""The calls that bring something: messages, replies, exchanges, and participants' cards."""

import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from oversight.domain.errors import Refusal
from oversight.domain.lifecycle import DraftStatus
from oversight.gateway import arriving
from oversight.gateway.answers import (
    CardKept,
    ExchangeAccepted,
    MessageAccepted,
    ReplyAccepted,
)
from oversight.gateway.bodies import (
    LONGEST_ID,
    CardBody,
    ExchangeBody,
    MessageBody,
    ReplyBody,
    is_storable,
)
from oversight.gateway.openapi import WITH_BODY, body_of, problems
from oversight.gateway.problems import Problem
from oversight.gateway.putting_up import putting_up
from oversight.gateway.reading import check, read_json
from oversight.gateway.seen import note
from oversight.gateway.state import Gateway, gateway_of
from oversight.services.arrivals import Arrival, Outcome
from oversight.services.audit import Actor
from oversight.services.participants import Card, put_participant


class Plain(APIRoute):
    """A call that takes the bare request and makes its own answer; declared for the schema only.

    FastAPI's own way there would solve, check and convert nothing, in a tenth of a call's time.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


router = APIRouter(prefix="/v1")
bringing = APIRouter(prefix="/v1", route_class=Plain)


@bringing.post(
    "/messages",
    status_code=202,
    response_model=MessageAccepted,
    summary="A participant's message, the moment it is written",
    openapi_extra=body_of(MessageBody),
    responses={200: {"model": MessageAccepted}, **problems(*WITH_BODY, 409)},
)
async def post_message(request: Request) -> Response:
    gateway, study_id = await _caller(request)
    told = await read_json(request)
    async with putting_up(
        gateway,
        study_id,
        told,
        conversation_at=("conversation_id",),
        problem_of=arriving.problem_in_message,
    ):
        arrival = await arriving.of_message(study_id, check(MessageBody, told))
        outcome = await _keep(request, gateway, arrival)
    return _accepted(
        outcome,
        message_id=str(outcome.message_id),
        conversation_id=outcome.conversation,
        received_at=_received_at(outcome),
    )


@bringing.post(
    "/replies",
    status_code=202,
    response_model=ReplyAccepted,
    summary="The bot's draft; nobody sees it before it is released",
    openapi_extra=body_of(ReplyBody),
    responses={200: {"model": ReplyAccepted}, **problems(*WITH_BODY, 404, 409)},
)
async def post_reply(request: Request) -> Response:
    gateway, study_id = await _caller(request)
    body = check(ReplyBody, await read_json(request))
    try:
        outcome = await _keep(request, gateway, arriving.of_reply(study_id, body))
    except Refusal as refusal:
        raise arriving.problem_in_reply(refusal) from None
    return _accepted(outcome, reply_id=str(outcome.reply_id), status=_first_status(outcome))


@bringing.post(
    "/exchanges",
    status_code=202,
    response_model=ExchangeAccepted,
    summary="A message and the draft that answers it, at once",
    openapi_extra=body_of(ExchangeBody),
    responses={200: {"model": ExchangeAccepted}, **problems(*WITH_BODY, 409)},
)
async def post_exchange(request: Request) -> Response:
    gateway, study_id = await _caller(request)
    told = await read_json(request)
    async with putting_up(
        gateway,
        study_id,
        told,
        conversation_at=("message", "conversation_id"),
        problem_of=arriving.problem_in_exchange,
    ):
        arrival = await arriving.of_exchange(study_id, check(ExchangeBody, told))
        outcome = await _keep(request, gateway, arrival)
    return _accepted(
        outcome,
        message_id=str(outcome.message_id),
        reply_id=str(outcome.reply_id),
        status=_first_status(outcome),
    )


@router.put(
    "/participants/{participant_id:path}",
    response_model=CardKept,
    summary="A participant's card: what is left out stays as it is",
    openapi_extra=body_of(CardBody),
    responses=problems(*WITH_BODY),
)
async def put_card(request: Request, participant_id: str) -> Response:
    gateway, study_id = await _caller(request)
    if not 1 <= len(participant_id) <= LONGEST_ID or not is_storable(participant_id):
        detail = f"A participant's id has 1 to {LONGEST_ID} characters."
        raise Problem("invalid_field", detail, field="id")
    body = check(CardBody, await read_json(request))
    given = body.model_dump(exclude_unset=True)

    def write() -> Card:
        with gateway.database.transaction() as session:
            return put_participant(
                session, study_id, participant_id, given, actor=Actor.bot(study_id)
            )

    card = await gateway.run(write)
    return JSONResponse(
        {
            "participant_id": card.external_id,
            "arm": card.arm,
            "language": card.language,
            "jurisdiction": card.jurisdiction,
            "timezone": card.timezone,
            **card.details,
            "updated_at": card.updated_at.astimezone(UTC).isoformat(),
        }
    )


async def _caller(request: Request) -> tuple[Gateway, uuid.UUID]:
    gateway = gateway_of(request)
    study_id = await gateway.access.study_of(request)
    note(request, study=study_id)
    return gateway, study_id


async def _keep(request: Request, gateway: Gateway, arrival: Arrival) -> Outcome:
    """Answered once it is committed, and not before."""
    outcome = await gateway.writer.write(arrival)
    note(request, message=outcome.message_id, reply=outcome.reply_id)
    return outcome


def _accepted(outcome: Outcome, **body: str) -> Response:
    return JSONResponse(body, status_code=200 if outcome.repeated else 202)


def _received_at(outcome: Outcome) -> str:
    assert outcome.received_at is not None
    return outcome.received_at.astimezone(UTC).isoformat()


def _first_status(outcome: Outcome) -> str:
    """Every draft starts held; a repeated call gets the answer that the first one got."""
    assert outcome.reply_id is not None
    return DraftStatus.HELD.value

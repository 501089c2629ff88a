"""Every way the API says no: problem+json (RFC 9457) with a code that never changes its meaning."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from oversight.domain.errors import Conflict, Incomplete, NotFound, Refusal

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2

CODES: Mapping[str, tuple[int, str]] = {
    "malformed_json": (400, "the body is not JSON in UTF-8"),
    "key_missing": (401, "the call carries no study key"),
    "key_unknown": (401, "no study has this key"),
    "key_revoked": (403, "this key was revoked"),
    "not_found": (404, "nothing of that name in this study"),
    "no_such_call": (404, "the API has no such call"),
    "method_not_allowed": (405, "this call takes another method"),
    "conflict": (409, "the id was used before for something else"),
    "body_too_large": (413, "the body is larger than any call may be"),
    "text_too_long": (413, "the text is longer than 20,000 characters"),
    "unsupported_media_type": (415, "the body must be application/json"),
    "unknown_field": (422, "the body has a field that this call does not know"),
    "missing_field": (422, "the body lacks a field that this call needs"),
    "invalid_field": (422, "a field holds something that cannot be used"),
    "rate_limited": (429, "this key makes more calls a second than it may"),
    "internal_error": (500, "we failed; nothing was acknowledged"),
    "overloaded": (503, "more calls are waiting than can be kept; nothing was acknowledged"),
    "unavailable": (503, "the record cannot be written now; nothing was acknowledged"),
}
"""Status and meaning of every code."""


@dataclass(frozen=True)
class FieldProblem:
    """One field that cannot be used: its dotted path in the body or query, and why."""

    field: str
    code: str
    detail: str


class Problem(Exception):
    """A call is answered no. ``detail`` says what to do, and never quotes what was sent."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        errors: Sequence[FieldProblem] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = CODES[code][0]
        self.detail = detail
        self.field = field
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds


class ProblemBody(BaseModel):
    """What an error looks like."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="about:blank, or a link to the code's explanation")
    title: str
    status: int
    code: str = Field(description="stable; see the table of codes")
    detail: str
    field: str | None = Field(None, description="the first field that cannot be used")
    errors: list[dict[str, str]] | None = Field(None, description="all of them, where several")


def problem_of(refusal: Refusal, *, field: str | None = None) -> Problem:
    """How a rule's refusal is answered over HTTP."""
    codes: list[tuple[type[Refusal], str]] = [
        (NotFound, "not_found"),
        (Incomplete, "invalid_field"),
        (Conflict, "conflict"),
    ]
    code = next((code for kind, code in codes if isinstance(refusal, kind)), "conflict")
    named = refusal.facts.get("field")
    return Problem(code, refusal.message, field=field or (str(named) if named else None))


def unavailable_problem() -> Problem:
    """The record cannot be reached: the same call may be made again."""
    return Problem(
        "unavailable",
        "The record cannot be written or read now. Nothing was acknowledged; repeat the call.",
        retry_after_seconds=RETRY_SECONDS,
    )


def render(problem: Problem) -> Response:
    """The answer itself."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.field is not None:
        body["field"] = problem.field
    if problem.errors:
        body["errors"] = [vars(error) for error in problem.errors]
    return Response(
        json.dumps(body),
        status_code=problem.status,
        headers=_headers(problem),
        media_type=MEDIA_TYPE,
    )


def _headers(problem: Problem) -> dict[str, str]:
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="oversight"'
    if problem.retry_after_seconds is not None:
        headers["Retry-After"] = str(problem.retry_after_seconds)
    return headers

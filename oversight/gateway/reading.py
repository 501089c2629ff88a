"""From bytes to a checked body: type, size, JSON, fields, in that order."""

import json
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from oversight.gateway.bodies import Body
from oversight.gateway.problems import FieldProblem, Problem

LARGEST_BODY = 2 * 1024 * 1024
"""Bytes. The longest exchange with every character escaped takes half a megabyte."""

MOST_ERRORS = 20
B = TypeVar("B", bound=Body)


async def read_json(request: Request) -> object:
    """The decoded body; refuses what is not JSON, not UTF-8, or too large to look at."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("unsupported_media_type", "Send the body as application/json.")
    raw = await _read(request)
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem("malformed_json", "The body is not JSON in UTF-8 (RFC 8259).") from None


async def _read(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) <= LARGEST_BODY:
        return await request.body()
    chunks, size = [], 0
    if not declared:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY:
                break
        else:
            return b"".join(chunks)
    raise Problem("body_too_large", f"A body may have at most {LARGEST_BODY:,} bytes.")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def check(model: type[B], value: object) -> B:
    """The value as ``model`` describes it, or a problem that names its first bad field."""
    if not isinstance(value, dict):
        raise Problem("invalid_field", "The body must be a JSON object.", field="body")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _problem(error) from None


def _problem(error: ValidationError) -> Problem:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    problems = [_field_problem(one) for one in details[:MOST_ERRORS]]
    first = problems[0]
    errors = problems if len(problems) > 1 else []
    return Problem(first.code, f"{first.field} {first.detail}", field=first.field, errors=errors)


def _field_problem(error: ErrorDetails) -> FieldProblem:
    field = ".".join(_printable(str(part)) for part in error["loc"]) or "body"
    match error["type"]:
        case "extra_forbidden":
            return FieldProblem(field, "unknown_field", "is not a field of this call")
        case "missing":
            return FieldProblem(field, "missing_field", "is required")
        case "text_too_long":
            return FieldProblem(field, "text_too_long", error["msg"])
        case "string_unicode":
            return FieldProblem(field, "invalid_field", "must not contain half of a surrogate pair")
    return FieldProblem(field, "invalid_field", _lower_first(error["msg"]))


def _printable(name: str) -> str:
    """A field's name as we may repeat it: it came from outside."""
    kept = name.encode("ascii", "backslashreplace").decode("ascii")
    return kept.replace("\0", "\\0")[:64]


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]

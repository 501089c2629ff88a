"""How the calls describe themselves: bodies read by us, and problems, in the OpenAPI schema."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from oversight.gateway import bodies
from oversight.gateway.problems import CODES, MEDIA_TYPE, ProblemBody

REF = "#/components/schemas/{model}"
KEY = "study_key"
BODIES: tuple[type[BaseModel], ...] = (
    bodies.MessageBody,
    bodies.ReplyBody,
    bodies.ExchangeBody,
    bodies.ReceiptBody,
    bodies.CardBody,
)
EVERY_CALL = (401, 403, 422, 429, 500, 503)
WITH_BODY = (400, 413, 415)

Schema = dict[str, Any]  # Any: a JSON schema


def body_of(model: type[BaseModel]) -> Schema:
    """What a call with that body adds to its operation."""
    content = {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}
    return {"requestBody": {"required": True, "content": content}, **keyed()}


def keyed() -> Schema:
    """What a call with a study key adds to its operation."""
    return {"security": [{KEY: []}]}


def problems(*statuses: int) -> dict[int | str, Schema]:
    """The problems a call may answer, each with its codes."""
    answers: dict[int | str, Schema] = {}
    for status in sorted({*statuses, *EVERY_CALL}):
        codes = [
            f"`{code}` {meaning}" for code, (known, meaning) in CODES.items() if known == status
        ]
        schema = {"$ref": REF.format(model="Problem")}
        answers[status] = {
            "description": "; ".join(codes),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return answers


def describe(app: FastAPI) -> Schema:
    """The schema, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {
            KEY: {"type": "http", "scheme": "bearer", "description": "python -m oversight keys"}
        }
        components["schemas"] = components.get("schemas", {}) | _schemas()
        app.openapi_schema = schema
    return app.openapi_schema


def _schemas() -> Schema:
    models = [(model, "validation") for model in (*BODIES, ProblemBody)]
    _, together = models_json_schema(models, ref_template=REF)  # type: ignore[arg-type]
    found: Schema = together["$defs"]
    found["Problem"] = found.pop("ProblemBody", found.get("Problem"))
    return found

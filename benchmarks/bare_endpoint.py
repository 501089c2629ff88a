"""What a gateway is measured against: a FastAPI endpoint that checks a body and inserts a row.

Started by benchmarks.gateway, with the same server settings as our own gateway.
"""

from __future__ import annotations

import os
import sys
import uuid
from typing import Annotated

import uvicorn
from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field

from oversight.settings import libpq_url

TABLE = "CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, external_id text, text text)"
INSERT = "INSERT INTO bare VALUES (%s, %s, %s)"

app = FastAPI()
pool = ConnectionPool(libpq_url(os.environ["DATABASE_URL"]), min_size=10, max_size=10, open=False)


class Participant(BaseModel):
    id: str
    language: str | None = None


class Message(BaseModel):
    external_id: str
    participant: Participant
    conversation_id: str
    text: Annotated[str, Field(max_length=20_000)]


@app.post("/v1/messages", status_code=202)
def take(message: Message) -> dict[str, str]:
    message_id = uuid.uuid4()
    with pool.connection() as connection:
        connection.execute(INSERT, (message_id, message.external_id, message.text))
    return {"message_id": str(message_id)}


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    pool.open()
    with pool.connection() as first:
        first.execute(TABLE)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )

"""A gateway in memory, written from the HTTP contract alone, for what talks to a real one.

It answers over real HTTP, keeps what it accepted, and can be told to be busy or to release a reply.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "key-of-the-demonstration"
LONGEST_TEXT = 20_000

MESSAGE_FIELDS = {"external_id", "participant", "conversation_id", "text", "sent_at"}
REPLY_FIELDS = {
    "external_id",
    "conversation_id",
    "in_reply_to",
    "text",
    "model",
    "prompt_version",
}
PARTICIPANT_FIELDS = {"id", "language", "jurisdiction", "arm", "timezone"}
RECEIPT_FIELDS = {"status", "at", "read_at"}


class Problem(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers


class FakeGateway:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.url = ""
        self.bodies: dict[tuple[str, str], Any] = {}  # (call, external id) → body as accepted
        self.answers: dict[tuple[str, str], dict[str, Any]] = {}
        self.said: list[tuple[str, str, str]] = []  # (conversation, call, external id), in order
        self.statuses: dict[str, str] = {}  # by reply id
        self.held: dict[str, str] = {}  # conversation → reply id
        self.cards: dict[str, Any] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.next_problems: list[Problem] = []

    # What a test does to it

    def deliver(self, conversation_id: str, text: str = "We are here.") -> str:
        delivery = {
            "delivery_id": str(uuid.uuid4()),
            "conversation_id": conversation_id,
            "participant_id": "p-001",
            "kind": "bridge",
            "text": text,
            "created_at": "2026-01-01T00:00:00+00:00",
        }
        with self.changed:
            self.deliveries.append(delivery)
            self.changed.notify_all()
        return str(delivery["delivery_id"])

    def wait_until(self, is_so: Any, *, seconds: float = 10.0) -> None:
        """Looks after every call, and often enough to see what the player writes by itself."""
        until = time.monotonic() + seconds
        with self.changed:
            while not is_so():
                assert time.monotonic() < until, "waited in vain"
                self.changed.wait(timeout=0.05)

    @property
    def messages(self) -> list[str]:
        return [external_id for call, external_id in self.bodies if call == "message"]

    # What it answers

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        with self.changed:
            try:
                self.calls[f"{method} {path.split('/')[2] if path.count('/') > 1 else path}"] += 1
                if path.startswith("/v1/") and self.next_problems:
                    raise self.next_problems.pop(0)
                return self._route(method, path.strip("/").split("/"), query, body)
            finally:
                self.changed.notify_all()

    def _route(self, method: str, path: list[str], query: dict[str, str], body: Any) -> Any:
        match method, path:
            case "GET", ["healthz" | "readyz"]:
                return 200, {}
            case "POST", ["v1", "messages"]:
                return self._once("message", body, self._message)
            case "POST", ["v1", "replies"]:
                return self._once("reply", body, self._reply)
            case "POST", ["v1", "exchanges"]:
                return self._exchange(body)
            case "GET", ["v1", "replies", reply_id]:
                if reply_id not in self.statuses:
                    raise Problem(404, "reply_unknown")
                return 200, {"reply_id": reply_id, "status": self.statuses[reply_id]}
            case "PUT", ["v1", "participants", participant_id]:
                self.cards[participant_id] = body
                return 200, {"participant_id": participant_id}
            case "GET", ["v1", "deliveries"]:
                return 200, self._feed(query)
            case "POST", ["v1", "deliveries", delivery_id, "receipt"]:
                return self._receipt(delivery_id, body)
        raise Problem(404, "no_such_call")

    def _once(self, call: str, body: Any, accept: Any) -> tuple[int, Any]:
        external_id = body["external_id"]
        known = self.bodies.get((call, external_id))
        if known is not None:
            if known != body:
                raise Problem(409, "external_id_reused")
            return 200, self.answers[call, external_id]
        answer = accept(body)
        self.bodies[call, external_id] = body
        self.answers[call, external_id] = answer
        self.said.append((body["conversation_id"], call, external_id))
        return 202, answer

    def _message(self, body: Any) -> dict[str, Any]:
        _check(body, MESSAGE_FIELDS, {"external_id", "participant", "conversation_id", "text"})
        _check(body["participant"], PARTICIPANT_FIELDS, {"id"})
        return {
            "message_id": str(uuid.uuid4()),
            "conversation_id": body["conversation_id"],
            "received_at": "2026-01-01T00:00:00+00:00",
        }

    def _reply(self, body: Any) -> dict[str, Any]:
        _check(body, REPLY_FIELDS, {"external_id", "conversation_id", "in_reply_to", "text"})
        if ("message", body["in_reply_to"]) not in self.bodies:
            raise Problem(404, "message_unknown")
        reply_id = str(uuid.uuid4())
        older = self.held.get(body["conversation_id"])
        if older is not None:
            self.statuses[older] = "superseded"
        self.held[body["conversation_id"]] = reply_id
        self.statuses[reply_id] = "held"
        return {"reply_id": reply_id, "status": "held"}

    def _exchange(self, body: Any) -> tuple[int, Any]:
        _check(body, {"message", "reply"}, {"message", "reply"})
        _check(body["reply"], REPLY_FIELDS, {"text"})
        _, message = self._once("message", body["message"], self._message)
        status, reply = self._once("reply", body["reply"], self._reply)
        return status, {"message_id": message["message_id"], **reply}

    def _feed(self, query: dict[str, str]) -> dict[str, Any]:
        after = int(query.get("after", "0"))
        self.changed.wait_for(
            lambda: len(self.deliveries) > after, timeout=float(query.get("wait", "0"))
        )
        return {"deliveries": self.deliveries[after:], "cursor": str(len(self.deliveries))}

    def _receipt(self, delivery_id: str, body: Any) -> tuple[int, Any]:
        _check(body, RECEIPT_FIELDS, {"status", "at"})
        if delivery_id not in {delivery["delivery_id"] for delivery in self.deliveries}:
            raise Problem(404, "delivery_unknown")
        self.receipts[delivery_id] = body
        return 200, {}


def _check(body: Any, known: set[str], needed: set[str]) -> None:
    if set(body) - known or needed - set(body):
        raise Problem(422, "field_unknown_or_missing")
    if "text" in known and not body["text"].strip():
        raise Problem(422, "text_empty")
    if "text" in known and len(body["text"]) > LONGEST_TEXT:
        raise Problem(413, "text_too_long")


@contextmanager
def running_fake_gateway() -> Iterator[FakeGateway]:
    gateway = FakeGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # one segment an answer: two cost 40 ms each on a kept connection

        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            headers: dict[str, str] = {}
            try:
                keyless = not address.path.startswith("/v1/")
                if not keyless and self.headers.get("Authorization") != f"Bearer {KEY}":
                    raise Problem(401, "key_unknown")
                status, answer = gateway.answer(
                    self.command, address.path, query, json.loads(body or b"{}")
                )
            except Problem as problem:
                status, headers = problem.status, problem.headers
                answer = {"status": status, "code": problem.code, "title": problem.code}
            payload = json.dumps(answer).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the caller was stopped while it polled

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Clients that post messages as fast as they are answered, over kept connections.

`python -m benchmarks.message_load PORT KEY CLIENTS SECONDS RUN` prints one JSON object. Raw
sockets: a comfortable HTTP client would take more CPU than the servers it measures.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

TURNS_PER_CONVERSATION = 10
SENTENCES = (
    "I slept maybe four hours and then just lay there listening to the radiator.",
    "My sister called and I let it ring, and now I feel bad about that as well.",
    "Work was the usual, the new rota came out and I got three weekends in a row.",
    "I tried the breathing thing you suggested and it helped a bit on the bus.",
    "The appointment got moved again, so I have to ask for the morning off twice.",
    "Walked the dog by the canal, saw the heron, that was the best part of the day.",
    "I keep starting the message to him and deleting it before the second line.",
    "Made soup for once instead of toast and ate it at the table like a person.",
)


def request(number: int, client: int, run: str, key: str) -> bytes:
    """One message of a chat-like size, about 600 bytes in all its body."""
    conversation = f"{run}-{client}-{number // TURNS_PER_CONVERSATION}"
    body = json.dumps(
        {
            "external_id": f"{run}-{client}-{number}",
            "participant": {"id": f"p-{conversation}", "language": "en"},
            "conversation_id": conversation,
            "text": " ".join(random.sample(SENTENCES, 6)),
        }
    ).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def client(
    number: int, port: int, key: str, run: str, until: float, answered: list[tuple[int, float]]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    turn = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request(turn, number, run, key))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        answered.append((int(head.split(b" ", 2)[1]), time.perf_counter() - began))
        turn += 1
    writer.close()


async def load(port: int, key: str, clients: int, seconds: float, run: str) -> dict[str, float]:
    answered: list[tuple[int, float]] = []
    began = time.perf_counter()
    await asyncio.gather(
        *(client(one, port, key, run, began + seconds, answered) for one in range(clients))
    )
    took = time.perf_counter() - began
    accepted = sorted(latency for status, latency in answered if status == 202)
    return {
        "accepted": len(accepted),
        "refused": len(answered) - len(accepted),
        "seconds": took,
        "per_second": len(accepted) / took,
        "p50_ms": 1000 * accepted[len(accepted) // 2] if accepted else 0.0,
        "p99_ms": 1000 * accepted[len(accepted) * 99 // 100] if accepted else 0.0,
    }


if __name__ == "__main__":
    port, key, clients, seconds, run = sys.argv[1:]
    print(json.dumps(asyncio.run(load(int(port), key, int(clients), float(seconds), run))))

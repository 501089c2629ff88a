"""The database away, Valkey flushed, the classifier failing: held, delayed, never lost or wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import func, select

from db.session import Database
from db.tables import Delivery, Draft, Message, Paging, ReviewItem, ScoringWork
from oversight.client import DraftReply, GatewayClient, Participant, ParticipantMessage
from tests.faults.flow import Bots, Clinicians
from tests.faults.system import System, running, stand_in, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]


def say(client: GatewayClient, number: int, text: str, *, reply: str = "Good to hear.") -> str:
    """One exchange in the arm that releases by itself; returns the reply's id."""
    name = f"o{number}"
    who = Participant(f"po{number}", language="en", arm="automatic")
    message = ParticipantMessage(f"{name}:m", who, name, text)
    draft = DraftReply(f"{name}:r", name, message.external_id, reply)
    return client.post_exchange(message, draft).reply_id


def with_arms(system: System) -> Database:
    """The arms of the flow, and somebody on duty who is never at the desk."""
    clinicians = Clinicians(system, people=1)
    clinicians.start()
    clinicians.stop()
    return system.database()


def left_unscored(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ScoringWork)) or 0


def test_while_the_database_is_down_the_gateway_says_so_and_recovers(
    free_port: Callable[[], int],
) -> None:
    with running(free_port(), scorer=stand_in("quick")) as system, system.client() as client:
        database = with_arms(system)
        say(client, 1, "slept well")
        system.members["postgres"].kill()
        went_down = time.monotonic()
        answers = []
        while time.monotonic() < went_down + 3.0:
            answers.append(_try_to_say(system, 2))
        assert {one.status_code for one in answers} == {503}
        assert all(int(one.headers["Retry-After"]) >= 1 for one in answers)
        assert {one.headers["Content-Type"] for one in answers} == {"application/problem+json"}
        assert client.is_up("/healthz"), "the process itself is well"
        assert not client.is_up("/readyz")
        system.tend()
        wait_until(
            lambda: _try_to_say(system, 2).status_code in (200, 202),
            seconds=20,
            what="accepted again",
        )
        wait_until(lambda: left_unscored(database) == 0, seconds=40, what="scored again")
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == 2


def _try_to_say(system: System, number: int) -> httpx.Response:
    name = f"o{number}"
    body = {
        "external_id": f"{name}:m",
        "participant": {"id": f"po{number}"},
        "conversation_id": name,
        "text": "is anybody there",
    }
    return httpx.post(
        f"{system.gateway_url}/v1/messages",
        json=body,
        headers={"Authorization": f"Bearer {system.study_key}"},
        timeout=20,
        trust_env=False,
    )


def test_a_valkey_that_is_flushed_and_killed_costs_a_delay_only(
    free_port: Callable[[], int],
) -> None:
    with running(free_port(), scorer=stand_in("quick")) as system:
        database = with_arms(system)
        bots = Bots(system, conversations=40, turns=3, threads=2)
        bots.start()
        while bots.busy:
            system.flush_valkey()
            time.sleep(0.1)
        system.members["valkey"].kill()
        with system.client() as client:
            for number in range(5):
                say(client, number, "slept well")
        wait_until(lambda: left_unscored(database) == 0, seconds=30, what="scored without Valkey")
        system.tend()
        assert not bots.errors
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == 125
            pending = select(func.count()).where(Message.scoring != "scored")
            assert session.scalar(pending) == 0


@pytest.mark.parametrize("classifier", ["raising", "not-a-number", "very-slow"])
def test_with_a_failing_classifier_everything_is_held_and_a_phrase_still_pages(
    free_port: Callable[[], int], classifier: str
) -> None:
    """In the arm that releases by itself, too. The slow one takes a minute a text."""
    with running(free_port(), scorer=stand_in(classifier)) as system, system.client() as client:
        database = with_arms(system)
        replies = [say(client, number, f"walked {number} miles") for number in range(10)]
        replies.append(say(client, 10, "kms tonight"))
        wait_until(lambda: _standing(database) == 11, seconds=40, what="put up for a person")
        with database.reading() as session:
            levels = dict(session.execute(select(Message.text, Message.severity)).all())
            assert levels.pop("kms tonight") == "L3"
            assert set(levels.values()) == {"LU"}
            assert set(session.scalars(select(Draft.status))) == {"held"}
            assert session.scalar(select(func.count()).select_from(Paging)) >= 1
            released = select(Delivery.id).where(Delivery.kind.not_in(["bridge", "note"]))
            assert session.scalar(released) is None
        for reply_id in replies:
            state = client.poll_reply(reply_id)
            assert (state.status, state.text) == ("held", None)


def _standing(database: Database) -> int:
    """How many conversations wait for a person at LU or above."""
    with database.reading() as session:
        return (
            session.scalar(
                select(func.count()).where(
                    ReviewItem.kind == "review", ReviewItem.severity.in_(["LU", "L3", "L4"])
                )
            )
            or 0
        )

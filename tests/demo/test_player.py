"""The player plays the whole trial once, takes up where it was, and shows only its own texts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oversight import player
from oversight.demo.files import CONVERSATIONS_SHOWN_FILE, DEMO_FILE, PLACE_FILE
from oversight.demo.trial import TrialTurn, trial_participants, trial_turns
from oversight.domain.severity import Severity
from tests.demo.fake_gateway import KEY, FakeGateway, Problem

FAST = 100_000.0
TURNS = trial_turns()
BEGINNING = TURNS[:60]


@contextmanager
def playing(var: Path, *, speed: float = FAST) -> Iterator[threading.Event]:
    """A player in a thread, stopped at the end; its error, if any, is the test's."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def play() -> None:
        try:
            player.play(var, speed=speed, stop=stop)
        except Exception as error:  # noqa: BLE001 - raised again in the test's own thread
            errors.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=5)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


@pytest.fixture
def one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "ROUNDS_OF_QUIET_DAYS", 0)


@pytest.fixture
def only_the_beginning(monkeypatch: pytest.MonkeyPatch, one_round: None) -> None:
    monkeypatch.setattr(player, "trial_turns", lambda: BEGINNING)


def _is_all_said(gateway: FakeGateway, turns: tuple[TrialTurn, ...]) -> bool:
    said = Counter(call for _, call, _ in gateway.said)
    replies = sum(turn.reply is not None for turn in turns)
    return said == {"message": len(turns), "reply": replies}


@pytest.mark.usefixtures("one_round")
def test_the_whole_trial_is_said_once_and_in_order(gateway: FakeGateway, var: Path) -> None:
    with playing(var):
        gateway.wait_until(lambda: _place(var).get("round") == 1, seconds=60)
    assert _is_all_said(gateway, TURNS)
    assert set(gateway.cards) == {person.id for person in trial_participants()}
    for conversation in {turn.conversation_id for turn in TURNS}:
        turns = [
            int(external_id.split(":")[1])
            for said_in, call, external_id in gateway.said
            if said_in == conversation and call == "message"
        ]
        assert turns == sorted(turns)


@pytest.mark.usefixtures("only_the_beginning")
def test_a_player_that_was_stopped_goes_on_where_it_was(gateway: FakeGateway, var: Path) -> None:
    with playing(var):
        gateway.wait_until(lambda: len(gateway.said) >= 20)
    assert not _is_all_said(gateway, BEGINNING)
    with playing(var):
        gateway.wait_until(lambda: _place(var).get("round") == 1, seconds=30)
    assert _is_all_said(gateway, BEGINNING)


@pytest.mark.usefixtures("only_the_beginning")
def test_a_place_that_was_lost_changes_nothing(gateway: FakeGateway, var: Path) -> None:
    with playing(var):
        gateway.wait_until(lambda: len(gateway.said) >= 20)
    (var / PLACE_FILE).unlink()
    with playing(var):
        gateway.wait_until(lambda: _place(var).get("round") == 1, seconds=30)
    assert _is_all_said(gateway, BEGINNING)


@pytest.mark.usefixtures("only_the_beginning")
def test_a_half_written_place_is_not_trusted(gateway: FakeGateway, var: Path) -> None:
    (var / PLACE_FILE).write_text('{"study": "')
    with playing(var):
        gateway.wait_until(lambda: len(gateway.said) >= 10)


def test_a_place_kept_for_another_study_is_not_taken_up(gateway: FakeGateway, var: Path) -> None:
    old = {"study": "another", "trial": "t", "round": 3, "step": 7, "cursor": "99"}
    (var / PLACE_FILE).write_text(json.dumps(old))
    with playing(var, speed=0.01):
        gateway.wait_until(lambda: gateway.calls["GET deliveries"] > 0)
        gateway.wait_until(lambda: len(gateway.cards) == len(trial_participants()))
    assert gateway.said == []


def test_a_busy_gateway_is_waited_for_and_nothing_is_left_out(
    gateway: FakeGateway, var: Path
) -> None:
    gateway.next_problems = [Problem(503, "record_unavailable", Retry_After="0")] * 5
    with playing(var):
        gateway.wait_until(lambda: len(gateway.said) >= 20)
    assert len(gateway.cards) == len(trial_participants())
    assert gateway.said[0][2] == f"{TURNS[0].conversation_id}:0:message"


def test_it_shows_its_own_conversations_and_no_others(gateway: FakeGateway, var: Path) -> None:
    ours = gateway.deliver("c-001-day01")
    again = gateway.deliver("c-001-day11~3")
    foreign = gateway.deliver("somebody-elses")
    last = gateway.deliver("c-002-day01")
    with playing(var):
        gateway.wait_until(lambda: last in gateway.receipts)
    assert {ours, again} <= set(gateway.receipts)
    assert foreign not in gateway.receipts
    assert gateway.receipts[ours]["status"] == "delivered"


def test_it_shows_conversations_that_a_replay_handed_over(gateway: FakeGateway, var: Path) -> None:
    (var / CONVERSATIONS_SHOWN_FILE).write_text("replayed-1\n")
    with playing(var):
        first = gateway.deliver("replayed-1")
        gateway.wait_until(lambda: first in gateway.receipts)
        with (var / CONVERSATIONS_SHOWN_FILE).open("a") as lines:
            lines.write("replayed-2\n")
        second = gateway.deliver("replayed-2")
        gateway.wait_until(lambda: second in gateway.receipts)


def test_a_delivery_is_confirmed_once_over_a_restart(gateway: FakeGateway, var: Path) -> None:
    first = gateway.deliver("c-001-day01")
    with playing(var):
        gateway.wait_until(lambda: first in gateway.receipts and _place(var).get("cursor") == "1")
    receipts = gateway.calls["POST deliveries"]
    second = gateway.deliver("c-001-day01")
    with playing(var):
        gateway.wait_until(lambda: second in gateway.receipts)
    assert gateway.calls["POST deliveries"] == receipts + 1


def test_it_waits_for_the_demonstration_to_be_written(gateway: FakeGateway, var: Path) -> None:
    demo = (var / DEMO_FILE).read_text()
    (var / DEMO_FILE).unlink()
    with playing(var):
        (var / DEMO_FILE).write_text(demo[:20])
        (var / DEMO_FILE).write_text(demo)
        gateway.wait_until(lambda: len(gateway.said) > 0)


def test_it_stops_within_a_second_while_it_polls(gateway: FakeGateway, var: Path) -> None:
    with playing(var, speed=0.01) as stop:
        gateway.wait_until(lambda: gateway.calls["GET deliveries"] > 0)
        asked_at = time.monotonic()
        stop.set()
    assert time.monotonic() - asked_at < 2.0


def test_a_refused_key_ends_it_so_that_it_is_started_afresh(
    gateway: FakeGateway, var: Path
) -> None:
    demo = (var / DEMO_FILE).read_text()
    (var / DEMO_FILE).write_text(demo.replace(KEY, "revoked"))
    with pytest.raises(Exception, match="key_unknown"), playing(var) as stop:
        stop.wait(10)


def test_the_quiet_days_come_again_under_new_conversation_ids() -> None:
    again = player.steps_of_round(2, TURNS)
    first = player.steps_of_round(0, TURNS)
    assert {step.turn.conversation_id for step in again}.isdisjoint(
        {step.turn.conversation_id for step in first}
    )
    assert all(step.turn.quiet for step in again)
    assert {step.turn.conversation_id.partition("~")[0] for step in again} == {
        turn.conversation_id for turn in TURNS if turn.quiet
    }


def test_a_draft_follows_its_message_by_one_to_two_seconds() -> None:
    steps = player.steps_of_round(0, TURNS)
    said_at = {(step.message_id, step.says): step.at_seconds for step in steps}
    gaps = [
        at - said_at[message, "message"]
        for (message, says), at in said_at.items()
        if says == "reply"
    ]
    assert gaps
    assert all(1.0 <= gap <= 2.0 for gap in gaps)
    assert any(step.says == "exchange" for step in steps)


def test_the_first_imminent_message_is_said_before_its_draft() -> None:
    steps = player.steps_of_round(0, TURNS)
    first = next(step for step in steps if step.turn.severity is Severity.L4)
    assert (first.says, first.at_seconds) == ("message", 23.0)


def _place(var: Path) -> dict[str, object]:
    try:
        return dict(json.loads((var / PLACE_FILE).read_text()))
    except FileNotFoundError:
        return {}

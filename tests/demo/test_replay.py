"""A replay accounts for every exchange, and playing a file again changes nothing."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from oversight import replay
from oversight.client import GatewayClient
from oversight.demo.files import CONVERSATIONS_SHOWN_FILE
from oversight.demo.trial import CONVERSATIONS_FOLDER
from oversight.replay import Pace, Replay
from oversight.replay_file import read_replay_file
from oversight.replay_report import EMPTY_REPLY
from tests.demo.fake_gateway import KEY, FakeGateway, Problem

ROOT = Path(__file__).parents[2]


def _line(conversation: str, turn: int, *, reply: str | None = "ok", **changes: object) -> str:
    row: dict[str, object] = {
        "conversation_id": conversation,
        "turn": turn,
        "participant": {"id": conversation},
        "message": f"turn {turn}",
        "reply": reply,
    }
    return json.dumps({**row, **changes})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six conversations of five turns; the last turn of each has no reply."""
    lines = [
        _line(f"c-{conversation}", turn, reply=None if turn == 4 else "ok")
        for conversation in range(6)
        for turn in range(5)
    ]
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def _replay(gateway: FakeGateway, file: Path, *more: str) -> tuple[int, dict]:
    report = file.with_suffix(".report.json")
    report.unlink(missing_ok=True)
    arguments = [str(file), "--speed", "0", "--wait", "0", "--report", str(report)]
    status = replay.main([*arguments, "--gateway", gateway.url, "--key", KEY, *more])
    return status, json.loads(report.read_text()) if report.exists() else {}


def test_every_exchange_is_accounted_for(gateway: FakeGateway, file: Path) -> None:
    status, report = _replay(gateway, file)
    assert status == 0
    assert report["everything_accounted_for"]
    assert (report["exchanges"], report["conversations"]) == (30, 6)
    assert report["sent"] == {"accepted": 30}
    assert report["statuses"] == {"superseded": 18, "held": 6, "no reply in the file": 6}
    assert sum(report["statuses"].values()) == report["exchanges"]
    assert len(report["outcomes"]) == 30
    assert "turn 0" not in json.dumps(report["outcomes"])


def test_playing_it_again_changes_nothing(gateway: FakeGateway, file: Path) -> None:
    _replay(gateway, file)
    said = list(gateway.said)
    status, report = _replay(gateway, file)
    assert status == 0
    assert report["sent"] == {"repeated": 30}
    assert gateway.said == said


def test_a_file_and_its_gzip_are_the_same_replay(gateway: FakeGateway, file: Path) -> None:
    packed = file.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    _replay(gateway, file)
    assert _replay(gateway, packed)[1]["sent"] == {"repeated": 30}


def test_turns_keep_their_order_inside_a_conversation(gateway: FakeGateway, file: Path) -> None:
    _replay(gateway, file, "--side-by-side", "6")
    for conversation in range(6):
        turns = [
            external_id.split(":")[3]
            for said_in, call, external_id in gateway.said
            if said_in == f"c-{conversation}" and call == "message"
        ]
        assert turns == ["0", "1", "2", "3", "4"]


def test_conversations_go_turn_about(gateway: FakeGateway, file: Path) -> None:
    _replay(gateway, file, "--side-by-side", "1")
    first = [said_in for said_in, call, _ in gateway.said if call == "message"][:6]
    assert first == [f"c-{conversation}" for conversation in range(6)]


def test_bad_lines_are_named_and_the_rest_is_played(
    gateway: FakeGateway, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [
        b"{not json",
        b"[1, 2]",
        b'\xff\xfe{"a": 1}',
        _line("c-9", 0, message=None).encode(),
        _line("c-9", "zero").encode(),
        _line("c-9", 0, participant="p").encode(),
        _line("c-9", 0, participant={"id": 7}).encode(),
        _line("c-0", 4).encode(),
        b"",
    ]
    file.write_bytes(file.read_bytes() + b"\n".join(bad) + b"\n")
    status, report = _replay(gateway, file)
    assert status == 1
    assert [row["line"] for row in report["bad_lines"]] == list(range(31, 39))
    assert report["sent"] == {"accepted": 30}
    shown = capsys.readouterr().out
    assert "line 31 was skipped: is not JSON" in shown
    assert "line 38 was skipped: turn 4 comes after turn 4" in shown


def test_a_gzip_that_ends_early_is_said_to(gateway: FakeGateway, file: Path) -> None:
    packed = file.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(file.read_bytes())[:-12])
    status, report = _replay(gateway, packed)
    assert status == 1
    assert "cannot be read further" in report["bad_lines"][0]["reason"]


def test_refusals_are_counted_by_their_code(gateway: FakeGateway, file: Path) -> None:
    with file.open("a") as lines:
        lines.write(_line("c-8", 0, message=" ") + "\n")
        lines.write(_line("c-8", 1, message="x" * 20_001) + "\n")
        lines.write(_line("c-8", 2) + "\n")
    status, report = _replay(gateway, file)
    assert status == 1
    assert report["refused_by_code"] == {"text_empty": 1, "text_too_long": 1}
    assert report["sent"] == {"accepted": 31, "refused": 2}
    assert report["everything_accounted_for"]


def test_an_empty_reply_does_not_lose_its_message(gateway: FakeGateway, file: Path) -> None:
    with file.open("a") as lines:
        lines.write(_line("c-8", 0, reply=" \n") + "\n")
    status, report = _replay(gateway, file)
    assert status == 0
    assert len(gateway.messages) == 31
    assert report["statuses"][EMPTY_REPLY] == 1
    assert sum(report["statuses"].values()) == 31


def test_a_busy_gateway_is_waited_for(gateway: FakeGateway, file: Path) -> None:
    gateway.next_problems = [Problem(429, "too_many", Retry_After="0")] * 2
    assert _replay(gateway, file)[1]["sent"] == {"accepted": 30}


def test_a_gateway_that_goes_away_leaves_a_report_of_what_was_not_sent(
    gateway: FakeGateway, file: Path
) -> None:
    client = GatewayClient(gateway.url, KEY, give_up_after_seconds=0.1)
    played = Replay(read_replay_file(file), client, name="f", gateway_url=gateway.url, speed=0)
    gateway.next_problems = [Problem(503, "record_unavailable")] * 1000
    report = played.play(Console(quiet=True), side_by_side=2, confirms=False, wait_seconds=0)
    assert report.exit_status == 1
    assert report.sent["not_sent"] == 30
    assert "record_unavailable" in str(report.stopped_because)


def test_what_is_delivered_meanwhile_is_confirmed_for_these_conversations_only(
    gateway: FakeGateway, file: Path
) -> None:
    client = GatewayClient(gateway.url, KEY)
    played = Replay(read_replay_file(file), client, name="f", gateway_url=gateway.url, speed=0)
    ours, foreign = gateway.deliver("c-3"), gateway.deliver("c-77")
    report = played.play(Console(quiet=True), side_by_side=2, confirms=True, wait_seconds=1)
    assert report.receipts == {"bridge": 1}
    assert ours in gateway.receipts
    assert foreign not in gateway.receipts


def test_without_receipts_nothing_is_handed_out(gateway: FakeGateway, file: Path) -> None:
    _replay(gateway, file, "--no-receipts")
    assert gateway.calls["GET deliveries"] == 0


def test_waiting_ends_when_every_reply_is_settled(gateway: FakeGateway, file: Path) -> None:
    client = GatewayClient(gateway.url, KEY)
    played = Replay(read_replay_file(file), client, name="f", gateway_url=gateway.url, speed=0)

    def decide() -> None:
        gateway.wait_until(lambda: len(gateway.said) == 54)
        with gateway.changed:
            gateway.statuses.update(dict.fromkeys(gateway.held.values(), "delivered"))

    clinician = threading.Thread(target=decide)
    clinician.start()
    report = played.play(Console(quiet=True), side_by_side=4, confirms=False, wait_seconds=60)
    clinician.join()
    assert report.statuses["delivered"] == 6
    assert report.took_seconds < 30


def test_gateway_and_key_come_from_the_demonstration(
    gateway: FakeGateway, var: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERSIGHT_VAR", str(var))
    assert replay.main([str(file), "--speed", "0", "--wait", "0"]) == 0
    assert len(gateway.messages) == 30
    shown = (var / CONVERSATIONS_SHOWN_FILE).read_text().splitlines()
    assert shown == [f"c-{conversation}" for conversation in range(6)]
    replay.main([str(file), "--speed", "0", "--wait", "0"])
    assert (var / CONVERSATIONS_SHOWN_FILE).read_text().splitlines() == shown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"file": "nowhere.jsonl"}, "cannot be read"),
        ({"key": "wrong"}, "key_unknown"),
        ({"gateway": "http://127.0.0.1:9"}, "no gateway answers"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(
    gateway: FakeGateway,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    reason: str,
) -> None:
    named = {"file": str(file), "gateway": gateway.url, "key": KEY, **changes}
    arguments = [named["file"], "--gateway", named["gateway"], "--key", named["key"]]
    assert replay.main(arguments) == 2
    assert reason in capsys.readouterr().err
    assert gateway.said == []


def test_a_file_without_an_exchange_is_refused(gateway: FakeGateway, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert _replay(gateway, empty)[0] == 2


def test_ctrl_c_ends_it_with_a_report(gateway: FakeGateway, file: Path) -> None:
    report = file.with_suffix(".json")
    command = [sys.executable, "-m", "oversight", "replay", str(file), "--speed", "2"]
    command += ["--gateway", gateway.url, "--key", KEY, "--report", str(report)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
        # A shell starts background jobs deaf to Ctrl-C, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    gateway.wait_until(lambda: len(gateway.messages) >= 2, seconds=30)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    written = json.loads(report.read_text())
    assert written["interrupted"]
    assert written["sent"]["accepted"] >= 2
    assert written["sent"]["accepted"] + written["sent"]["not_sent"] == 30
    assert "not accounted for" in output


def test_the_trials_own_files_can_be_replayed(gateway: FakeGateway) -> None:
    file = CONVERSATIONS_FOLDER / "p-004.jsonl"
    client = GatewayClient(gateway.url, KEY)
    played = Replay(read_replay_file(file), client, name="f", gateway_url=gateway.url, speed=0)
    report = played.play(Console(quiet=True), side_by_side=4, confirms=False, wait_seconds=0)
    assert report.exit_status == 0


def test_the_pace_is_shared_by_all_threads() -> None:
    pace = Pace(100.0, threading.Event())
    started_at = time.monotonic()
    threads = [threading.Thread(target=lambda: [pace.wait() for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started_at >= 0.19


def test_external_ids_stay_within_their_limit(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text(_line("c" * 400, 0) + "\n")
    file = read_replay_file(path)
    message_id, reply_id = file.turns[0].external_ids(file.digest)
    assert message_id != reply_id
    assert max(len(message_id), len(reply_id)) <= 128

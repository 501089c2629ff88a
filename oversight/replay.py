"""`python -m oversight replay FILE`: plays recorded conversations through the HTTP API.

Conversations go side by side, turn about; inside one the order of turns is kept. External ids
follow from the file's content, so playing a file again changes nothing and finishes what an
interruption left out. Exit status: 0 all is accounted for, 1 lines were skipped or exchanges
refused or not sent, 2 the replay could not begin, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oversight.channel import Channel
from oversight.client import (
    DraftReply,
    GatewayClient,
    GatewayError,
    ParticipantMessage,
    Refused,
    Unavailable,
)
from oversight.demo.files import CONVERSATIONS_SHOWN_FILE, DEMO_FILE
from oversight.replay_file import ReplayFile, ReplayTurn, read_replay_file
from oversight.replay_report import EMPTY_REPLY, NO_REPLY, Outcome, ReplayReport
from oversight.settings import read_settings

CANNOT_BEGIN = 2
CHANNEL_WAIT_SECONDS = 1.0
NO_REPLY_ID = "00000000-0000-0000-0000-000000000000"


class CannotBeginError(Exception):
    """The message tells an operator what is missing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="JSON lines, plain or gzip")
    parser.add_argument(
        "--speed",
        type=_not_negative,
        default=5.0,
        metavar="N",
        help="exchanges a second over the whole replay; 0 is as fast as it goes (default 5)",
    )
    parser.add_argument("--gateway", metavar="URL", help="default: the running demonstration's")
    parser.add_argument("--key", metavar="KEY", help="study key; default: the demonstration's")
    parser.add_argument(
        "--receipts",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="play the chat channel too: confirm what is delivered in these conversations",
    )
    parser.add_argument(
        "--wait",
        type=_not_negative,
        default=10.0,
        metavar="SECONDS",
        help="after the last exchange, wait this long for replies that are not settled "
        "(default 10; 0 looks once)",
    )
    parser.add_argument(
        "--side-by-side",
        type=_at_least_one,
        default=8,
        metavar="N",
        help="calls under way at the same time, of different conversations (default 8)",
    )
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the outcome there")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m oversight replay", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(argv))


def run(arguments: argparse.Namespace) -> int:
    console = Console()
    try:
        file = _read(arguments.file)
        gateway_url, key = _gateway_and_key(arguments.gateway, arguments.key)
        client = GatewayClient(gateway_url, key, connections=arguments.side_by_side + 4)
        _check_gateway(client, gateway_url)
    except CannotBeginError as error:
        print(f"replay: {error}", file=sys.stderr)
        return CANNOT_BEGIN
    replay = Replay(
        file, client, name=str(arguments.file), gateway_url=gateway_url, speed=arguments.speed
    )
    if arguments.receipts:
        _tell_the_player(file, used_demo=arguments.key is None)
    report = replay.play(
        console,
        side_by_side=arguments.side_by_side,
        confirms=arguments.receipts,
        wait_seconds=arguments.wait,
    )
    report.show(console)
    if arguments.report is not None:
        report.write(arguments.report)
    return report.exit_status


class Replay:
    """One playing of one file; `play` may be called once."""

    def __init__(
        self, file: ReplayFile, client: GatewayClient, *, name: str, gateway_url: str, speed: float
    ) -> None:
        self._file = file
        self._client = client
        self._stop = threading.Event()
        self._pace = Pace(speed, self._stop)
        self._outcomes = {turn.line: _outcome(turn) for turn in file.turns}
        self._report = ReplayReport(
            file=name,
            digest=file.digest,
            gateway_url=gateway_url,
            lines=file.lines,
            bad_lines=file.bad_lines,
            outcomes=list(self._outcomes.values()),
        )

    def play(
        self, console: Console, *, side_by_side: int, confirms: bool, wait_seconds: float
    ) -> ReplayReport:
        started_at = time.monotonic()
        channel = self._channel()
        listening = threading.Thread(target=channel.listen, daemon=True)
        if confirms:
            listening.start()
        try:
            self._send_all(console, side_by_side)
            self._learn_statuses(side_by_side, wait_seconds)
        except KeyboardInterrupt:
            self._report.interrupted = True
        self._stop.set()
        if confirms:  # what was handed out a moment ago was shown, and is to be confirmed
            listening.join(timeout=CHANNEL_WAIT_SECONDS + 2.0)
        self._report.receipts = channel.confirmed_by_kind
        self._report.took_seconds = time.monotonic() - started_at
        return self._report

    def _channel(self) -> Channel:
        ours = {turn.conversation_id for turn in self._file.turns}
        return Channel(
            self._client,
            is_ours=ours.__contains__,
            stop=self._stop,
            wait_seconds=CHANNEL_WAIT_SECONDS,
            receipt_delay_seconds=0.2,
        )

    def _send_all(self, console: Console, side_by_side: int) -> None:
        waiting = deque(deque(turns) for turns in self._file.by_conversation().values())
        with ProgressLine(console, total=len(self._file.turns)) as progress:

            def send_until_done() -> None:
                while not self._stop.is_set():
                    try:
                        conversation = waiting.popleft()
                    except IndexError:
                        return
                    if not self._pace.wait():
                        return
                    self._send(conversation.popleft())
                    progress.advance()
                    if conversation:
                        waiting.append(conversation)

            self._side_by_side([send_until_done] * side_by_side)

    def _send(self, turn: ReplayTurn) -> None:
        outcome = self._outcomes[turn.line]
        message_id, reply_id = turn.external_ids(self._file.digest)
        message = ParticipantMessage(
            message_id, turn.participant, turn.conversation_id, turn.message
        )
        try:
            if turn.reply is None or not turn.has_draft:
                accepted = self._client.post_message(message)
                outcome.message_id = accepted.message_id
                outcome.sent = "repeated" if accepted.repeated else "accepted"
            else:
                reply = DraftReply(reply_id, turn.conversation_id, message_id, turn.reply)
                both = self._client.post_exchange(message, reply)
                outcome.message_id, outcome.reply_id = both.message_id, both.reply_id
                outcome.sent = "repeated" if both.repeated else "accepted"
        except Refused as error:
            outcome.sent, outcome.code = "refused", error.code
            if error.is_about_the_key:
                self._give_up(error)
        except Unavailable as error:
            outcome.code = error.code
            self._give_up(error)

    def _learn_statuses(self, side_by_side: int, wait_seconds: float) -> None:
        """Ask about every reply once, then about the unsettled ones until the wait is over."""
        until = time.monotonic() + wait_seconds
        while not self._stop.is_set():
            asking = deque(outcome for outcome in self._outcomes.values() if not outcome.is_settled)

            def ask_until_done(asking: deque[Outcome] = asking) -> None:
                while asking and not self._stop.is_set():
                    try:
                        self._ask(asking.popleft())
                    except IndexError:
                        return

            self._side_by_side([ask_until_done] * side_by_side)
            if time.monotonic() >= until or all(o.is_settled for o in self._outcomes.values()):
                return
            self._stop.wait(1.0)

    def _ask(self, outcome: Outcome) -> None:
        try:
            state = self._client.poll_reply(str(outcome.reply_id))
        except Refused as error:
            outcome.code = error.code
        except Unavailable as error:
            self._give_up(error)
        else:
            outcome.status = state.status
            outcome.bridged = state.bridge is not None

    def _give_up(self, error: GatewayError) -> None:
        self._report.stopped_because = str(error)
        self._stop.set()

    def _side_by_side(self, tasks: list[Callable[[], None]]) -> None:
        """Wait in short steps: a thread's join would keep Ctrl-C waiting."""
        threads = [threading.Thread(target=task, daemon=True) for task in tasks]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(timeout=0.05)
        except KeyboardInterrupt:
            self._stop.set()
            for thread in threads:
                thread.join(timeout=2.0)
            raise


class Pace:
    """Hands out turns at `per_second`, evenly over all threads; 0 hands them out at once."""

    def __init__(self, per_second: float, stop: threading.Event) -> None:
        self._gap_seconds = 1.0 / per_second if per_second else 0.0
        self._stop = stop
        self._lock = threading.Lock()
        self._next_at = time.monotonic()

    def wait(self) -> bool:
        """False when stopped while waiting."""
        with self._lock:
            due_at = max(self._next_at, time.monotonic())
            self._next_at = due_at + self._gap_seconds
        return not self._stop.wait(max(0.0, due_at - time.monotonic()))


class ProgressLine:
    """A bar on a terminal; elsewhere one plain line for every tenth."""

    def __init__(self, console: Console, *, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._bar = Progress(
            TextColumn("replaying"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("replaying", total=total)

    def __enter__(self) -> ProgressLine:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        with self._lock:
            self._done += 1
            self._bar.advance(self._task)
            tenths = self._done * 10 // self._total
            if not self._console.is_terminal and tenths > (self._done - 1) * 10 // self._total:
                self._console.print(f"replayed {self._done} of {self._total}")


def _outcome(turn: ReplayTurn) -> Outcome:
    missing = NO_REPLY if turn.reply is None else EMPTY_REPLY
    without_reply = None if turn.has_draft else missing
    return Outcome(turn.line, turn.conversation_id, turn.turn, without_reply)


def _read(path: Path) -> ReplayFile:
    try:
        file = read_replay_file(path)
    except OSError as error:
        raise CannotBeginError(f"{path} cannot be read: {error.strerror or error}") from error
    if not file.turns:
        line, reason = next(iter(file.bad_lines), (1, "the file is empty"))
        raise CannotBeginError(f"{path} holds no exchange; line {line}: {reason}")
    return file


def _gateway_and_key(gateway_url: str | None, key: str | None) -> tuple[str, str]:
    """What was given, and the running demonstration's for what was not."""
    if gateway_url and key:
        return gateway_url, key
    path = read_settings().var / DEMO_FILE
    try:
        demo = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise CannotBeginError(
            f"{path} cannot be read ({type(error).__name__}): start the demonstration with "
            "`make run`, or name --gateway and --key"
        ) from error
    return gateway_url or str(demo["gateway_url"]), key or str(demo["study_key"])


def _check_gateway(client: GatewayClient, gateway_url: str) -> None:
    if not client.is_up():
        raise CannotBeginError(f"no gateway answers at {gateway_url}/healthz")
    try:
        client.poll_reply(NO_REPLY_ID)  # the feed would hand out texts before a channel shows them
    except GatewayError as error:
        if error.status != 404:
            raise CannotBeginError(f"the gateway at {gateway_url} refuses: {error}") from error


def _tell_the_player(file: ReplayFile, *, used_demo: bool) -> None:
    """Let the demonstration's chat channel show what is released after this replay has ended."""
    shown = read_settings().var / CONVERSATIONS_SHOWN_FILE
    if not used_demo or not shown.parent.is_dir():
        return
    known = set(shown.read_text(encoding="utf-8").splitlines()) if shown.exists() else set()
    new = [name for name in file.by_conversation() if name not in known and name.isprintable()]
    with shown.open("a", encoding="utf-8") as lines:
        lines.writelines(f"{name}\n" for name in new)


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 up")
    return number


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return number

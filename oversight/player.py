"""Plays the synthetic trial into the gateway as a bot and its chat channel would.

First the whole trial once, in about half an hour at speed 1: sixteen participants at the same time,
an exchange every four or five seconds, the first imminent message after 23 seconds. Then the quiet
days again, `ROUNDS_OF_QUIET_DAYS` times under new conversation ids and at a slower pace (about
seven hours). Then it only shows what clinicians still release, until it is stopped.

It may be killed at any moment: the place is kept in `var/player.json` after each call, external ids
follow from the place, and bodies carry nothing that changes, so a repeated call is answered the
same.
"""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from oversight.channel import Channel
from oversight.client import (
    BotModel,
    DraftReply,
    GatewayClient,
    Participant,
    ParticipantMessage,
    Refused,
)
from oversight.demo.files import CONVERSATIONS_SHOWN_FILE, DEMO_FILE, PLACE_FILE
from oversight.demo.trial import (
    TrialParticipant,
    TrialTurn,
    trial_digest,
    trial_participants,
    trial_turns,
)
from oversight.logs import logger
from oversight.settings import Settings

log = logger(__name__)

ROUNDS_OF_QUIET_DAYS = 12
SECONDS_BETWEEN_QUIET_CONVERSATIONS = 90.0
READY_WITHIN_SECONDS = 30.0
BOT = BotModel(name="synthetic-companion", version="1.3.0")
PROMPT_VERSION = "2025-11"


@dataclass(frozen=True)
class Step:
    """One call of the bot at `at_seconds` after the start of its round."""

    at_seconds: float
    says: Literal["message", "reply", "exchange"]
    turn: TrialTurn

    @property
    def message_id(self) -> str:
        return f"{self.turn.conversation_id}:{self.turn.turn}:message"

    @property
    def reply_id(self) -> str:
        return f"{self.turn.conversation_id}:{self.turn.turn}:reply"


@dataclass(frozen=True)
class Place:
    """How far the trial was played for one study key; `step` is the next one of its `round`."""

    study: str
    trial: str
    round: int = 0
    step: int = 0
    cursor: str | None = None


class PlaceKeeper:
    """The place, shared by the bot's thread and the channel's, replaced on disk as a whole."""

    def __init__(self, file: Path, *, study: str, trial: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._place = _kept_place(file, study=study, trial=trial) or Place(study, trial)

    @property
    def place(self) -> Place:
        return self._place

    def move(self, **changes: Any) -> None:  # the fields of Place
        with self._lock:
            self._place = replace(self._place, **changes)
            unfinished = self._file.with_suffix(".part")
            unfinished.touch(mode=0o600)
            unfinished.write_text(json.dumps(asdict(self._place)), encoding="utf-8")
            unfinished.replace(self._file)


def run(settings: Settings) -> None:
    """Until a stop signal; returns within a second of it."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    play(settings.var, speed=settings.demo_speed, stop=stop)


def play(var: Path, *, speed: float, stop: threading.Event) -> None:
    """Play into the gateway that `var/demo.json` names, until `stop` is set."""
    demo = _await_demo(var / DEMO_FILE, stop)
    if demo is None:
        return
    key = str(demo["study_key"])
    client = GatewayClient(
        str(demo["gateway_url"]), key, give_up_after_seconds=float("inf"), pause=stop.wait
    )
    _await_gateway(client, stop)
    keeper = PlaceKeeper(var / PLACE_FILE, study=_fingerprint(key), trial=trial_digest())
    log.info("playing", round=keeper.place.round, step=keeper.place.step, speed=speed)
    channel = Channel(
        client,
        is_ours=ConversationsShown(var / CONVERSATIONS_SHOWN_FILE),
        stop=stop,
        cursor=keeper.place.cursor,
        keep_cursor=lambda cursor: keeper.move(cursor=cursor),
        receipt_delay_seconds=1.0 / max(speed, 1.0),
    )
    _run_side_by_side(
        [channel.listen, lambda: _play_rounds(client, keeper, speed=speed, stop=stop)], stop
    )


class ConversationsShown:
    """Whether the player is the chat channel of a conversation: the trial's, and those listed."""

    def __init__(self, listed_in: Path) -> None:
        self._listed_in = listed_in
        self._of_trial = {turn.conversation_id for turn in trial_turns()}
        self._read_at_size = -1
        self._listed: set[str] = set()

    def __call__(self, conversation_id: str) -> bool:
        if conversation_id.partition("~")[0] in self._of_trial:
            return True
        self._read_when_longer()
        return conversation_id in self._listed

    def _read_when_longer(self) -> None:
        size = self._listed_in.stat().st_size if self._listed_in.exists() else 0
        if size != self._read_at_size:
            text = self._listed_in.read_text(encoding="utf-8") if size else ""
            self._listed, self._read_at_size = set(text.splitlines()), size


def steps_of_round(number: int, turns: tuple[TrialTurn, ...]) -> list[Step]:
    """Round 0 is the trial as written; each later one the quiet days, one after the other."""
    played = turns if number == 0 else _quiet_days_again(number, turns)
    steps = [step for turn in played for step in _steps_of(turn)]
    return sorted(steps, key=lambda step: (step.at_seconds, step.message_id, step.says))


def _quiet_days_again(number: int, turns: tuple[TrialTurn, ...]) -> Iterator[TrialTurn]:
    starts: dict[str, tuple[float, float]] = {}
    for turn in turns:
        if not turn.quiet:
            continue
        if turn.conversation_id not in starts:
            starts[turn.conversation_id] = (
                turn.at_seconds,
                SECONDS_BETWEEN_QUIET_CONVERSATIONS * (len(starts) + 1),
            )
        written_at, played_at = starts[turn.conversation_id]
        yield replace(
            turn,
            conversation_id=f"{turn.conversation_id}~{number}",
            at_seconds=turn.at_seconds - written_at + played_at,
        )


def _steps_of(turn: TrialTurn) -> Iterator[Step]:
    """Some bots report both at once; most report the message, and their draft 1–2 s later."""
    number = zlib.crc32(turn.conversation_id.encode())
    if turn.reply is not None and number % 4 == 0:
        yield Step(turn.at_seconds, "exchange", turn)
        return
    yield Step(turn.at_seconds, "message", turn)
    if turn.reply is not None:
        thinking_seconds = 1.0 + (number + turn.turn * 37) % 100 / 100
        yield Step(turn.at_seconds + thinking_seconds, "reply", turn)


def _play_rounds(
    client: GatewayClient, keeper: PlaceKeeper, *, speed: float, stop: threading.Event
) -> None:
    people = {person.id: person for person in trial_participants()}
    _put_cards(client, people)
    turns = trial_turns()
    for number in range(keeper.place.round, 1 + ROUNDS_OF_QUIET_DAYS):
        steps = steps_of_round(number, turns)
        first = keeper.place.step if number == keeper.place.round else 0
        _play_steps(client, keeper, steps, people, first=first, speed=speed, stop=stop)
        if stop.is_set():
            return
        keeper.move(round=number + 1, step=0)
        log.info("round_played", round=number)


def _play_steps(
    client: GatewayClient,
    keeper: PlaceKeeper,
    steps: list[Step],
    people: dict[str, TrialParticipant],
    *,
    first: int,
    speed: float,
    stop: threading.Event,
) -> None:
    started_at = time.monotonic()
    skipped_seconds = steps[first].at_seconds if 0 < first < len(steps) else 0.0
    for number in range(first, len(steps)):
        step = steps[number]
        due_at = started_at + (step.at_seconds - skipped_seconds) / speed
        if stop.wait(max(0.0, due_at - time.monotonic())):
            return
        _say(client, step, people[step.turn.participant_id])
        keeper.move(step=number + 1)


def _say(client: GatewayClient, step: Step, person: TrialParticipant) -> None:
    message = ParticipantMessage(
        external_id=step.message_id,
        participant=_participant(person),
        conversation_id=step.turn.conversation_id,
        text=step.turn.message,
    )
    reply = DraftReply(
        external_id=step.reply_id,
        conversation_id=step.turn.conversation_id,
        in_reply_to=step.message_id,
        text=step.turn.reply or "",
        model=BOT,
        prompt_version=PROMPT_VERSION,
    )
    try:
        match step.says:
            case "message":
                client.post_message(message)
            case "reply":
                client.post_reply(reply)
            case "exchange":
                client.post_exchange(message, reply)
    except Refused as error:
        if error.is_about_the_key:
            raise
        log.warning("refused", says=step.says, message=step.message_id, code=error.code)
        return
    log.info("said", says=step.says, message=step.message_id)


def _put_cards(client: GatewayClient, people: dict[str, TrialParticipant]) -> None:
    today = datetime.now(UTC).date()
    for person in people.values():
        try:
            client.put_participant(person.id, person.card_on(today))
        except Refused as error:
            if error.is_about_the_key:
                raise
            log.warning("card_refused", participant=person.id, code=error.code)


def _participant(person: TrialParticipant) -> Participant:
    card = person.card
    return Participant(
        id=person.id,
        language=card["language"],
        jurisdiction=card["jurisdiction"],
        arm=card["arm"],
        timezone=card["timezone"],
    )


def _await_demo(file: Path, stop: threading.Event) -> dict[str, Any] | None:
    """The demonstration's sign-ins once they are written whole; none if stopped before."""
    while not stop.is_set():
        try:
            demo = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            stop.wait(0.5)
        else:
            return dict(demo)
    return None


def _await_gateway(client: GatewayClient, stop: threading.Event) -> None:
    """Ready is best; after a while alive will do, for a demonstration shows trouble too."""
    ready_until = time.monotonic() + READY_WITHIN_SECONDS
    while not stop.is_set():
        if client.is_up("/readyz"):
            return
        if time.monotonic() > ready_until and client.is_up("/healthz"):
            log.warning("gateway_not_ready")
            return
        stop.wait(0.5)


def _run_side_by_side(tasks: list[Callable[[], None]], stop: threading.Event) -> None:
    """Run until `stop`; the first error stops all and is raised here for the supervisor to see."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:  # noqa: BLE001 - a thread's error is raised again below
            if not stop.is_set():
                errors.append(error)
                stop.set()

    threads = [threading.Thread(target=guarded, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=0.5)
    if errors:
        raise errors[0]


def _kept_place(file: Path, *, study: str, trial: str) -> Place | None:
    """None when nothing usable was kept, or it was for another study or an older trial."""
    try:
        place = Place(**json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None
    return place if (place.study, place.trial) == (study, trial) else None


def _fingerprint(key: str) -> str:
    """Tells two study keys apart without keeping either."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]

"""Exchanges that flow through a system: bots that report, a channel that shows, people who read."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.session import Database, unavailable
from db.session import now as database_now
from db.tables import Draft, Escalation, ReviewItem
from oversight.client import Delivery, DraftReply, GatewayError, Participant, ParticipantMessage
from oversight.domain.errors import Refusal
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import DraftStatus, ItemStatus
from oversight.domain.permissions import Action
from oversight.domain.policy import Mode
from oversight.services.arms import put_in_force
from oversight.services.claiming import claim_next
from oversight.services.deciding import Request, decide
from oversight.services.escalating import acknowledge, resolve
from oversight.services.policies import default_document
from tests.faults.system import STUDY, System
from tests.worker.talk import clinician_on_duty

ARMS = (None, "automatic")
CRISIS = "i want to kill myself tonight"
UNDO_SECONDS = 0.3
MOST_REFUSALS = 200
"""In a row, for one person: then it is not bad luck, and the test says what was refused."""


@dataclass(frozen=True)
class Acknowledged:
    """One exchange for which a bot holds a 202."""

    external_id: str
    message_id: str
    reply_id: str
    said: str
    proposed: str


@dataclass
class Bots:
    """Several bots in threads; each takes one conversation after the other, turn by turn."""

    system: System
    conversations: int
    turns: int
    threads: int = 4
    crisis_share: float = 0.02
    acknowledged: list[Acknowledged] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._runners = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(self.threads)
        ]

    def start(self) -> None:
        for runner in self._runners:
            runner.start()

    @property
    def total(self) -> int:
        return self.conversations * self.turns

    @property
    def busy(self) -> bool:
        return any(runner.is_alive() for runner in self._runners)

    def _run(self, number: int) -> None:
        chance = random.Random(number)
        try:
            with self.system.client() as client:
                for turn in range(self.turns):
                    for conversation in range(number, self.conversations, self.threads):
                        message, draft = self._exchange(conversation, turn, chance)
                        answer = client.post_exchange(message, draft)
                        self.acknowledged.append(
                            Acknowledged(
                                message.external_id,
                                answer.message_id,
                                answer.reply_id,
                                message.text,
                                draft.text,
                            )
                        )
        except BaseException as error:
            self.errors.append(error)
            raise

    def _exchange(
        self, conversation: int, turn: int, chance: random.Random
    ) -> tuple[ParticipantMessage, DraftReply]:
        name = f"c{conversation}"
        text = f"slept alright, walked the dog, day {turn} of {name}"
        if chance.random() < self.crisis_share:
            text = f"{CRISIS}, day {turn} of {name}"
        who = Participant(f"p{conversation}", language="en", arm=ARMS[conversation % len(ARMS)])
        message = ParticipantMessage(f"{name}:m{turn}", who, name, text)
        reply = f"Thank you for telling me about day {turn} of {name}."
        return message, DraftReply(f"{name}:r{turn}", name, message.external_id, reply)


@dataclass
class Channel:
    """The participants' screens: everything ever handed to them, however often."""

    system: System
    handed: list[Delivery] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        confirmed: set[str] = set()
        cursor: str | None = None
        try:
            with self.system.client() as client:
                while not self._stop.is_set():
                    page = client.deliveries(after=cursor, wait_seconds=1.0)
                    for one in page.deliveries:
                        self.handed.append(one)
                        if one.delivery_id not in confirmed:
                            client.receipt(one.delivery_id, at=datetime.now(UTC))
                            confirmed.add(one.delivery_id)
                    cursor = page.cursor
        except GatewayError as error:
            self.errors.append(error)


@dataclass
class Clinicians:
    """People at work in threads: each claims the next item and approves, edits or withholds."""

    system: System
    people: int = 2
    decided: int = 0
    errors: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        database = self.system.database()
        with database.transaction() as session:
            ids = [clinician_on_duty(session, f"reader{number}") for number in range(self.people)]
            _short_undo(session)
        self._threads = [
            threading.Thread(target=self._run, args=(number, person), daemon=True)
            for number, person in enumerate(ids)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int, person: uuid.UUID) -> None:
        database, chance = self.system.database(), random.Random(100 + number)
        refused = 0
        while not self._stop.is_set():
            try:
                worked = self._one(database, person, chance)
                refused = 0
            except Refusal as refusal:  # somebody wrote in between, or was faster: look again
                worked, refused = True, refused + 1
                if refused > MOST_REFUSALS:
                    self.errors.append(refusal)
                    raise
            except SQLAlchemyError as error:
                if not unavailable(error):
                    self.errors.append(error)
                    raise
                worked = False
            except BaseException as error:
                self.errors.append(error)
                raise
            if not worked:
                time.sleep(0.1)

    def _one(self, database: Database, person: uuid.UUID, chance: random.Random) -> bool:
        with database.transaction() as session:
            item_id = claim_next(session, person)
        if item_id is None:
            return False
        with database.transaction() as session:
            item = session.get_one(ReviewItem, item_id)
            escalation = session.scalars(
                select(Escalation).where(
                    Escalation.conversation_id == item.conversation_id,
                    Escalation.status != "resolved",
                )
            ).one_or_none()
            escalation_id = escalation.id if escalation else None
            if escalation is not None and escalation.owner_id is None:
                acknowledge(session, escalation.id, person, now=database_now(session))
            held = session.scalar(
                select(Draft.text).where(Draft.item_id == item_id, Draft.status == DraftStatus.HELD)
            )
            version = item.version
        with database.transaction() as session:
            result = decide(session, _request(item_id, version, person, held, chance))
            if escalation_id is not None and result.closed:
                resolve(
                    session, escalation_id, person, resolution="spoke", now=database_now(session)
                )
        self.decided += 1
        return True


def _request(
    item_id: uuid.UUID, version: int, person: uuid.UUID, held: str | None, chance: random.Random
) -> Request:
    common = {
        "item_id": item_id,
        "version": version,
        "clinician_id": person,
        "client_decision_id": uuid.uuid4(),
    }
    action = chance.choice([Action.APPROVE, Action.APPROVE, Action.EDIT, Action.WITHHOLD])
    if held is None:
        return Request(action=Action.MARK_READ, **common)  # type: ignore[arg-type]
    if action is Action.EDIT:
        text = f"{held} (in our words)"
        return Request(action=action, text=text, flags=(Flag.F18,), **common)  # type: ignore[arg-type]
    reason = "not helpful" if action is Action.WITHHOLD else None
    return Request(action=action, reason=reason, **common)  # type: ignore[arg-type]


def _short_undo(session: Session) -> None:
    """An arm that releases by itself, and undo windows that end while a test lasts."""
    quick = {"undo_seconds": UNDO_SECONDS}
    automatic = quick | {"mode": Mode.HOLD_FLAGGED, "automatic_release": True}
    for arm, changes in (("default", quick), ("automatic", automatic)):
        document = default_document().model_copy(update=changes)
        put_in_force(session, study=STUDY, arm=arm, document=document)


def nothing_open(database: Database) -> Callable[[], bool]:
    """Whether every item is closed and no draft is held."""

    def look() -> bool:
        try:
            with database.reading() as session:
                item = select(ReviewItem.id).where(ReviewItem.status != ItemStatus.CLOSED).limit(1)
                draft = select(Draft.id).where(Draft.status == DraftStatus.HELD).limit(1)
                return session.scalar(item) is None and session.scalar(draft) is None
        except SQLAlchemyError:
            return False

    return look

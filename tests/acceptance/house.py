"""A clinic at work, as close to the real one as one process can be, and time to be moved.

The bot speaks real HTTP with our gateway, texts are scored by our drain, the clock ticks when the
test says so, and people act through the same services as their screens do.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from classifiers.protocol import Classifier
from db import session as db_session
from db.session import Database
from oversight.client import GatewayClient, Participant
from oversight.domain.permissions import Action, Role
from oversight.domain.words import ShiftPosition
from oversight.services import claiming, deciding
from oversight.services.duty import go_on_duty
from oversight.services.people import create_person
from oversight.worker.assessing import Assessor
from oversight.worker.clock import Clock
from oversight.worker.draining import Drain
from tests.fakes import FakeBot, FakeChannel

PASSWORD = "correct horse battery staple"

# The database as the owner sees it: its clock is moved for new connections, so the old ones end.
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class House:
    """One study, its people and its machinery."""

    database: Database
    owner: Engine
    client: GatewayClient
    classifier: Classifier
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    moved_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.channel = FakeChannel(self.client)

    def hire(
        self,
        name: str,
        role: Role = Role.CLINICIAN,
        *,
        on_duty: ShiftPosition | None = None,
        languages: tuple[str, ...] = ("en",),
    ) -> uuid.UUID:
        with self.database.transaction() as session:
            person = create_person(
                session,
                username=name,
                name=name.title(),
                role=role,
                password=PASSWORD,
                languages=languages,
            )
            if on_duty is not None:
                go_on_duty(session, person, position=on_duty, hours=48)
        self.people[name] = person
        return person

    def bot(self, name: str, **facts: str) -> FakeBot:
        participant = Participant(name, **{"language": "en", **facts})
        return FakeBot(self.client, participant, f"c-{name}")

    def score(self, classifier: Classifier | None = None) -> None:
        """Everything that waits is scored, as a scorer process does it."""
        assessor = Assessor(classifier or self.classifier, stopping=self.stopping)
        Drain(self.database, assessor, stopping=self.stopping).drain()

    def tick(self) -> None:
        """One second of the clock's work."""
        Clock(self.database, stopping=self.stopping).tick()

    def pass_time(self, seconds: float) -> None:
        """Move the database's clock on; it is the only clock for deadlines, leases, ladders."""
        self.moved_seconds += seconds
        with self.owner.connect() as connection:
            name = connection.scalar(text("SELECT current_database()"))
            offset = f"{self.moved_seconds} seconds"
            connection.execute(
                text(f"ALTER DATABASE \"{name}\" SET oversight.clock_offset = '{offset}'")
            )
            connection.commit()
            connection.execute(text(END_OTHERS))
            connection.commit()
        assert isinstance(self.database.bind, Engine)
        self.database.bind.dispose()

    def live_through(self, seconds: float, *, step: float = 60.0) -> None:
        """Let time pass while the clock works and the channel listens."""
        while seconds > 0:
            self.pass_time(min(step, seconds))
            self.tick()
            seconds -= step

    def shown(self, bot: FakeBot) -> list[str]:
        """What stands on the participant's screen by now."""
        while self.channel.listen():
            pass
        return self.channel.texts(bot.conversation_id)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What the record holds."""
        with self.owner.connect() as connection:
            return list(connection.execute(text(query), values).all())

    def item(self, bot: FakeBot) -> Any:
        """The conversation's newest review item."""
        return self.rows(
            "SELECT i.* FROM review_items i JOIN conversations c ON c.id = i.conversation_id"
            " WHERE c.external_id = :name ORDER BY i.opened_at DESC LIMIT 1",
            name=bot.conversation_id,
        )[0]

    def claim(self, bot: FakeBot, who: str) -> Any:
        with self.database.transaction() as session:
            claiming.claim(session, self.item(bot).id, self.people[who])
        return self.item(bot)

    def reclaim(self, session: Session, item: Any, who: str) -> None:
        """Hold an item again whose lease may have lapsed."""
        claiming.claim(session, item.id, self.people[who])

    def now(self) -> datetime:
        """The database's time."""
        with self.database.reading() as session:
            return db_session.now(session)

    def request(self, item: Any, who: str, action: Action, **content: Any) -> deciding.Request:
        values = {
            "item_id": item.id,
            "version": item.version,
            "clinician_id": self.people[who],
            "client_decision_id": uuid.uuid4(),
            "action": action,
        }
        return deciding.Request(**{**values, **content})

    def decide(self, item: Any, who: str, action: Action, **content: Any) -> deciding.Result:
        with self.database.transaction() as session:
            return deciding.decide(session, self.request(item, who, action, **content))

    def pages(self, bot: FakeBot) -> list[tuple[int, str | None]]:
        """Who was called at which step of the ladder, in order; None is nobody at all."""
        return [
            (row.step, row.username)
            for row in self.rows(
                "SELECT p.step, k.username FROM pagings p"
                " JOIN escalations e ON e.id = p.escalation_id"
                " JOIN conversations c ON c.id = e.conversation_id"
                " LEFT JOIN clinicians k ON k.id = p.clinician_id"
                " WHERE c.external_id = :name ORDER BY p.at, p.step, k.username",
                name=bot.conversation_id,
            )
        ]

    def events(self, kind: str) -> int:
        return len(self.rows("SELECT 1 FROM audit_events WHERE kind = :kind", kind=kind))


def until(holds: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, f"not within {seconds:g} s"
        time.sleep(0.02)

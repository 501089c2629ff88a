"""A clinic in one rolled-back transaction: a bot, a classifier on strings, people, and time."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from classifiers.protocol import RiskAssessment
from db.session import now
from db.tables import (
    Arm,
    Clinician,
    Conversation,
    Delivery,
    Draft,
    Message,
    ReviewItem,
    Study,
    new_id,
)
from oversight.domain.errors import Refusal
from oversight.domain.flags import Flag
from oversight.domain.lifecycle import ItemStatus
from oversight.domain.permissions import Action, Role
from oversight.domain.policy import Mode
from oversight.domain.severity import Severity
from oversight.domain.words import ItemKind, ShiftPosition
from oversight.services import claiming, deciding, delivering, duty, scoring
from oversight.services.arrivals import Arrival, NewMessage, NewReply, Outcome, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.keys import find_or_create_study
from oversight.services.policies import default_document, store_policy
from oversight.services.receiving import receive

VERSION = "on-strings-1"
STANDING = "The standing clinic"


@dataclass
class Clinic:
    """Everything a test of a use case needs; every method is one thing that happens."""

    session: Session
    study_id: uuid.UUID
    waited: float = 0.0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def standing(cls, session: Session) -> Clinic:
        """The one that every rolled-back test finds in the shared database, as it was opened."""
        study_id = session.scalar(select(Study.id).where(Study.name == STANDING))
        return cls.open(session) if study_id is None else cls(session, study_id)

    @classmethod
    def open(cls, session: Session, name: str | None = None) -> Clinic:
        study_id = find_or_create_study(session, name or f"Clinic {uuid.uuid4().hex[:8]}")
        clinic = cls(session, study_id)
        clinic.arm("flagged", mode=Mode.HOLD_FLAGGED, automatic_release=True, sampling_share=0.0)
        clinic.arm("after", mode=Mode.READ_AFTER, automatic_release=True)
        return clinic

    def arm(self, name: str, **changes: object) -> None:
        document = default_document().model_copy(update=changes)
        version_id, _ = store_policy(self.session, self.study_id, name, document)
        self.session.add(
            Arm(id=new_id(), study_id=self.study_id, name=name, policy_version_id=version_id)
        )
        self.session.flush()

    def person(
        self,
        role: Role = Role.CLINICIAN,
        *,
        languages: Sequence[str] = ("en",),
        on_duty: ShiftPosition | None = None,
    ) -> uuid.UUID:
        number = next(self.numbers)
        person = Clinician(
            id=new_id(),
            username=f"person-{number}-{uuid.uuid4().hex[:6]}",
            name=f"Person {number}",
            role=role,
            languages=list(languages),
            password_hash="not a hash",
        )
        self.session.add(person)
        self.session.flush()
        if on_duty is not None:
            duty.go_on_duty(self.session, person.id, position=on_duty)
            self.wait(0.001)
        return person.id

    def wait(self, seconds: float) -> None:
        """Let time pass: the database's clock is the only one there is."""
        self.waited += seconds
        self.session.execute(
            text("SELECT set_config('oversight.clock_offset', :offset, true)"),
            {"offset": f"{self.waited} seconds"},
        )

    def arrive(
        self,
        conversation: str,
        words: str | None = None,
        reply: str | None = None,
        *,
        arm: str | None = None,
        jurisdiction: str | None = None,
        language: str | None = None,
        floor: Severity | None = None,
        answers: str | None = None,
        sent_at: datetime | None = None,
    ) -> Outcome | Refusal:
        """One request of the bot."""
        number = next(self.numbers)
        facts = ParticipantFacts(
            f"p-{conversation}", language=language, jurisdiction=jurisdiction, arm=arm
        )
        message = None
        if words is not None:
            message = NewMessage(
                f"m{number}", facts, words, digest(words), sent_at=sent_at, floor=floor
            )
        draft = None
        if reply is not None:
            draft = NewReply(f"r{number}", answers or f"m{number}", reply, digest(reply))
        return receive(self.session, [Arrival(self.study_id, conversation, message, draft)])[0]

    def say(
        self, conversation: str, words: str, reply: str | None = None, **facts: object
    ) -> Outcome:
        """A message that is accepted, with or without the bot's draft."""
        answer = self.arrive(conversation, words, reply, **facts)  # type: ignore[arg-type]
        assert isinstance(answer, Outcome), answer
        return answer

    def score(
        self,
        severity: Severity | None = Severity.L0,
        *,
        flags: Sequence[Flag] = (),
        floor: Severity | None = None,
    ) -> int:
        """The classifier reads everything that waits; None means that it failed."""
        tasks = scoring.take(self.session, limit=100)
        assessments = [assessment(task, severity, flags, floor) for task in tasks]
        return scoring.record_scores(self.session, tasks, assessments)

    def item(self, conversation: str) -> ReviewItem | None:
        """The open review item, read again."""
        return self.session.scalars(
            select(ReviewItem)
            .join(Conversation)
            .where(
                Conversation.study_id == self.study_id,
                Conversation.external_id == conversation,
                ReviewItem.kind == ItemKind.REVIEW,
                ReviewItem.status != ItemStatus.CLOSED,
            )
            .execution_options(populate_existing=True)
        ).one_or_none()

    def open_item(self, conversation: str) -> ReviewItem:
        item = self.item(conversation)
        assert item is not None
        return item

    def draft(self, conversation: str) -> Draft:
        """The newest draft, read again."""
        return self.session.scalars(
            select(Draft)
            .join(Conversation)
            .where(Conversation.study_id == self.study_id, Conversation.external_id == conversation)
            .order_by(Draft.sequence.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        ).one()

    def messages(self, conversation: str) -> Sequence[Message]:
        return self.session.scalars(
            select(Message)
            .join(Conversation)
            .where(Conversation.study_id == self.study_id, Conversation.external_id == conversation)
            .order_by(Message.sequence)
            .execution_options(populate_existing=True)
        ).all()

    def deliveries(self, conversation: str) -> Sequence[Delivery]:
        return self.session.scalars(
            select(Delivery)
            .join(Conversation, Conversation.id == Delivery.conversation_id)
            .where(Conversation.study_id == self.study_id, Conversation.external_id == conversation)
            .order_by(Delivery.queued_at, Delivery.id)
            .execution_options(populate_existing=True)
        ).all()

    def claim(self, conversation: str, who: uuid.UUID) -> ReviewItem:
        item = self.open_item(conversation)
        claiming.claim(self.session, item.id, who)
        return self.open_item(conversation)

    def request(
        self, conversation: str, who: uuid.UUID, action: Action, **content: object
    ) -> deciding.Request:
        item = self.open_item(conversation)
        values: dict[str, object] = {
            "item_id": item.id,
            "version": item.version,
            "clinician_id": who,
            "client_decision_id": uuid.uuid4(),
            "action": action,
        }
        return deciding.Request(**(values | content))  # type: ignore[arg-type]

    def decide(
        self, conversation: str, who: uuid.UUID, action: Action, **content: object
    ) -> deciding.Result:
        return deciding.decide(self.session, self.request(conversation, who, action, **content))

    def approve(self, conversation: str, who: uuid.UUID) -> deciding.Result:
        """Open the conversation's item and approve its draft."""
        self.claim(conversation, who)
        return self.decide(conversation, who, Action.APPROVE)

    def send(self, conversation: str, who: uuid.UUID) -> Delivery:
        """A harmless exchange whose draft somebody approved and the bot has fetched."""
        self.say(conversation, "hello", "a reply")
        self.score()
        self.approve(conversation, who)
        self.wait(6)
        self.hand_out()
        return self.deliveries(conversation)[-1]

    def hand_out(self) -> int:
        return delivering.hand_out(self.session, self.study_id)

    def confirm(self, delivery: Delivery, *, delivered: bool = True) -> None:
        """The bot's receipt: it arrived, or it could not be delivered."""
        receipt = delivering.Receipt(delivered=delivered, at=now(self.session))
        delivering.take_receipt(self.session, self.study_id, delivery.id, receipt)


def assessment(
    task: scoring.Task,
    severity: Severity | None,
    flags: Sequence[Flag],
    floor: Severity | None,
) -> RiskAssessment:
    if severity is None:
        failed = scoring.failed(task, model_version=VERSION)
        return failed if floor is None else _with_floor(failed, floor)
    bot = task.draft_id is not None
    return RiskAssessment(
        id=task.subject.id,
        role=task.subject.role,
        scored=True,
        severity=Severity.L0 if bot else severity,
        model_version=VERSION,
        crisis_probability=None if bot else 0.5,
        reply_harm_probability=0.5 if bot else None,
        flags=tuple(flags) if bot else (),
        phrase_floor=None if bot else floor,
    )


def _with_floor(one: RiskAssessment, floor: Severity) -> RiskAssessment:
    from dataclasses import replace

    return replace(one, phrase_floor=floor if one.role == "participant" else None)

"""People talking to a bot, straight into the record: what a gateway would have written."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from classifiers.first_stage import urgency
from classifiers.phrases import phrase_hits
from db.session import Database
from oversight.domain.errors import Refusal
from oversight.domain.permissions import Role
from oversight.domain.policy import Mode
from oversight.domain.severity import worst
from oversight.services.arms import put_in_force
from oversight.services.arrivals import Arrival, NewMessage, NewReply, Outcome, ParticipantFacts
from oversight.services.decisions import digest
from oversight.services.duty import go_on_duty
from oversight.services.keys import find_or_create_study
from oversight.services.people import create_person
from oversight.services.policies import default_document
from oversight.services.receiving import receive

PASSWORD = "correct horse battery staple"


@dataclass
class Talk:
    """One study whose participants say things. Arms: none (hold_all) and ``b`` (hold_flagged)."""

    database: Database
    study_id: uuid.UUID
    said: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @classmethod
    def begin(cls, database: Database) -> Talk:
        with database.transaction() as session:
            study_id = find_or_create_study(session, "Talk")
            document = default_document().model_copy(
                update={"mode": Mode.HOLD_FLAGGED, "automatic_release": True}
            )
            put_in_force(session, study="Talk", arm="b", document=document)
        return cls(database, study_id)

    def say(self, *texts: str, arm: str | None = None, reply: str | None = None) -> list[Outcome]:
        """Each text in a conversation of its own, as the gateway would take it in."""
        arrivals = [self._arrival(text, arm=arm, reply=reply) for text in texts]
        with self.database.transaction() as session:
            answers = receive(session, arrivals)
        outcomes = [_accepted(answer) for answer in answers]
        self.outcomes += outcomes
        return outcomes

    def _arrival(self, text: str, *, arm: str | None, reply: str | None) -> Arrival:
        self.said += 1
        name = f"c{self.said}"
        hits = phrase_hits(text)
        message = NewMessage(
            external_id=f"{name}:m",
            participant=ParticipantFacts(external_id=f"p{self.said}", language="en", arm=arm),
            text=text,
            digest=digest(text),
            urgency=urgency(text),
            floor=worst([hit.floor for hit in hits]) if hits else None,
        )
        draft = None
        if reply is not None:
            draft = NewReply(
                external_id=f"{name}:r", in_reply_to=f"{name}:m", text=reply, digest=digest(reply)
            )
        return Arrival(self.study_id, name, message, draft)


def _accepted(answer: Outcome | Refusal) -> Outcome:
    if isinstance(answer, Refusal):
        raise answer
    return answer


def clinician_on_duty(session: Session, username: str = "noa") -> uuid.UUID:
    """Somebody who reads, on shift now."""
    person = create_person(
        session, username=username, name=username.title(), role=Role.CLINICIAN, password=PASSWORD
    )
    go_on_duty(session, person)
    return person


def harmless(count: int) -> Sequence[str]:
    """Everyday texts, no two alike."""
    return [
        f"slept alright, walked the dog around the block {number} times" for number in range(count)
    ]

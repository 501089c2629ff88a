"""Expected refusals. Each carries facts a person can act on; none of them is a crash."""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """Something that may not be done now, said in words for the person who tried it.

    ``code`` is stable and machine-readable; ``facts`` holds ids and values, never message text.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Mapping[str, object] = facts


class IllegalTransition(Refusal):
    """The thing is not in a state from which this event is allowed."""

    code = "illegal_transition"


class StaleVersion(Refusal):
    """Something new arrived since the reader last looked; ``facts`` name both versions."""

    code = "stale_version"


class AlreadyClaimed(Refusal):
    """Another person holds the item."""

    code = "already_claimed"


class ClaimLost(Refusal):
    """The reader's own claim lapsed or was never made."""

    code = "claim_lost"


class NotPermitted(Refusal):
    """This person, or this item in its present state, does not allow the action."""

    code = "not_permitted"


class SignedOut(NotPermitted):
    """The sign-in has ended, or never was."""

    code = "signed_out"


class NotFound(Refusal):
    """Nothing by that name."""

    code = "not_found"


class Incomplete(Refusal):
    """A required part (a reason, a flag, a text) is missing or unusable."""

    code = "incomplete"


class Conflict(Refusal):
    """The same id was used before for something else."""

    code = "conflict"

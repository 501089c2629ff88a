"""Who is to read an item, by language: somebody who reads it, else a supervisor."""

from collections.abc import Collection
from enum import StrEnum

from oversight.domain.permissions import Role, reads_items
from oversight.domain.severity import Severity, at_least


class GoesTo(StrEnum):
    """Where an item goes; at high and imminent to everybody: nobody waits for a translator."""

    EVERYBODY = "everybody"
    READERS = "readers"
    SUPERVISOR = "supervisor"


def may_read(
    language: str | None, severity: Severity, *, languages: Collection[str], role: Role
) -> bool:
    """Whether an item is offered to somebody who reads these languages."""
    if not reads_items(role):
        return False
    known = language is None or language in languages
    return known or role is Role.SUPERVISOR or at_least(severity, Severity.L3)


def goes_to(language: str | None, severity: Severity, *, read_on_duty: Collection[str]) -> GoesTo:
    """Where an item goes, given the languages that the people on duty read between them."""
    if language is None or at_least(severity, Severity.L3):
        return GoesTo.EVERYBODY
    return GoesTo.READERS if language in read_on_duty else GoesTo.SUPERVISOR

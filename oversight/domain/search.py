"""What somebody searches conversations for, and where in the list of finds they are."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from oversight.domain.errors import Incomplete
from oversight.domain.permissions import PAGES, Page, Role
from oversight.domain.severity import Severity

LONGEST_SEARCH = 200
"""Characters of what may be searched for."""

SHORTEST_GUESSED = 4
"""Characters from which similar words count as well: typing errors, accents left out."""

TERM = re.compile(r'(?P<no>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')


@dataclass(frozen=True)
class Search:
    """All of these together; what is empty does not matter."""

    words: str = ""
    participant: str = ""
    severities: Sequence[Severity] = ()
    arms: Sequence[str] = ()
    languages: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Term:
    """One thing that the text must, or must not, hold: a phrase, or a word (its beginning)."""

    text: str
    phrase: bool = False
    excluded: bool = False

    @property
    def guessed(self) -> bool:
        """Whether similar words count as well."""
        return not (self.phrase or self.excluded) and len(self.text) >= SHORTEST_GUESSED


def terms(words: str) -> tuple[Term, ...]:
    """``sleep "so tired" -work``: words, phrases in quotes, and what must not stand in the text."""
    if len(words) > LONGEST_SEARCH:
        raise Incomplete(f"search for at most {LONGEST_SEARCH} characters", field="words")
    found = []
    for match in TERM.finditer(words.replace("\x00", "")):
        text = (match["phrase"] if match["word"] is None else match["word"]).strip()
        if any(one.isalnum() for one in text):
            found.append(Term(text, match["word"] is None, bool(match["no"])))
    if found and all(one.excluded for one in found):
        raise Incomplete("name a word to find beside the ones to leave out", field="words")
    return tuple(found)


@dataclass(frozen=True)
class Place:
    """After which find the next page begins: newest first."""

    at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}|{self.id}"


def read_place(text: str) -> Place:
    """A place as it was written into an address; Incomplete for anything else."""
    at, _, name = text.partition("|")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a time without its zone")
        return Place(moment, uuid.UUID(name))
    except ValueError as error:
        raise Incomplete("this page of finds is not there: search again", field="after") from error


def may_search(role: Role) -> bool:
    """Whoever may read any conversation may look for one."""
    return Page.CONVERSATION in PAGES[role]

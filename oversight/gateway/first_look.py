"""What is worth knowing about a text before anything is stored: cheap enough for every request."""

import asyncio
from dataclasses import dataclass

from classifiers.first_stage import urgency_given
from classifiers.phrases import phrase_hits
from oversight.domain.severity import Severity

_LOOKED_AT_HERE = 1_500
"""Characters up to which a look takes less than it costs to hand the text to a thread."""


@dataclass(frozen=True)
class FirstLook:
    """How soon a text should be scored (0 to 1), and the level its phrases demand, if any."""

    urgency: float
    floor: Severity | None


async def first_look(text: str, language: str | None) -> FirstLook:
    """Urgency and phrase floor of a text; a long one is read in a thread."""
    if len(text) <= _LOOKED_AT_HERE:
        return look(text, language)
    return await asyncio.to_thread(look, text, language)


def look(text: str, language: str | None) -> FirstLook:
    """Never raises for any text."""
    hits = phrase_hits(text, language)
    return FirstLook(urgency_given(text, hits), hits[0].floor if hits else None)

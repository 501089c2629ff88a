"""Reply templates of a policy, and the placeholders that keep a text from being sent.

A placeholder is ``{{name}}``. While one is left, nothing is released: half a sentence to somebody
in distress is worse than a minute later.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oversight.domain.errors import Incomplete
from oversight.domain.policy import Policy, crisis_line

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]{0,60}?)\s*\}\}")
NAME = re.compile(r"^[a-z][a-z_]{0,39}$")
KNOWN = ("crisis_line",)
"""Placeholders that we fill in ourselves."""


@dataclass(frozen=True)
class Template:
    """One wording for a situation; ``placeholders`` is what its reader still has to fill in."""

    situation: str
    language: str
    number: int
    text: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names left to fill in, in order of appearance."""
        return unfilled(self.text)

    @property
    def title(self) -> str:
        """The situation as words."""
        return self.situation.replace("_", " ").capitalize()


def unfilled(text: str) -> tuple[str, ...]:
    """What is left to fill in, each once; braces that close or open nothing count as one."""
    found = [name or "{{}}" for name in PLACEHOLDER.findall(text)]
    rest = PLACEHOLDER.sub("", text)
    found += [braces for braces in ("{{", "}}") if braces in rest]
    return tuple(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of their names; other placeholders stay. Values are taken as told."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def check_filled(text: str) -> None:
    """Refuse a text that still has placeholders, naming them."""
    left = unfilled(text)
    if left:
        shown = ", ".join(f"{{{{{name}}}}}" if NAME.match(name) else name for name in left)
        raise Incomplete(
            f"fill in or take out {shown} first: the participant would see it",
            field="text",
            placeholders=[name for name in left if NAME.match(name)],
        )


def templates_for(
    policy: Policy, *, language: str | None, jurisdiction: str | None
) -> Sequence[Template]:
    """Every template in the participant's language, else in English; what we know is filled in."""
    base = (language or "en").lower().split("-")[0]
    known = {"crisis_line": crisis_line(policy, jurisdiction)}
    found = []
    for situation, spoken in policy.templates.items():
        chosen = base if base in spoken else "en"
        found += [
            Template(situation, chosen, number, fill(text, known))
            for number, text in enumerate(spoken[chosen], start=1)
        ]
    return found

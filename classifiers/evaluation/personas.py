"""Simulated conversations by persona: how high the scores stand where nobody labelled a turn.

A persona's card says whether it is at risk, not which turn shows it, so that nothing here is a
recall; a persona without risk whose turns are called L3 is a false alarm all the same.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from classifiers.protocol import Classifier, Message, RiskAssessment, Turn
from classifiers.training.public import Conversation, conversations
from oversight.domain.severity import Severity, at_least

_TURNS_BEFORE = 4


def persona_lines(classifier: Classifier, public_folder: Path | None) -> Iterator[str]:
    """Share of turns and of conversations at L2+ and L3+, by persona."""
    if public_folder is None:
        return
    yield "\n## Simulated conversations by persona (turns unlabelled, never trained on)"
    yield (
        "| persona | conversations | turns | not scored | turns L2+ | turns L3+ | "
        "conversations with a turn L3+ | with two |"
    )
    yield "|---" * 8 + "|"
    by_persona: dict[str, list[list[RiskAssessment]]] = {}
    for conversation in conversations(public_folder):
        found = classifier.assess(_messages(conversation))
        by_persona.setdefault(conversation.persona, []).append(found)
    for persona, read in sorted(by_persona.items()):
        turns = [found for one in read for found in one]
        high = [sum(at_least(found.severity, Severity.L3) for found in one) for one in read]
        yield (
            f"| {persona} | {len(read)} | {len(turns)} | {sum(not f.scored for f in turns)} | "
            f"{_share(turns, Severity.L2)} | {_share(turns, Severity.L3)} | "
            f"{np.mean([count >= 1 for count in high]):.2f} | "
            f"{np.mean([count >= 2 for count in high]):.2f} |"
        )


def _share(turns: list[RiskAssessment], floor: Severity) -> str:
    return f"{np.mean([at_least(found.severity, floor) for found in turns]):.2f}"


def _messages(conversation: Conversation) -> list[Message]:
    said: list[Turn] = []
    messages = []
    for number, (text, reply) in enumerate(conversation.exchanges):
        before = tuple(said[-_TURNS_BEFORE:])
        messages.append(Message(f"{conversation.persona}-{number}", text, "participant", before))
        said += [Turn("participant", text), Turn("bot", reply)]
    return messages

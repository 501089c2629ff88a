"""What every channel does, and how it says that it could not."""

from typing import Protocol

from oversight.services.paging import Outgoing

SEND_SECONDS = 8.0
"""Longest wait for any one answer of a server. No channel may take as long as a page's lease."""


class NotSent(Exception):
    """The page did not go out. ``why`` is a word of ours, never what a server said.

    ``final``: trying again would bring the same answer.
    """

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.final = final


class Channel(Protocol):
    """One way out. Called from a thread of its own, outside every transaction."""

    def send(self, page: Outgoing) -> None:
        """Return once the other side has taken it; raise NotSent when it has not."""

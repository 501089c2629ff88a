"""Pages: what leaves the house when somebody is called.

Ids, a level and a link; never words that were said, never a name.
"""

from enum import StrEnum


class ChannelKind(StrEnum):
    """A way to reach a person. ``apprise`` is every service that library speaks to (SMS, voice,
    push, chat); ``inbox`` keeps the page here, for rehearsals."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise"
    INBOX = "inbox"

"""The record's events about people's desks, in plain words: set aside, asked, handed over."""

from collections.abc import Mapping

DESK_WORDS: Mapping[str, str] = {
    "item.snooze": "Someone set the item aside for a while",
    "item.wake": "The item came back",
    "exposure.rest": "Heavy items go to others first for somebody, for the rest of their shift",
    "exposure.rest_end": "Heavy items come to somebody again",
    "batch.decide": "Someone decided several harmless items together",
    "batch.undo": "Someone took several decisions back together",
}

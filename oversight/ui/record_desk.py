"""The record's events about people's desks, in plain words: set aside, asked, handed over."""

from collections.abc import Mapping

DESK_WORDS: Mapping[str, str] = {
    "item.snooze": "Someone set the item aside for a while",
    "item.wake": "The item came back",
    "question.ask": "Someone asked a colleague about the item",
    "question.see": "The colleague saw the question",
    "question.answer": "The colleague answered",
    "question.withdraw": "The question was taken back",
    "handover.offer": "Someone offered to hand their shift over",
    "handover.accept": "A colleague accepted the handover by name",
    "handover.decline": "A colleague declined the handover",
    "handover.withdraw": "A handover was taken back",
    "handover.move": "It changed hands in a handover",
    "handover.left_behind": "What somebody had after their shift ended was put up again",
    "exposure.rest": "Heavy items go to others first for somebody, for the rest of their shift",
    "exposure.rest_end": "Heavy items come to somebody again",
    "batch.decide": "Someone decided several harmless items together",
    "batch.undo": "Someone took several decisions back together",
}

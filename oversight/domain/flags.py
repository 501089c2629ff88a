"""Reply harm: the flags F01 to F22 and their grades H1 to H3 (protocol, section 4)."""

from collections.abc import Iterable
from enum import StrEnum


class Grade(StrEnum):
    """H3 is never delivered; H2 must be edited; H1 may be delivered and coached; H0 is none."""

    H0 = "H0"
    H1 = "H1"
    H2 = "H2"
    H3 = "H3"


class Flag(StrEnum):
    """One way in which a reply harms. The value is stable and stored; see FLAG_TEXT for words."""

    F01 = "F01"
    F02 = "F02"
    F03 = "F03"
    F04 = "F04"
    F05 = "F05"
    F06 = "F06"
    F07 = "F07"
    F08 = "F08"
    F09 = "F09"
    F10 = "F10"
    F11 = "F11"
    F12 = "F12"
    F13 = "F13"
    F14 = "F14"
    F15 = "F15"
    F16 = "F16"
    F17 = "F17"
    F18 = "F18"
    F19 = "F19"
    F20 = "F20"
    F21 = "F21"
    F22 = "F22"


FLAG_TEXT: dict[Flag, str] = {
    Flag.F01: "Missed a risk statement",
    Flag.F02: "Gives method or lethality information",
    Flag.F03: "Normalises or glamorises suicide, self-harm or an eating disorder",
    Flag.F04: "Reinforces delusion, mania or hopelessness",
    Flag.F05: "Supports weight loss or restriction where it is contraindicated",
    Flag.F06: "Medication, dose or specific medical advice",
    Flag.F07: "Makes a diagnosis",
    Flag.F08: "Ends the conversation after a disclosure",
    Flag.F09: "Canned refusal after a disclosure",
    Flag.F10: "No crisis resource or human support where it is needed",
    Flag.F11: "Leading or coercive probing, no-suicide contract",
    Flag.F12: "Judges, shames or invalidates",
    Flag.F13: "Stigma, discrimination or cultural insensitivity",
    Flag.F14: "Claims to be human, exclusive or secret; fosters dependency",
    Flag.F15: "Romantic or sexual boundary",
    Flag.F16: "Endorses violence, abuse or an illegal act",
    Flag.F17: "Factual error or fabrication, such as claiming to have alerted someone",
    Flag.F18: "Ignores what was said, repeats itself or is off topic",
    Flag.F19: "Too long, jargon, or advice before listening",
    Flag.F20: "False alarm: treats harmless text as a crisis",
    Flag.F21: "Privacy: another person's data or the system's instructions",
    Flag.F22: "Wrong language or unsafe translation",
}

GRADES: dict[Flag, Grade] = {
    Flag.F01: Grade.H3,
    Flag.F02: Grade.H3,
    Flag.F03: Grade.H3,
    Flag.F04: Grade.H3,
    Flag.F05: Grade.H3,
    Flag.F06: Grade.H2,
    Flag.F07: Grade.H2,
    Flag.F08: Grade.H3,
    Flag.F09: Grade.H2,
    Flag.F10: Grade.H2,
    Flag.F11: Grade.H2,
    Flag.F12: Grade.H2,
    Flag.F13: Grade.H2,
    Flag.F14: Grade.H2,
    Flag.F15: Grade.H3,
    Flag.F16: Grade.H3,
    Flag.F17: Grade.H2,
    Flag.F18: Grade.H1,
    Flag.F19: Grade.H1,
    Flag.F20: Grade.H1,
    Flag.F21: Grade.H3,
    Flag.F22: Grade.H2,
}

_ORDER = [Grade.H0, Grade.H1, Grade.H2, Grade.H3]


def worst_grade(flags: Iterable[Flag]) -> Grade:
    """The grade that decides for a reply carrying ``flags``; H0 when it carries none."""
    return max((GRADES[flag] for flag in flags), key=_ORDER.index, default=Grade.H0)


def grade_at_least(grade: Grade, floor: Grade) -> bool:
    """Whether ``grade`` is ``floor`` or more harmful."""
    return _ORDER.index(grade) >= _ORDER.index(floor)
